using System.Runtime.InteropServices;

namespace Caretta.Bpf;

/// <summary>
/// One 8-byte slot of BPF code in the byte order of the host (<c>include/uapi/linux/bpf.h, struct bpf_insn</c>).
/// A 64-bit immediate load occupies two slots; the second has opcode 0 and carries the upper half.
/// </summary>
/// <remarks>Laid out as the kernel reads it: spans of it may be cast from and to bytes.</remarks>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public readonly record struct BpfInstruction
{
    /// <summary>Size of one slot in bytes.</summary>
    public const int Size = 8;

    /// <summary>Mask of the class bits of an opcode.</summary>
    public const byte ClassMask = 0x07;

    /// <summary>Class of non-standard loads (<c>BPF_LD</c>).</summary>
    public const byte ClassLoad = 0x00;

    /// <summary>Class of loads into a register (<c>BPF_LDX</c>).</summary>
    public const byte ClassLoadIndirect = 0x01;

    /// <summary>Class of stores of an immediate (<c>BPF_ST</c>).</summary>
    public const byte ClassStore = 0x02;

    /// <summary>Class of stores of a register (<c>BPF_STX</c>).</summary>
    public const byte ClassStoreIndirect = 0x03;

    /// <summary>Class of 32-bit arithmetic (<c>BPF_ALU</c>).</summary>
    public const byte ClassArithmetic32 = 0x04;

    /// <summary>Class of 64-bit comparisons, calls and exits (<c>BPF_JMP</c>).</summary>
    public const byte ClassJump = 0x05;

    /// <summary>Class of 32-bit comparisons (<c>BPF_JMP32</c>).</summary>
    public const byte ClassJump32 = 0x06;

    /// <summary>Class of 64-bit arithmetic (<c>BPF_ALU64</c>).</summary>
    public const byte ClassArithmetic64 = 0x07;

    /// <summary>Load of a 64-bit immediate in two slots (<c>BPF_LD | BPF_IMM | BPF_DW</c>).</summary>
    public const byte LoadImmediate64 = 0x18;

    /// <summary>Call (<c>BPF_JMP | BPF_CALL</c>); whom is said by <see cref="SourceRegister"/>.</summary>
    public const byte Call = 0x85;

    /// <summary>Return to the caller (<c>BPF_JMP | BPF_EXIT</c>).</summary>
    public const byte Exit = 0x95;

    /// <summary><see cref="LoadImmediate64"/>: the immediate is the descriptor of a map (<c>BPF_PSEUDO_MAP_FD</c>).</summary>
    public const byte PseudoMapFd = 1;

    /// <summary>
    /// As <see cref="PseudoMapFd"/>, and the second immediate is an offset into element 0 (<c>BPF_PSEUDO_MAP_VALUE</c>, Linux 5.2).
    /// </summary>
    public const byte PseudoMapValue = 2;

    /// <summary>
    /// <see cref="LoadImmediate64"/>: the BTF id of a kernel variable, and the descriptor of its module's BTF
    /// (<c>BPF_PSEUDO_BTF_ID</c>, Linux 5.10).
    /// </summary>
    public const byte PseudoBtfId = 3;

    /// <summary><see cref="LoadImmediate64"/>: a function, in instructions from the next one (<c>BPF_PSEUDO_FUNC</c>, Linux 5.13).</summary>
    public const byte PseudoFunction = 4;

    /// <summary><see cref="LoadImmediate64"/>: a map by its index in the descriptor array (<c>BPF_PSEUDO_MAP_IDX</c>, Linux 5.14).</summary>
    public const byte PseudoMapIndex = 5;

    /// <summary>As <see cref="PseudoMapIndex"/>, with an offset into element 0 (<c>BPF_PSEUDO_MAP_IDX_VALUE</c>, Linux 5.14).</summary>
    public const byte PseudoMapIndexValue = 6;

    /// <summary><see cref="Call"/>: a helper by number; no pseudo source.</summary>
    public const byte HelperCall = 0;

    /// <summary><see cref="Call"/>: a function of this program, in instructions from the next one (<c>BPF_PSEUDO_CALL</c>, Linux 4.16).</summary>
    public const byte PseudoCall = 1;

    /// <summary><see cref="Call"/>: a kernel function by BTF id (<c>BPF_PSEUDO_KFUNC_CALL</c>, Linux 5.13).</summary>
    public const byte PseudoKernelFunctionCall = 2;

    // Declared in the kernel's order: these four are the layout.
    private readonly byte _opcode;
    private readonly byte _registers;
    private readonly short _offset;
    private readonly int _immediate;

    /// <summary>Creates an instruction. Registers are 0 to 15, of which the kernel knows 0 to 10.</summary>
    public BpfInstruction(byte opcode, byte destination = 0, byte source = 0, short offset = 0, int immediate = 0)
    {
        _opcode = opcode;
        _registers = BitConverter.IsLittleEndian
            ? (byte)((source << 4) | (destination & 0xf))
            : (byte)((destination << 4) | (source & 0xf));
        _offset = offset;
        _immediate = immediate;
    }

    /// <summary>What to do: class in the low three bits, the rest depends on the class.</summary>
    public byte Opcode { get => _opcode; init => _opcode = value; }

    /// <summary>Register written to, 0 to 15.</summary>
    public byte DestinationRegister => (byte)(BitConverter.IsLittleEndian ? _registers & 0xf : _registers >> 4);

    /// <summary>Register read from, or one of the <c>Pseudo</c> constants for calls and 64-bit immediates.</summary>
    public byte SourceRegister => (byte)(BitConverter.IsLittleEndian ? _registers >> 4 : _registers & 0xf);

    /// <summary>Jump distance in instructions, displacement in bytes, or index of a descriptor for kernel functions.</summary>
    public short Offset { get => _offset; init => _offset = value; }

    /// <summary>The 32-bit constant; of the first slot of a 64-bit immediate, its lower half.</summary>
    public int Immediate { get => _immediate; init => _immediate = value; }

    /// <summary>The class bits of <see cref="Opcode"/>.</summary>
    public byte Class => (byte)(Opcode & ClassMask);

    /// <summary>Whether this is the first of two slots.</summary>
    public bool IsWide => Opcode == LoadImmediate64;

    /// <summary>The same instruction with another source register.</summary>
    public BpfInstruction WithSource(byte source) => new(Opcode, DestinationRegister, source, Offset, Immediate);

    /// <summary>As the verifier's log writes opcodes: <c>18 r1 r2 +0 5</c>.</summary>
    public override string ToString() =>
        $"{Opcode:x2} r{DestinationRegister} r{SourceRegister} {(Offset < 0 ? "" : "+")}{Offset} {Immediate}";
}
