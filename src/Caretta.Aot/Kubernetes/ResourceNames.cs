using System.Text.Json;
using Caretta.Aot.Json;

namespace Caretta.Aot.Kubernetes;

/// <summary>
/// Finds the path of an object from its version and kind: the common ones by heart, others by asking the server once
/// (<c>APIResourceList</c>). Any thread.
/// </summary>
internal sealed class ResourceNames(ApiClient client, TimeSpan refusalGoodFor)
{
    private const int MaxKnown = 512;

    private readonly Lock _gate = new();
    private readonly Dictionary<(string ApiVersion, string Kind), Resource> _known = [];

    /// <summary>Makes the path of an object, below the server's address.</summary>
    /// <returns>Null if the server has no such kind, or does not say.</returns>
    /// <remarks>Throws as <see cref="ApiClient.ReadAsync"/>, except that refusals (403, 404) mean null.</remarks>
    public async ValueTask<string?> PathAsync(string apiVersion, string kind, string space, string name, CancellationToken cancel)
    {
        if (!IsSegment(name) || !IsVersion(apiVersion))
        {
            return null;
        }

        Resource resource = WellKnown(apiVersion, kind) is string plural
            ? new Resource(plural, kind != "Node", 0)
            : await DiscoverAsync(apiVersion, kind, cancel).ConfigureAwait(false);
        if (resource.Plural is null || (resource.IsNamespaced && !IsSegment(space)))
        {
            return null;
        }

        string root = apiVersion.Contains('/') ? "apis/" : "api/";
        string within = resource.IsNamespaced ? $"/namespaces/{Uri.EscapeDataString(space)}" : "";
        return $"{root}{apiVersion}{within}/{resource.Plural}/{Uri.EscapeDataString(name)}";
    }

    /// <summary>The plural of the kinds that every cluster has; null for others.</summary>
    public static string? WellKnown(string apiVersion, string kind) => (apiVersion, kind) switch
    {
        ("apps/v1", "ReplicaSet") => "replicasets",
        ("apps/v1", "Deployment") => "deployments",
        ("apps/v1", "StatefulSet") => "statefulsets",
        ("apps/v1", "DaemonSet") => "daemonsets",
        ("batch/v1", "Job") => "jobs",
        ("batch/v1" or "batch/v1beta1", "CronJob") => "cronjobs",
        ("v1", "ReplicationController") => "replicationcontrollers",
        ("v1", "Pod") => "pods",
        ("v1", "Node") => "nodes",
        _ => null,
    };

    private async ValueTask<Resource> DiscoverAsync(string apiVersion, string kind, CancellationToken cancel)
    {
        TimeProvider time = client.Options.Time;
        lock (_gate)
        {
            if (_known.TryGetValue((apiVersion, kind), out Resource known)
                && (known.Plural is not null || time.GetElapsedTime(known.LearntAt) < refusalGoodFor))
            {
                return known;
            }
        }

        var search = new Search(kind);
        try
        {
            string path = (apiVersion.Contains('/') ? "apis/" : "api/") + apiVersion;
            await client.ReadAsync(path, ApiClient.Json, Search.Shape, search, cancel).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.IsDenied)
        {
            // Not found: remembered as such.
        }

        var resource = new Resource(search.Plural, search.IsNamespaced, time.GetTimestamp());
        lock (_gate)
        {
            if (_known.Count >= MaxKnown)
            {
                _known.Clear();
            }

            _known[(apiVersion, kind)] = resource;
        }

        return resource;
    }

    // Kubernetes names are DNS subdomains, or at least path segments (apimachinery, path.IsValidPathSegmentName).
    private static bool IsSegment(string text) => text.Length is > 0 and <= 253 && text is not ("." or "..") && !text.AsSpan().ContainsAny('/', '%');

    private static bool IsVersion(string text)
    {
        string[] parts = text.Split('/');
        return parts.Length <= 2 && Array.TrueForAll(parts, static part => IsSegment(part) && part.AsSpan().IndexOfAnyExcept(VersionCharacters) < 0);
    }

    private static readonly System.Buffers.SearchValues<char> VersionCharacters = System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789.-");

    private readonly record struct Resource(string? Plural, bool IsNamespaced, long LearntAt);

    private sealed class Search(string kind) : JsonConsumer
    {
        private const int EntryField = 1;
        private const int NameField = 2;
        private const int KindField = 3;
        private const int NamespacedField = 4;

        private string _name = "";
        private bool _isKind;
        private bool _isNamespaced;

        public static JsonShape Shape { get; } = JsonShape.Object(0, ("resources", JsonShape.Array(0, JsonShape.Object(
            EntryField,
            ("name", JsonShape.Scalar(NameField)),
            ("kind", JsonShape.Scalar(KindField)),
            ("namespaced", JsonShape.Scalar(NamespacedField))))));

        public string? Plural { get; private set; }

        public bool IsNamespaced { get; private set; }

        public override void Begin(int field)
        {
            if (field == EntryField)
            {
                _name = "";
                _isKind = false;
                _isNamespaced = false;
            }
        }

        public override void End(int field)
        {
            // "deployments/scale" has the kind of something else: only names without a slash are resources.
            if (field == EntryField && _isKind && Plural is null && IsSegment(_name))
            {
                Plural = Uri.EscapeDataString(_name);
                IsNamespaced = _isNamespaced;
            }
        }

        public override void Value(int field, ref Utf8JsonReader reader)
        {
            if (field == NamespacedField)
            {
                _isNamespaced = reader.TokenType == JsonTokenType.True;
            }
            else if (reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped)
            {
                return;
            }
            else if (field == NameField)
            {
                _name = System.Text.Encoding.UTF8.GetString(reader.ValueSpan);
            }
            else
            {
                _isKind = reader.ValueTextEquals(kind);
            }
        }

        public override void WrongType(int field)
        {
        }
    }
}
