namespace Caretta.Bpf.Btf;

// The kinds are named after C types: that is what they are.
#pragma warning disable CA1720

/// <summary>What a BTF type describes (<c>include/uapi/linux/btf.h, BTF_KIND_*</c>), with the first kernel that accepts it.</summary>
/// <remarks>A BTF with a layout section may hold kinds that are not listed here; they are skipped and cannot be looked into.</remarks>
public enum BtfKind : byte
{
    /// <summary>No type at all; only id 0 is of this kind.</summary>
    Void = 0,

    /// <summary>Integer, character or boolean (Linux 4.18).</summary>
    Int = 1,

    /// <summary>Pointer to <see cref="BtfType.TypeId"/> (Linux 4.18).</summary>
    Pointer = 2,

    /// <summary>Array of known length (Linux 4.18).</summary>
    Array = 3,

    /// <summary>Struct with members (Linux 4.18).</summary>
    Struct = 4,

    /// <summary>Union with members (Linux 4.18).</summary>
    Union = 5,

    /// <summary>Enumeration with values of up to 32 bits (Linux 4.18).</summary>
    Enum = 6,

    /// <summary>Struct or union that is declared but not defined (Linux 4.18).</summary>
    Forward = 7,

    /// <summary>Another name for a type (Linux 4.18).</summary>
    Typedef = 8,

    /// <summary><c>volatile</c> (Linux 4.18).</summary>
    Volatile = 9,

    /// <summary><c>const</c> (Linux 4.18).</summary>
    Const = 10,

    /// <summary><c>restrict</c> (Linux 4.18).</summary>
    Restrict = 11,

    /// <summary>Function; its type is a <see cref="FunctionPrototype"/> (Linux 5.0).</summary>
    Function = 12,

    /// <summary>Parameters and return type of a function (Linux 5.0).</summary>
    FunctionPrototype = 13,

    /// <summary>Global or static variable (Linux 5.2).</summary>
    Variable = 14,

    /// <summary>Section with variables (Linux 5.2).</summary>
    DataSection = 15,

    /// <summary>Floating point number (Linux 5.13).</summary>
    Float = 16,

    /// <summary>Attribute of a declaration or one of its components (Linux 5.16).</summary>
    DeclarationTag = 17,

    /// <summary>Attribute of a type, used like a modifier (Linux 5.17).</summary>
    TypeTag = 18,

    /// <summary>Enumeration with values of up to 64 bits (Linux 6.0).</summary>
    Enum64 = 19,
}
