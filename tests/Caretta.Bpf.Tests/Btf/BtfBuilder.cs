using System.Buffers.Binary;
using System.Text;
using Caretta.Bpf.Btf;

namespace Caretta.Bpf.Tests.Btf;

/// <summary>Writes BTF images for tests, type by type. Nothing is checked: bad images are the point of many tests.</summary>
internal sealed class BtfBuilder
{
    private readonly List<byte[]> _types = [];
    private readonly List<byte> _strings = [];
    private readonly uint _baseCount;
    private readonly uint _baseStringLength;

    public BtfBuilder()
    {
        _strings.Add(0);
    }

    /// <summary>Continues <paramref name="baseTypes"/>, as the BTF of a kernel module does.</summary>
    public BtfBuilder(BtfTypes baseTypes)
    {
        _baseCount = (uint)baseTypes.Count;
        _baseStringLength = baseTypes.StringLength;
    }

    public uint Add(string name, BtfKind kind, int length, bool flag, uint sizeOrType, params ReadOnlySpan<uint> trailing)
    {
        byte[] type = new byte[12 + (trailing.Length * 4)];
        BinaryPrimitives.WriteUInt32LittleEndian(type, Text(name));
        BinaryPrimitives.WriteUInt32LittleEndian(type.AsSpan(4), BtfFormat.Info(kind, length, flag));
        BinaryPrimitives.WriteUInt32LittleEndian(type.AsSpan(8), sizeOrType);
        for (int i = 0; i < trailing.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(type.AsSpan(12 + (i * 4)), trailing[i]);
        }

        _types.Add(type);
        return _baseCount + (uint)_types.Count;
    }

    public uint Text(string text)
    {
        if (text.Length == 0)
        {
            return 0;
        }

        uint offset = _baseStringLength + (uint)_strings.Count;
        _strings.AddRange(Encoding.UTF8.GetBytes(text));
        _strings.Add(0);
        return offset;
    }

    public uint Int(string name, uint size, bool signed = false) => Add(name, BtfKind.Int, 0, false, size, (signed ? 1u << 24 : 0) | (size * 8));

    public uint Pointer(uint id) => Add("", BtfKind.Pointer, 0, false, id);

    public uint Array(uint element, uint length) => Add("", BtfKind.Array, 0, false, 0, element, 0, length);

    public uint Modifier(BtfKind kind, uint id, string name = "") => Add(name, kind, 0, false, id);

    public uint Typedef(string name, uint id) => Add(name, BtfKind.Typedef, 0, false, id);

    public uint Struct(string name, uint size, params (string Name, uint Type, uint Bit)[] members) =>
        Composite(BtfKind.Struct, name, size, members);

    public uint Union(string name, uint size, params (string Name, uint Type, uint Bit)[] members) =>
        Composite(BtfKind.Union, name, size, members);

    /// <summary>A struct with bitfields: offsets carry the width in their upper 8 bits.</summary>
    public uint Bitfields(string name, uint size, params (string Name, uint Type, uint Bit, uint Bits)[] members)
    {
        uint[] words = new uint[members.Length * 3];
        for (int i = 0; i < members.Length; i++)
        {
            words[i * 3] = Text(members[i].Name);
            words[(i * 3) + 1] = members[i].Type;
            words[(i * 3) + 2] = members[i].Bit | (members[i].Bits << 24);
        }

        return Add(name, BtfKind.Struct, members.Length, true, size, words);
    }

    public uint Enum(string name, bool signed, params (string Name, int Value)[] values)
    {
        uint[] words = new uint[values.Length * 2];
        for (int i = 0; i < values.Length; i++)
        {
            words[i * 2] = Text(values[i].Name);
            words[(i * 2) + 1] = (uint)values[i].Value;
        }

        return Add(name, BtfKind.Enum, values.Length, signed, 4, words);
    }

    public uint Enum64(string name, bool signed, params (string Name, long Value)[] values)
    {
        uint[] words = new uint[values.Length * 3];
        for (int i = 0; i < values.Length; i++)
        {
            words[i * 3] = Text(values[i].Name);
            words[(i * 3) + 1] = (uint)values[i].Value;
            words[(i * 3) + 2] = (uint)(values[i].Value >> 32);
        }

        return Add(name, BtfKind.Enum64, values.Length, signed, 8, words);
    }

    public uint Forward(string name, bool union = false) => Add(name, BtfKind.Forward, 0, union, 0);

    public uint Prototype(uint returned, params (string Name, uint Type)[] parameters)
    {
        uint[] words = new uint[parameters.Length * 2];
        for (int i = 0; i < parameters.Length; i++)
        {
            words[i * 2] = Text(parameters[i].Name);
            words[(i * 2) + 1] = parameters[i].Type;
        }

        return Add("", BtfKind.FunctionPrototype, parameters.Length, false, returned, words);
    }

    public uint Function(string name, uint prototype, BtfLinkage linkage) => Add(name, BtfKind.Function, (int)linkage, false, prototype);

    public uint Variable(string name, uint type, BtfLinkage linkage) => Add(name, BtfKind.Variable, 0, false, type, (uint)linkage);

    public uint Section(string name, uint size, params (uint Type, uint Offset, uint Size)[] entries)
    {
        uint[] words = new uint[entries.Length * 3];
        for (int i = 0; i < entries.Length; i++)
        {
            words[i * 3] = entries[i].Type;
            words[(i * 3) + 1] = entries[i].Offset;
            words[(i * 3) + 2] = entries[i].Size;
        }

        return Add(name, BtfKind.DataSection, entries.Length, false, size, words);
    }

    public byte[] ToImage()
    {
        byte[] types = [.. _types.SelectMany(type => type)];
        byte[] strings = _strings.ToArray();
        byte[] image = new byte[24 + types.Length + strings.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(image, 0xEB9F);
        image[2] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(4), 24);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(12), (uint)types.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(16), (uint)types.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(20), (uint)strings.Length);
        types.CopyTo(image, 24);
        strings.CopyTo(image, 24 + types.Length);
        return image;
    }

    /// <summary>The same image as a big-endian machine writes it.</summary>
    public byte[] ToBigEndianImage()
    {
        byte[] image = ToImage();
        int words = (24 + _types.Sum(type => type.Length)) / 4;
        image.AsSpan(0, 2).Reverse();
        for (int i = 1; i < words; i++)
        {
            image.AsSpan(i * 4, 4).Reverse();
        }

        return image;
    }

    public BtfTypes ToTypes(BtfTypes? baseTypes = null) => BtfTypes.Parse(ToImage(), "test", baseTypes);

    private uint Composite(BtfKind kind, string name, uint size, (string Name, uint Type, uint Bit)[] members)
    {
        uint[] words = new uint[members.Length * 3];
        for (int i = 0; i < members.Length; i++)
        {
            words[i * 3] = Text(members[i].Name);
            words[(i * 3) + 1] = members[i].Type;
            words[(i * 3) + 2] = members[i].Bit;
        }

        return Add(name, kind, members.Length, false, size, words);
    }
}
