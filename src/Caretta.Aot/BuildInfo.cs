using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Caretta.Aot.Links;

namespace Caretta.Aot;

/// <summary>What was built in.</summary>
internal static class BuildInfo
{

    /// <summary>Version of the agent.</summary>
    public static string Version { get; } = InformationalVersion.Split('+')[0];

    /// <summary>Source revision, or null where it was not built from a checkout.</summary>
    public static string? Revision { get; } = InformationalVersion.Split('+') is [_, { Length: > 0 } revision] ? revision : null;

    private static string InformationalVersion =>
        typeof(BuildInfo).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";

    /// <summary>The kernel programs of all tiers, read when they are asked for.</summary>
    public static TierObjects TierObjects { get; } = new(
        static () => Read("caretta.bpf.o"),
        static () => Read("caretta_sockops_types.bpf.o"),
        static () => Read("caretta_sockops.bpf.o"),
        static () => Read("caretta_tracing.bpf.o"),
        FindTypes);

    /// <summary>The kernel programs of the main tier, an ELF object.</summary>
    public static ReadOnlyMemory<byte> ReadBpfObject() => Read("caretta.bpf.o");

    // The file of btf/ for a release, and behind it a line of the index: architecture, release, fingerprint, what it was made from.
    private static CarriedTypes? FindTypes(string release)
    {
        string architecture = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "x86_64";
        string[] lines = Encoding.UTF8.GetString(Read("btf/index.tsv").Span).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[]? fields = Array.Find(
            Array.ConvertAll(lines, static line => line.Split('\t')), fields => fields is [var a, var r, _, ..] && a == architecture && r == release);
        return fields is null ? null : new CarriedTypes($"btf/{architecture}/{release}.btf", fields[2], Read($"btf/{architecture}/{release}.btf"));
    }

    private static ReadOnlyMemory<byte> Read(string name)
    {
        using Stream stream = typeof(BuildInfo).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} was not built in");
        byte[] image = new byte[stream.Length];
        stream.ReadExactly(image);
        return image;
    }
}
