using System.Text.Json.Nodes;

using Caretta.Testing;

namespace Caretta.Chart.Tests.Support;

/// <summary>The image that Dockerfile.distroless describes, as <c>./build.sh image</c> leaves it.</summary>
internal static class AgentImage
{
    private static readonly string Folder = Path.GetDirectoryName(Repository.Artifact(Path.Combine("image", "config.json")))!;

    /// <summary>The file system in it.</summary>
    public static string Root => Path.Combine(Folder, "rootfs");

    /// <summary>Its configuration (OCI image configuration, member <c>config</c>).</summary>
    public static JsonObject Configuration => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "config.json")))!["config"]!.AsObject();

    /// <summary>Bytes that a node pulls.</summary>
    public static long Compressed => ReadNumber("compressed");

    /// <summary>Bytes that it takes there.</summary>
    public static long Unpacked => ReadNumber("unpacked");

    private static long ReadNumber(string file) =>
        long.Parse(File.ReadAllText(Path.Combine(Folder, file)), System.Globalization.CultureInfo.InvariantCulture);
}
