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

    private const byte Unknown = 255;

    // Per kind, words that follow once in the low half, words per element in the high one. Asked twice for every type of a kernel.
    private static ReadOnlySpan<byte> TrailingWords =>
    [
        Unknown, // void, which has no record
        0x01, // int
        0x00, // ptr
        0x03, // array
        0x30, // struct
        0x30, // union
        0x20, // enum
        0x00, // fwd
        0x00, // typedef
        0x00, // volatile
        0x00, // const
        0x00, // restrict
        0x00, // func
        0x20, // func_proto
        0x01, // var
        0x30, // datasec
        0x00, // float
        0x01, // decl_tag
        0x00, // type_tag
        0x30, // enum64
    ];

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
    public static long TrailingSize(BtfKind kind, int length)
    {
        int words = (uint)kind < (uint)TrailingWords.Length ? TrailingWords[(int)kind] : Unknown;
        return words == Unknown ? -1 : sizeof(uint) * ((words & 15) + ((words >> 4) * (long)length));
    }

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
