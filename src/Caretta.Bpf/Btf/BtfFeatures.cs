namespace Caretta.Bpf.Btf;

/// <summary>
/// Parts of BTF that a kernel may be too old for, with the first release that takes each. Probe for them: distributions backport.
/// </summary>
[Flags]
public enum BtfFeatures
{
    /// <summary>What Linux 4.18 takes.</summary>
    None = 0,

    /// <summary><see cref="BtfKind.Function"/> and <see cref="BtfKind.FunctionPrototype"/> (Linux 5.0).</summary>
    Functions = 1 << 0,

    /// <summary><see cref="BtfKind.Variable"/> and <see cref="BtfKind.DataSection"/> (Linux 5.2).</summary>
    DataSections = 1 << 1,

    /// <summary>Functions with <see cref="BtfLinkage.Global"/> linkage, verified on their own (Linux 5.6).</summary>
    GlobalFunctions = 1 << 2,

    /// <summary><see cref="BtfKind.Float"/> (Linux 5.13).</summary>
    Floats = 1 << 3,

    /// <summary><see cref="BtfKind.DeclarationTag"/> (Linux 5.16).</summary>
    DeclarationTags = 1 << 4,

    /// <summary><see cref="BtfKind.TypeTag"/> (Linux 5.17).</summary>
    TypeTags = 1 << 5,

    /// <summary><see cref="BtfKind.Enum64"/>, and signed <see cref="BtfKind.Enum"/> (Linux 6.0).</summary>
    Enum64 = 1 << 6,

    /// <summary>Names of sections that start with a question mark (Linux 6.9).</summary>
    OptionalSections = 1 << 7,

    /// <summary>Everything above.</summary>
    All = (1 << 8) - 1,
}
