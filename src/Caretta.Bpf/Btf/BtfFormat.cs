namespace Caretta.Bpf.Btf;

/// <summary>The numbers of the format (<c>include/uapi/linux/btf.h</c>).</summary>
internal static class BtfFormat
{
    /// <summary>First two bytes of an image in its own byte order.</summary>
    public const ushort Magic = 0xEB9F;

    /// <summary>Bytes of the header that every version has.</summary>
    public const int HeaderSize = 24;

    /// <summary>Bytes of the header that also locates a layout section.</summary>
    public const int LayoutHeaderSize = 32;

    /// <summary>Bytes of <c>struct btf_type</c>.</summary>
    public const int TypeSize = 12;

    /// <summary>The kind's flag in the info word.</summary>
    public const uint KindFlag = 1u << 31;

    /// <summary>Longest chain of modifiers, arrays or functions that is followed; the kernel's <c>MAX_RESOLVE_DEPTH</c>.</summary>
    public const int MaxDepth = 32;

    /// <summary>
    /// Kind bits of an info word. Seven since <c>struct btf_layout</c> exists, five before; the other two were always zero.
    /// </summary>
    public static BtfKind KindOf(uint info) => (BtfKind)((info >> 24) & 0x7f);

    /// <summary>Length bits of an info word: 24 since <c>struct btf_layout</c> exists, 16 before, the others were always zero.</summary>
    public static int LengthOf(uint info) => (int)(info & 0xff_ffff);

    /// <summary>Puts an info word together.</summary>
    public static uint Info(BtfKind kind, int length, bool kindFlag = false) =>
        ((uint)kind << 24) | (uint)length | (kindFlag ? KindFlag : 0);

    /// <summary>Whether a kind only wraps the type it refers to.</summary>
    public static bool IsModifier(BtfKind kind) =>
        kind is BtfKind.Typedef or BtfKind.Const or BtfKind.Volatile or BtfKind.Restrict or BtfKind.TypeTag;

    /// <summary>Bytes after the three header words of a type, or -1 if the kind is unknown.</summary>
    public static long TrailingSize(BtfKind kind, int length) => kind switch
    {
        BtfKind.Int or BtfKind.Variable or BtfKind.DeclarationTag => 4,
        BtfKind.Array => 12,
        BtfKind.Struct or BtfKind.Union or BtfKind.DataSection or BtfKind.Enum64 => 12L * length,
        BtfKind.Enum or BtfKind.FunctionPrototype => 8L * length,
        BtfKind.Pointer or BtfKind.Forward or BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict
            or BtfKind.Function or BtfKind.Float or BtfKind.TypeTag => 0,
        _ => -1,
    };

    /// <summary>A kind as C programmers write it, for messages.</summary>
    public static string Describe(BtfKind kind) => kind switch
    {
        BtfKind.Void => "void",
        BtfKind.Int => "int",
        BtfKind.Pointer => "ptr",
        BtfKind.Array => "array",
        BtfKind.Struct => "struct",
        BtfKind.Union => "union",
        BtfKind.Enum => "enum",
        BtfKind.Forward => "fwd",
        BtfKind.Typedef => "typedef",
        BtfKind.Volatile => "volatile",
        BtfKind.Const => "const",
        BtfKind.Restrict => "restrict",
        BtfKind.Function => "func",
        BtfKind.FunctionPrototype => "func_proto",
        BtfKind.Variable => "var",
        BtfKind.DataSection => "datasec",
        BtfKind.Float => "float",
        BtfKind.DeclarationTag => "decl_tag",
        BtfKind.TypeTag => "type_tag",
        BtfKind.Enum64 => "enum64",
        _ => $"kind {(int)kind}",
    };
}
