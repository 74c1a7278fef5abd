namespace Caretta.Bpf.CoreRelocation;

/// <summary>
/// What an instruction wants to know about a type of the running kernel (<c>include/uapi/linux/bpf.h, enum bpf_core_relo_kind</c>).
/// </summary>
public enum CoreRelocationKind : uint
{
    /// <summary>Offset of a field in bytes; of a bitfield, of the smallest aligned load that covers it.</summary>
    FieldByteOffset = 0,

    /// <summary>Size of a field in bytes; of a bitfield, of that load.</summary>
    FieldByteSize = 1,

    /// <summary>1 if the field exists, else 0.</summary>
    FieldExists = 2,

    /// <summary>1 if the field is signed, else 0.</summary>
    FieldSigned = 3,

    /// <summary>How far to shift the loaded field left in 64 bits, so that its highest bit is at the top.</summary>
    FieldLeftShift = 4,

    /// <summary>How far to shift that right again, so that its lowest bit is at the bottom.</summary>
    FieldRightShift = 5,

    /// <summary>Id of the type in the object's own BTF.</summary>
    TypeIdLocal = 6,

    /// <summary>Id of the type in the kernel's BTF, 0 if it has none.</summary>
    TypeIdTarget = 7,

    /// <summary>1 if the type exists, else 0.</summary>
    TypeExists = 8,

    /// <summary>Size of the type in bytes, 0 if it does not exist.</summary>
    TypeSize = 9,

    /// <summary>1 if the enumeration has a value of this name, else 0.</summary>
    EnumeratorExists = 10,

    /// <summary>That value.</summary>
    EnumeratorValue = 11,

    /// <summary>1 if a type exists that has the same members, recursively, else 0.</summary>
    TypeMatches = 12,
}
