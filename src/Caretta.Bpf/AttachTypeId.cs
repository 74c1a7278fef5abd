using System.Text;
using Caretta.Bpf.Btf;

namespace Caretta.Bpf;

/// <summary>The kernel type that stands for the hook of a program that is attached by type. Always of the running kernel.</summary>
internal static class AttachTypeId
{
    /// <summary>Finds it.</summary>
    /// <param name="program">Any program.</param>
    /// <param name="kernelTypes">Reads the kernel's types when they are needed.</param>
    /// <returns>The type id, or 0 for programs that are attached otherwise.</returns>
    /// <exception cref="KeyNotFoundException">The kernel, or the program to attach to, has no such hook.</exception>
    public static uint Find(BpfProgramDefinition program, Func<BtfTypes> kernelTypes)
    {
        if (program.AttachProgram is { } target)
        {
            uint function = ProgramTypes.Read(target).FindByName(Encoding.UTF8.GetBytes(program.AttachTarget ?? string.Empty), BtfKind.Function);
            return function != 0 ? function : throw new KeyNotFoundException(
                $"program {program.Name}: program {target.Name} has no function {program.AttachTarget} to attach to");
        }

        if (program.Type == BpfProgramType.Extension)
        {
            throw new KeyNotFoundException($"program {program.Name}: set AttachProgram to the program whose function it replaces");
        }

        (string prefix, BtfKind kind)? hook = program.ExpectedAttachType switch
        {
            BpfAttachType.TraceRawTracepoint => ("btf_trace_", BtfKind.Typedef),
            BpfAttachType.TraceIterator => ("bpf_iter_", BtfKind.Function),
            BpfAttachType.TraceFentry or BpfAttachType.TraceFexit or BpfAttachType.ModifyReturn => (string.Empty, BtfKind.Function),
            BpfAttachType.LsmMac or BpfAttachType.LsmCgroup => ("bpf_lsm_", BtfKind.Function),
            _ => null,
        };
        if (hook is not { } named)
        {
            return 0;
        }

        if (string.IsNullOrEmpty(program.AttachTarget))
        {
            throw new KeyNotFoundException($"program {program.Name}: section {program.SectionName} does not name the hook to attach to");
        }

        string name = named.prefix + program.AttachTarget;
        uint id = kernelTypes().FindByName(Encoding.UTF8.GetBytes(name), named.kind);
        return id != 0 ? id : throw new KeyNotFoundException($"program {program.Name}: this kernel has no {name} to attach to");
    }
}
