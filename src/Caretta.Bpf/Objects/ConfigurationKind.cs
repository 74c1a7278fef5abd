namespace Caretta.Bpf.Objects;

/// <summary>How a value of the kernel's configuration is written into a variable.</summary>
internal enum ConfigurationKind : byte
{
    /// <summary><c>bool</c>: y or n.</summary>
    Boolean,

    /// <summary><c>char</c> or another integer of one byte: the letter y, n or m, or a small number.</summary>
    Character,

    /// <summary>An integer of 2, 4 or 8 bytes.</summary>
    Integer,

    /// <summary><c>enum libbpf_tristate</c>: 0 for n, 1 for y, 2 for m.</summary>
    Tristate,

    /// <summary>An array of <c>char</c>: text, cut to fit, with a NUL.</summary>
    Text,
}
