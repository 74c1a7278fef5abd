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
            using BpfHandle? accepted = BtfObject.TryLoad(Image(types));
            if (accepted is not null)
            {
                features |= feature;
            }
        }
    }

    /// <summary>What programs may ask about the kernel that its configuration file does not say.</summary>
    public static BpfKernelFacts ProbeFacts() => new(KernelRelease.VersionCode, HasBpfCookie(), HasSyscallWrapper());

    /// <summary>Whether probes may carry a cookie: whether the kernel knows the helper that reads it. Linux 5.15.</summary>
    private static bool HasBpfCookie()
    {
        const int BpfGetAttachCookie = 174;      // include/uapi/linux/bpf.h, ___BPF_FUNC_MAPPER
        const byte Exit = 0x95;                  // BPF_JMP | BPF_EXIT
        var probe = new ProgramLoad
        {
            Name = "probe_cookie",
            Type = BpfProgramType.Tracepoint,
            License = "GPL",
            Instructions = [new BpfInstruction(BpfInstruction.Call, immediate: BpfGetAttachCookie), new BpfInstruction(Exit)],
        };
        using BpfHandle? accepted = probe.TryLoad();
        return accepted is not null;
    }

    /// <summary>
    /// Whether system calls take their arguments by <c>struct pt_regs</c> (CONFIG_ARCH_HAS_SYSCALL_WRAPPER; x86 and arm64 since Linux
    /// 4.17 and 4.19). Such kernels have the name of the architecture in the function's name.
    /// </summary>
    private static bool HasSyscallWrapper() =>
        KernelSymbols.Contains("__x64_sys_bpf") || KernelSymbols.Contains("__arm64_sys_bpf");

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
