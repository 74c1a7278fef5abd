using Caretta.Bpf;

namespace Caretta.Aot.Inspect;

/// <summary>Writes instructions the way the kernel's verifier does: <c>r1 = *(u32 *)(r2 +16)</c>, <c>if r1 != 0 goto +3</c>.</summary>
/// <remarks>Source of the encoding: <c>Documentation/bpf/standardization/instruction-set.rst</c>.</remarks>
internal static class Disassembler
{
    private const byte RegisterSource = 0x08;

    private static readonly string[] Arithmetic = ["+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "neg", "%=", "^=", "=", "s>>=", "bswap"];
    private static readonly string[] Comparison = ["", "==", ">", ">=", "&", "!=", "s>", "s>=", "", "", "<", "<=", "s<", "s<="];

    /// <summary>Describes one instruction.</summary>
    /// <param name="instruction">The instruction, not the second half of a 64-bit immediate.</param>
    /// <param name="next">The slot behind it.</param>
    /// <param name="index">Its index, for the targets of calls.</param>
    public static string Describe(BpfInstruction instruction, BpfInstruction next, int index) => instruction.Class switch
    {
        BpfInstruction.ClassLoad => Load(instruction, next),
        BpfInstruction.ClassLoadIndirect => LoadIndirect(instruction),
        BpfInstruction.ClassStore => Format($"*({Width(instruction)} *)({At(instruction.DestinationRegister, instruction)}) = {instruction.Immediate}"),
        BpfInstruction.ClassStoreIndirect => Store(instruction),
        BpfInstruction.ClassArithmetic32 => Compute(instruction, 'w'),
        BpfInstruction.ClassArithmetic64 => Compute(instruction, 'r'),
        _ => Jump(instruction, index),
    };

    private static string Load(BpfInstruction instruction, BpfInstruction next)
    {
        byte target = instruction.DestinationRegister;
        if (!instruction.IsWide)
        {
            return (instruction.Opcode & 0xe0) switch
            {
                0x20 => Format($"r0 = *({Width(instruction)} *)skb[{instruction.Immediate}]"),
                0x40 => Format($"r0 = *({Width(instruction)} *)skb[r{instruction.SourceRegister} + {instruction.Immediate}]"),
                _ => Unknown(instruction),
            };
        }

        ulong value = (uint)instruction.Immediate | ((ulong)(uint)next.Immediate << 32);
        return instruction.SourceRegister switch
        {
            0 => Format($"r{target} = 0x{value:x} ll"),
            BpfInstruction.PseudoMapFd => Format($"r{target} = map[fd:{instruction.Immediate}]"),
            BpfInstruction.PseudoMapValue => Format($"r{target} = map[fd:{instruction.Immediate}][0] + {next.Immediate}"),
            BpfInstruction.PseudoBtfId => Format($"r{target} = btf[id:{instruction.Immediate}]"),
            BpfInstruction.PseudoFunction => Format($"r{target} = func[{(instruction.Immediate < 0 ? "" : "+")}{instruction.Immediate}]"),
            _ => Unknown(instruction),
        };
    }

    private static string LoadIndirect(BpfInstruction instruction)
    {
        string type = (instruction.Opcode & 0xe0) == 0x80 ? "s" + Width(instruction)[1..] : Width(instruction);
        return Format($"r{instruction.DestinationRegister} = *({type} *)({At(instruction.SourceRegister, instruction)})");
    }

    private static string Store(BpfInstruction instruction)
    {
        string place = $"*({Width(instruction)} *)({At(instruction.DestinationRegister, instruction)})";
        return (instruction.Opcode & 0xe0) == 0xc0
            ? Format($"atomic 0x{instruction.Immediate:x} {place}, r{instruction.SourceRegister}")
            : Format($"{place} = r{instruction.SourceRegister}");
    }

    private static string Compute(BpfInstruction instruction, char register)
    {
        int operation = instruction.Opcode >> 4;
        byte target = instruction.DestinationRegister;
        if (operation >= Arithmetic.Length)
        {
            return Unknown(instruction);
        }

        if (operation == 0x8)
        {
            return Format($"{register}{target} = -{register}{target}");
        }

        if (operation == 0xd)
        {
            string order = register == 'r' ? "bswap" : (instruction.Opcode & RegisterSource) != 0 ? "be" : "le";
            return Format($"r{target} = {order}{instruction.Immediate} r{target}");
        }

        string value = (instruction.Opcode & RegisterSource) == 0 ? Format($"{instruction.Immediate}")
            : instruction.Offset is 8 or 16 or 32 && operation == 0xb ? Format($"(s{instruction.Offset}){register}{instruction.SourceRegister}")
            : Format($"{register}{instruction.SourceRegister}");
        return $"{register}{target} {(instruction.Offset == 1 && operation is 0x3 or 0x9 ? "s" : "")}{Arithmetic[operation]} {value}";
    }

    private static string Jump(BpfInstruction instruction, int index)
    {
        int operation = instruction.Opcode >> 4;
        char register = instruction.Class == BpfInstruction.ClassJump32 ? 'w' : 'r';
        switch (operation)
        {
            case 0x0:
                return Format($"goto {(register == 'w' ? instruction.Immediate : instruction.Offset):+0;-0;+0}");
            case 0x8 when instruction.SourceRegister == BpfInstruction.PseudoCall:
                return Format($"call {index + 1L + instruction.Immediate}");
            case 0x8 when instruction.SourceRegister == BpfInstruction.PseudoKernelFunctionCall:
                return Format($"call kernel function {instruction.Immediate}");
            case 0x8:
                return Format($"call helper {instruction.Immediate}");
            case 0x9:
                return "exit";
            default:
                break;
        }

        if (operation >= Comparison.Length || Comparison[operation].Length == 0)
        {
            return Unknown(instruction);
        }

        string value = (instruction.Opcode & RegisterSource) != 0
            ? Format($"{register}{instruction.SourceRegister}") : Format($"{instruction.Immediate}");
        return Format($"if {register}{instruction.DestinationRegister} {Comparison[operation]} {value} goto {instruction.Offset:+0;-0;+0}");
    }

    private static string At(byte register, BpfInstruction instruction) => Format($"r{register} {instruction.Offset:+0;-0;+0}");

    private static string Width(BpfInstruction instruction) => (instruction.Opcode & 0x18) switch { 0x10 => "u8", 0x08 => "u16", 0x00 => "u32", _ => "u64" };

    private static string Unknown(BpfInstruction instruction) => $"({instruction})";

    private static string Format(FormattableString text) => FormattableString.Invariant(text);
}
