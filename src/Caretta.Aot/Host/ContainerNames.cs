using System.Text;
using System.Text.Json;

namespace Caretta.Aot.Host;

/// <summary>
/// Finds the names that people gave to containers, by reading what the runtimes leave on disk: Docker's <c>config.v2.json</c>, the
/// container list of Podman and CRI-O, and the OCI bundle of containerd. Asks no daemon and never writes.
/// Poll thread only; reads files, so the caller remembers the answers.
/// </summary>
/// <param name="root">Where the machine's root directory is mounted; <c>/</c> unless the agent runs in a container.</param>
internal sealed class ContainerNames(string root = "/")
{
    /// <summary>Digits of an id that stand for a container without a name, as the runtimes' own tools print them.</summary>
    public const int ShortIdLength = 12;

    // The largest such files seen have some tens of kilobytes; a runtime's list grows with the containers of the machine.
    private const long MaxFileLength = 4 * 1024 * 1024;

    private static readonly string[] ContainerdNamespaces = ["default", "k8s.io", "moby"];

    /// <summary>The container's name, or the first 12 digits of its id where no file tells.</summary>
    /// <param name="id">64 hexadecimal digits, as <see cref="CgroupName"/> checked them: safe as part of a path.</param>
    public string Find(string id)
    {
        string? name = FromDocker(id) ?? FromContainerList(id) ?? FromContainerd(id);
        return string.IsNullOrEmpty(name) ? id[..Math.Min(ShortIdLength, id.Length)] : name;
    }

    private string? FromDocker(string id) =>
        Read(Path.Combine(root, "var/lib/docker/containers", id, "config.v2.json"), "", static (json, _) =>
        {
            string? name = null;
            while (Next(ref json))
            {
                if (json.CurrentDepth == 1 && json.ValueTextEquals("Name"u8))
                {
                    name = ReadString(ref json)?.TrimStart('/');
                }
            }

            return name;
        });

    private string? FromContainerList(string id) =>
        Read(Path.Combine(root, "var/lib/containers/storage/overlay-containers/containers.json"), id, static (json, id) =>
        {
            string? name = null;
            bool isIt = false;
            while (json.Read())
            {
                switch (json.TokenType)
                {
                    case JsonTokenType.StartObject when json.CurrentDepth == 1:
                        (name, isIt) = (null, false);
                        break;
                    case JsonTokenType.EndObject when json.CurrentDepth == 1 && isIt:
                        return name;
                    case JsonTokenType.PropertyName when json.CurrentDepth == 2 && json.ValueTextEquals("id"u8):
                        isIt = ReadString(ref json) == id;
                        break;
                    case JsonTokenType.PropertyName when json.CurrentDepth == 2 && json.ValueTextEquals("names"u8):
                        name = ReadFirstString(ref json);
                        break;
                }
            }

            return null;
        });

    private string? FromContainerd(string id)
    {
        foreach (string space in ContainerdNamespaces)
        {
            string path = Path.Combine(root, "run/containerd/io.containerd.runtime.v2.task", space, id, "config.json");
            if (Read(path, "", static (json, _) => FindAnnotation(json)) is { } name)
            {
                return name;
            }
        }

        return null;
    }

    private static string? FindAnnotation(Utf8JsonReader json)
    {
        bool inAnnotations = false;
        string? name = null;
        while (Next(ref json))
        {
            if (json.CurrentDepth == 1)
            {
                inAnnotations = json.ValueTextEquals("annotations"u8);
            }
            else if (inAnnotations && json.CurrentDepth == 2
                && (json.ValueTextEquals("nerdctl/name"u8) || json.ValueTextEquals("io.kubernetes.cri.container-name"u8)))
            {
                name = ReadString(ref json);
            }
        }

        return name;
    }

    private static bool Next(ref Utf8JsonReader json)
    {
        while (json.Read())
        {
            if (json.TokenType == JsonTokenType.PropertyName)
            {
                return true;
            }
        }

        return false;
    }

    private static string? ReadString(ref Utf8JsonReader json) =>
        json.Read() && json.TokenType == JsonTokenType.String ? json.GetString() : null;

    private static string? ReadFirstString(ref Utf8JsonReader json) =>
        json.Read() && json.TokenType == JsonTokenType.StartArray ? ReadString(ref json) : null;

    private static string? Read(string path, string id, JsonQuery query)
    {
        try
        {
            var file = new FileInfo(path);
            return file.Exists && file.Length <= MaxFileLength ? query(new Utf8JsonReader(File.ReadAllBytes(path)), id) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException
            or DecoderFallbackException)
        {
            // Half-written, gone, not ours to read, or not what we know: the id names the container just as well.
            return null;
        }
    }

    private delegate string? JsonQuery(Utf8JsonReader json, string id);
}
