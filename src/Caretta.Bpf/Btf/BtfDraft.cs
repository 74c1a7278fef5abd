using System.Buffers.Binary;

namespace Caretta.Bpf.Btf;

/// <summary>A copy of an object's types that may be edited word by word and appended to. Ids never change.</summary>
internal sealed class BtfDraft
{
    private byte[] _types;
    private int _typesLength;
    private byte[] _strings;
    private int _stringsLength;

    /// <summary>Copies <paramref name="source"/>.</summary>
    public BtfDraft(BtfTypes source)
    {
        Source = source;
        _types = source.TypeBytes.ToArray();
        _typesLength = _types.Length;
        _strings = source.StringBytes.ToArray();
        _stringsLength = _strings.Length;
        Count = (uint)source.Count;
    }

    /// <summary>The types as they were.</summary>
    public BtfTypes Source { get; }

    /// <summary>The highest id.</summary>
    public uint Count { get; private set; }

    /// <summary>The word at <paramref name="offset"/> bytes of type <paramref name="id"/>.</summary>
    public uint WordOf(uint id, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_types.AsSpan(OffsetOf(id) + offset));

    /// <summary>Replaces the word at <paramref name="offset"/> bytes of type <paramref name="id"/>.</summary>
    public void SetWord(uint id, int offset, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(_types.AsSpan(OffsetOf(id) + offset), value);

    /// <summary>Replaces kind and length, and clears the kind's flag. The length of a function is its linkage.</summary>
    public void SetKind(uint id, BtfKind kind, int length) => SetWord(id, 4, BtfFormat.Info(kind, length));

    /// <summary>Appends a type that is followed by one word.</summary>
    public uint AddType(uint nameOffset, uint info, uint sizeOrType, uint trailing)
    {
        int at = Grow(ref _types, ref _typesLength, 16);
        BinaryPrimitives.WriteUInt32LittleEndian(_types.AsSpan(at), nameOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(_types.AsSpan(at + 4), info);
        BinaryPrimitives.WriteUInt32LittleEndian(_types.AsSpan(at + 8), sizeOrType);
        BinaryPrimitives.WriteUInt32LittleEndian(_types.AsSpan(at + 12), trailing);
        return ++Count;
    }

    /// <summary>Appends a string and returns its offset.</summary>
    public uint AddString(ReadOnlySpan<byte> text)
    {
        int at = Grow(ref _strings, ref _stringsLength, text.Length + 1);
        text.CopyTo(_strings.AsSpan(at));
        return (uint)at;
    }

    /// <summary>The finished image.</summary>
    public byte[] ToImage()
    {
        byte[] image = new byte[BtfFormat.HeaderSize + _typesLength + _stringsLength];
        Span<byte> header = image;
        BinaryPrimitives.WriteUInt16LittleEndian(header, BtfFormat.Magic);
        header[2] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], BtfFormat.HeaderSize);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], (uint)_typesLength);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], (uint)_typesLength);
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], (uint)_stringsLength);
        _types.AsSpan(0, _typesLength).CopyTo(image.AsSpan(BtfFormat.HeaderSize));
        _strings.AsSpan(0, _stringsLength).CopyTo(image.AsSpan(BtfFormat.HeaderSize + _typesLength));
        return image;
    }

    // Types that were added all consist of four words, in the order of their ids.
    private int OffsetOf(uint id) =>
        id <= (uint)Source.Count ? Source.OffsetOf(id) : _typesLength - ((int)(Count - id + 1) * 16);

    /// <summary>Appends <paramref name="count"/> zero bytes and returns where.</summary>
    private static int Grow(ref byte[] bytes, ref int length, int count)
    {
        int at = length;
        length = checked(length + count);
        if (length > bytes.Length)
        {
            Array.Resize(ref bytes, Math.Max(length, bytes.Length + (bytes.Length / 2)));
        }

        return at;
    }
}
