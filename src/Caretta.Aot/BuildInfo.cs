using System.Reflection;

namespace Caretta.Aot;

/// <summary>What was built in.</summary>
internal static class BuildInfo
{
    private const string BpfObjectName = "caretta.bpf.o";

    /// <summary>Version of the agent.</summary>
    public static string Version { get; } = InformationalVersion.Split('+')[0];

    /// <summary>Source revision, or null where it was not built from a checkout.</summary>
    public static string? Revision { get; } = InformationalVersion.Split('+') is [_, { Length: > 0 } revision] ? revision : null;

    private static string InformationalVersion =>
        typeof(BuildInfo).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";

    /// <summary>The kernel programs, an ELF object.</summary>
    public static ReadOnlyMemory<byte> ReadBpfObject()
    {
        using Stream stream = typeof(BuildInfo).Assembly.GetManifestResourceStream(BpfObjectName)
            ?? throw new InvalidOperationException($"{BpfObjectName} was not built in");
        byte[] image = new byte[stream.Length];
        stream.ReadExactly(image);
        return image;
    }
}
