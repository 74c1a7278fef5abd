namespace Caretta.Aot.Links;

/// <summary>Reads <see cref="KernelParts"/> from text.</summary>
internal static class KernelPartList
{
    /// <summary>The environment variable: names of <see cref="KernelParts"/> in lower case, separated by commas.</summary>
    public const string Variable = "CARETTA_WITHOUT";

    private static readonly (string Name, KernelParts Part)[] Names =
    [
        ("btf", KernelParts.Btf),
        ("cgroup", KernelParts.Cgroup),
        ("sockops", KernelParts.Sockops),
        ("tracing", KernelParts.Tracing),
        ("headers", KernelParts.Headers),
        ("cookie", KernelParts.Cookie),
        ("iterators", KernelParts.Iterators),
        ("batch", KernelParts.Batch),
        ("globals", KernelParts.Globals),
    ];

    /// <summary>Every name, separated by commas.</summary>
    public static string AllNames => string.Join(", ", Names.Select(static entry => entry.Name));

    /// <summary>Reads the list; null is none.</summary>
    /// <returns>False if a name is not known.</returns>
    public static bool TryParse(string? text, out KernelParts parts)
    {
        parts = KernelParts.None;
        foreach (string name in (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            KernelParts part = Array.Find(Names, entry => entry.Name == name).Part;
            if (part == KernelParts.None)
            {
                return false;
            }

            parts |= part;
        }

        return true;
    }
}
