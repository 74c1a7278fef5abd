using System.Diagnostics.CodeAnalysis;

namespace Caretta.Bpf.Btf;

/// <summary>
/// A view of one type: its three header words, and access to what follows them. It copies nothing and lives as long as its
/// <see cref="BtfTypes"/>. Get it from <see cref="BtfTypes.this[uint]"/>.
/// </summary>
/// <remarks>
/// Any thread may use it. Asking a type for parts that its kind has not is a mistake of the caller and throws
/// <see cref="InvalidOperationException"/>; an index beyond <see cref="Length"/> throws <see cref="ArgumentOutOfRangeException"/>.
/// Source: <c>include/uapi/linux/btf.h, struct btf_type</c>.
/// </remarks>
public readonly struct BtfType
{
    private readonly BtfTypes _types;
    private readonly int _offset;
    private readonly uint _info;
    private readonly uint _sizeOrType;

    internal BtfType(BtfTypes types, uint id, int offset)
    {
        _types = types;
        _offset = offset;
        Id = id;
        if (id != 0)
        {
            NameOffset = types.WordAt(offset);
            _info = types.WordAt(offset + 4);
            _sizeOrType = types.WordAt(offset + 8);
        }
    }

    /// <summary>The number by which other types refer to this one; 0 is <see cref="BtfKind.Void"/>.</summary>
    public uint Id { get; }

    /// <summary>Name, for <see cref="BtfTypes.NameOf"/>.</summary>
    public uint NameOffset { get; }

    /// <summary>What the type describes. Values beyond the enumeration are kinds that were skipped by the image's layout section.</summary>
    public BtfKind Kind => BtfFormat.KindOf(_info);

    /// <summary>Number of members, values, parameters or section variables (<c>vlen</c>); the linkage of a function.</summary>
    public int Length => BtfFormat.LengthOf(_info);

    /// <summary>
    /// The kind's flag: bitfields are possible (struct, union), the values are signed (enumerations), it is a union (forward),
    /// the text is an attribute (tags).
    /// </summary>
    public bool KindFlag => (_info & BtfFormat.KindFlag) != 0;

    /// <summary>Size in bytes of an integer, a float, a struct, a union, an enumeration or a section.</summary>
    public uint Size => _sizeOrType;

    /// <summary>The type referred to by a pointer, a modifier, a function, a variable or a tag; the return type of a prototype.</summary>
    public uint TypeId => _sizeOrType;

    /// <summary>Name as UTF-8, possibly empty; a view of the image.</summary>
    public ReadOnlySpan<byte> Name => _types.NameOf(NameOffset);

    /// <summary>Name for messages.</summary>
    public string NameText => _types.NameText(NameOffset);

    /// <summary>Whether this is a struct or a union.</summary>
    public bool IsComposite => Kind is BtfKind.Struct or BtfKind.Union;

    /// <summary>Whether this is an enumeration of either width.</summary>
    public bool IsEnumeration => Kind is BtfKind.Enum or BtfKind.Enum64;

    /// <summary>Whether this is only another way to write <see cref="TypeId"/>: a typedef, a qualifier or a type tag.</summary>
    public bool IsModifier => BtfFormat.IsModifier(Kind);

    /// <summary>Encoding and width of an integer.</summary>
    public BtfInteger IntegerEncoding
    {
        get
        {
            Require(BtfKind.Int);
            uint word = _types.WordAt(_offset + BtfFormat.TypeSize);
            return new BtfInteger((byte)((word >> 24) & 0xf), (byte)(word >> 16), (byte)word);
        }
    }

    /// <summary>Element type and length of an array.</summary>
    public BtfArray Array
    {
        get
        {
            Require(BtfKind.Array);
            int at = _offset + BtfFormat.TypeSize;
            return new BtfArray(_types.WordAt(at), _types.WordAt(at + 4), _types.WordAt(at + 8));
        }
    }

    /// <summary>Linkage of a function or a variable.</summary>
    public BtfLinkage Linkage
    {
        get
        {
            if (Kind == BtfKind.Function)
            {
                return (BtfLinkage)Length;
            }

            Require(BtfKind.Variable);
            return (BtfLinkage)_types.WordAt(_offset + BtfFormat.TypeSize);
        }
    }

    /// <summary>Which member or parameter of <see cref="TypeId"/> a declaration tag belongs to; -1 for the declaration itself.</summary>
    public int ComponentIndex
    {
        get
        {
            Require(BtfKind.DeclarationTag);
            return (int)_types.WordAt(_offset + BtfFormat.TypeSize);
        }
    }

    /// <summary>Offset of the type in its image, in bytes.</summary>
    internal int ImageOffset => _offset;

    /// <summary>Member number <paramref name="index"/> of a struct or union.</summary>
    public BtfMember Member(int index)
    {
        if (!IsComposite)
        {
            ThrowWrongKind(BtfKind.Struct);
        }

        int at = ElementAt(index, 12);
        uint offset = _types.WordAt(at + 8);
        return KindFlag
            ? new BtfMember(_types.WordAt(at), _types.WordAt(at + 4), offset & 0xff_ffff, (byte)(offset >> 24))
            : new BtfMember(_types.WordAt(at), _types.WordAt(at + 4), offset, 0);
    }

    /// <summary>Value number <paramref name="index"/> of an enumeration of either width.</summary>
    public BtfEnumerator Enumerator(int index)
    {
        if (Kind == BtfKind.Enum64)
        {
            int wide = ElementAt(index, 12);
            ulong value = _types.WordAt(wide + 4) | ((ulong)_types.WordAt(wide + 8) << 32);
            return new BtfEnumerator(_types.WordAt(wide), value, KindFlag);
        }

        Require(BtfKind.Enum);
        int at = ElementAt(index, 8);
        uint word = _types.WordAt(at + 4);
        return new BtfEnumerator(_types.WordAt(at), KindFlag ? (ulong)(int)word : word, KindFlag);
    }

    /// <summary>Parameter number <paramref name="index"/> of a function prototype.</summary>
    public BtfParameter Parameter(int index)
    {
        Require(BtfKind.FunctionPrototype);
        int at = ElementAt(index, 8);
        return new BtfParameter(_types.WordAt(at), _types.WordAt(at + 4));
    }

    /// <summary>Variable number <paramref name="index"/> of a section.</summary>
    public BtfSectionVariable SectionVariable(int index)
    {
        Require(BtfKind.DataSection);
        int at = ElementAt(index, 12);
        return new BtfSectionVariable(_types.WordAt(at), _types.WordAt(at + 4), _types.WordAt(at + 8));
    }

    /// <summary>As messages show types: <c>[17] struct sock</c>.</summary>
    public override string ToString() =>
        Id == 0 ? "[0] void" : $"[{Id}] {BtfFormat.Describe(Kind)} {(Name.IsEmpty ? "(anonymous)" : BtfName.Show(Name))}";

    private int ElementAt(int index, int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Length);
        return _offset + BtfFormat.TypeSize + (index * size);
    }

    private void Require(BtfKind kind)
    {
        if (Kind != kind)
        {
            ThrowWrongKind(kind);
        }
    }

    [DoesNotReturn]
    private void ThrowWrongKind(BtfKind expected) =>
        throw new InvalidOperationException($"{this} is not of kind {BtfFormat.Describe(expected)}");
}
