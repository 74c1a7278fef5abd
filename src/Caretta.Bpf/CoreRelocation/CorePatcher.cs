using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Caretta.Bpf.Btf;

namespace Caretta.Bpf.CoreRelocation;

/// <summary>Writes a <see cref="CoreFixup"/> into the code.</summary>
/// <remarks>Source of the rules: libbpf, <c>bpf_core_patch_insn</c>.</remarks>
internal static class CorePatcher
{
    /// <summary>
    /// The helper number of a poisoned instruction, <c>0xbad2310</c>. No helper has it, so the verifier names it if it can be reached:
    /// a log with it means "this kernel has no such field or type". It is libbpf's number, for whoever searches for it.
    /// </summary>
    public const int PoisonHelper = 0xbad2310;

    private const byte SizeMask = 0x18;
    private const byte RegisterSource = 0x08;

    /// <summary>Patches the instruction that <paramref name="record"/> names; both slots of it if it has two.</summary>
    /// <param name="function">Code of the function the record belongs to, as compiled.</param>
    /// <param name="record">The record.</param>
    /// <param name="fixup">Its answer.</param>
    /// <param name="local">The object's types, for messages.</param>
    /// <returns>Whether the instruction was poisoned: the kernel has no value, or none that a load of that size could give.</returns>
    /// <exception cref="CoreRelocationException">
    /// There is no such instruction, it is of a kind that holds no such value, the value does not fit, or it does not hold what the
    /// compiler must have written: then the object was changed after compilation.
    /// </exception>
    public static bool Apply(Span<BpfInstruction> function, CoreRelocationRecord record, CoreFixup fixup, BtfTypes local)
    {
        int index = record.InstructionIndex;
        if ((uint)index >= (uint)function.Length)
        {
            Fail(record, local, $"the function has only {function.Length} instructions");
        }

        BpfInstruction instruction = function[index];
        if (instruction.Opcode == 0)
        {
            Fail(record, local, "the record points into the middle of a 64-bit immediate");
        }

        if (instruction.IsWide && index + 1 >= function.Length)
        {
            Fail(record, local, "the function ends in the middle of a 64-bit immediate");
        }

        if (fixup.IsPoisoned)
        {
            Poison(function, index);
            return true;
        }

        switch (instruction.Class)
        {
            case BpfInstruction.ClassArithmetic32 or BpfInstruction.ClassArithmetic64:
                function[index] = PatchArithmetic(instruction, record, fixup, local);
                break;
            case BpfInstruction.ClassLoadIndirect or BpfInstruction.ClassStore or BpfInstruction.ClassStoreIndirect:
                return !TryPatchAccess(function, index, record, fixup, local);
            case BpfInstruction.ClassLoad:
                PatchWide(function, index, record, fixup, local);
                break;
            default:
                Fail(record, local, $"instruction {instruction} holds no value that could be replaced");
                break;
        }

        return false;
    }

    private static BpfInstruction PatchArithmetic(BpfInstruction instruction, CoreRelocationRecord record, CoreFixup fixup, BtfTypes local)
    {
        if ((instruction.Opcode & RegisterSource) != 0)
        {
            Fail(record, local, $"instruction {instruction} takes no constant");
        }

        if (fixup.IsLocalValueCertain && (uint)instruction.Immediate != (uint)fixup.LocalValue)
        {
            FailUnexpected(record, local, (uint)instruction.Immediate, fixup);
        }

        // 64-bit arithmetic extends the constant's sign, 32-bit arithmetic has no upper half.
        bool fits = (ulong)(int)fixup.Value == fixup.Value
            || (fixup.Value <= uint.MaxValue && (instruction.Class == BpfInstruction.ClassArithmetic32 || fixup.IsSignUnknown));
        if (!fits)
        {
            Fail(record, local, $"{fixup.Value} does not fit in the 32-bit constant of instruction {instruction}");
        }

        return instruction with { Immediate = (int)fixup.Value };
    }

    private static bool TryPatchAccess(
        Span<BpfInstruction> function, int index, CoreRelocationRecord record, CoreFixup fixup, BtfTypes local)
    {
        BpfInstruction instruction = function[index];
        if (fixup.IsLocalValueCertain && (ulong)instruction.Offset != fixup.LocalValue)
        {
            FailUnexpected(record, local, (ulong)instruction.Offset, fixup);
        }

        if (fixup.Value > (ulong)short.MaxValue)
        {
            Fail(record, local, $"offset {fixup.Value} does not fit in the 16 bits of instruction {instruction}");
        }

        instruction = instruction with { Offset = (short)fixup.Value };
        if (fixup.LocalSize != fixup.TargetSize)
        {
            if (!fixup.CanResize)
            {
                Poison(function, index);
                return false;
            }

            if (SizeOf(instruction.Opcode) != fixup.LocalSize)
            {
                Fail(
                    record, local,
                    $"instruction {instruction} accesses {SizeOf(instruction.Opcode)} bytes of a field of {fixup.LocalSize}");
            }

            byte size = fixup.TargetSize switch { 1 => 0x10, 2 => 0x08, 4 => 0x00, 8 => 0x18, _ => 0xff };
            if (size == 0xff)
            {
                Fail(record, local, $"no instruction accesses the {fixup.TargetSize} bytes that the field has in the kernel");
            }

            instruction = instruction with { Opcode = (byte)((instruction.Opcode & ~SizeMask) | size) };
        }

        function[index] = instruction;
        return true;
    }

    private static void PatchWide(
        Span<BpfInstruction> function, int index, CoreRelocationRecord record, CoreFixup fixup, BtfTypes local)
    {
        BpfInstruction low = function[index];
        if (!low.IsWide || low.SourceRegister != 0 || low.Offset != 0 || function[index + 1] with { Immediate = 0 } != default)
        {
            Fail(record, local, $"instruction {low} is not a plain 64-bit immediate");
        }

        BpfInstruction high = function[index + 1];
        ulong current = (uint)low.Immediate | ((ulong)(uint)high.Immediate << 32);
        ulong value = fixup.Value;
        ulong expected = fixup.LocalValue;
        if (fixup.IsLocalSignUnknown && high.Immediate == -1)
        {
            // The compiler knew that its enumeration is signed; then the kernel's is too.
            expected = (ulong)(int)expected;
            value = fixup.IsSignUnknown ? (ulong)(int)value : value;
        }

        if (fixup.IsLocalValueCertain && current != expected)
        {
            FailUnexpected(record, local, current, fixup);
        }

        function[index] = low with { Immediate = (int)value };
        function[index + 1] = high with { Immediate = (int)(value >> 32) };
    }

    private static void Poison(Span<BpfInstruction> function, int index)
    {
        BpfInstruction poison = new(BpfInstruction.Call, immediate: PoisonHelper);
        if (function[index].IsWide)
        {
            function[index + 1] = poison;       // else the verifier complains about opcode 0 and not about the poison
        }

        function[index] = poison;
    }

    private static uint SizeOf(byte opcode) => (opcode & SizeMask) switch { 0x10 => 1, 0x08 => 2, 0x00 => 4, _ => 8 };

    [DoesNotReturn, StackTraceHidden]
    private static void FailUnexpected(CoreRelocationRecord record, BtfTypes local, ulong found, CoreFixup fixup) =>
        Fail(
            record, local,
            $"the instruction holds {found}, the compiler must have written {fixup.LocalValue}: was the object changed since?");

    [DoesNotReturn, StackTraceHidden]
    private static void Fail(CoreRelocationRecord record, BtfTypes local, string reason) =>
        throw new CoreRelocationException(
            record, record.TypeId > (uint)local.Count ? $"[{record.TypeId}]" : local[record.TypeId].ToString(), reason);
}
