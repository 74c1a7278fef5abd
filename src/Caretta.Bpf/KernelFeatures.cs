using System.Buffers.Binary;
using Caretta.Bpf.Btf;

namespace Caretta.Bpf;

/// <summary>What the running kernel can do, found out by trying: distributions backport, so versions prove nothing.</summary>
internal static class KernelFeatures
{
    // Every probe starts with "int", id 1; its name is at offset 1.
    private const int IntName = 1;
    private const int OtherName = 5;
    private const int OptionalName = 7;

    /// <summary>Finds out what the kernel takes in type information. Twenty system calls or so: only for kernels that refused some.</summary>
    public static BtfFeatures ProbeBtf()
    {
        BtfFeatures features = BtfFeatures.None;

        // include/uapi/linux/btf.h: struct btf_type is name_off, info (kind << 24 | vlen, kind flag in bit 31), size or type; then what the
        // kind needs. Function 3 has prototype 2, which returns int and takes nothing.
        Probe(BtfFeatures.Functions, [0, Info(BtfKind.FunctionPrototype), 1, OtherName, Info(BtfKind.Function), 2]);
        Probe(BtfFeatures.GlobalFunctions, [0, Info(BtfKind.FunctionPrototype), 1, OtherName, Info(BtfKind.Function, 1), 2]);
        Probe(BtfFeatures.DataSections, DataSection(OtherName));
        Probe(BtfFeatures.OptionalSections, DataSection(OptionalName));
        Probe(BtfFeatures.Floats, [OtherName, Info(BtfKind.Float), 4]);
        Probe(BtfFeatures.DeclarationTags,
            [OtherName, Info(BtfKind.Variable), 1, 1, OtherName, Info(BtfKind.DeclarationTag), 2, uint.MaxValue]);
        Probe(BtfFeatures.TypeTags, [OtherName, Info(BtfKind.TypeTag), 1, 0, Info(BtfKind.Pointer), 2]);
        Probe(BtfFeatures.Enum64, [OtherName, Info(BtfKind.Enum64, 1), 8, OtherName, 0, 0]);
        return features;

        void Probe(BtfFeatures feature, ReadOnlySpan<uint> types)
        {
            if (BtfObject.IsAccepted(Image(types)))
            {
                features |= feature;
            }
        }
    }

    private static uint Info(BtfKind kind, uint length = 0) => (uint)kind << 24 | length;

    // Variable 2 is a global int; section 3 holds it at offset 0.
    private static uint[] DataSection(uint name) =>
        [OtherName, Info(BtfKind.Variable), 1, 1, name, Info(BtfKind.DataSection, 1), 4, 2, 0, 4];

    private static byte[] Image(ReadOnlySpan<uint> types)
    {
        const int HeaderSize = 24;
        ReadOnlySpan<byte> strings = "\0int\0x\0?.x\0"u8;
        const int Encoding = 1 << 24 | 32;      // signed, 32 bits
        ReadOnlySpan<uint> integer = [IntName, Info(BtfKind.Int), 4, Encoding];
        int typesSize = (integer.Length + types.Length) * sizeof(uint);
        byte[] image = new byte[HeaderSize + typesSize + strings.Length];

        // struct btf_header: magic, version, flags, hdr_len, type_off, type_len, str_off, str_len.
        ReadOnlySpan<uint> header = [0x0001eb9f, HeaderSize, 0, (uint)typesSize, (uint)typesSize, (uint)strings.Length];
        Span<byte> rest = Write(Write(Write(image, header), integer), types);
        strings.CopyTo(rest);
        return image;
    }

    private static Span<byte> Write(Span<byte> target, ReadOnlySpan<uint> words)
    {
        foreach (uint word in words)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(target, word);
            target = target[sizeof(uint)..];
        }

        return target;
    }
}
