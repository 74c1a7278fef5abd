using System.Text;
using Caretta.Bpf.Btf;

namespace Caretta.Bpf;

/// <summary>The kernel type that stands for the hook of a program that is attached by type. Always of the running kernel.</summary>
internal static class AttachTypeId
{
    /// <summary>Finds it.</summary>
    /// <param name="program">Any program.</param>
    /// <param name="kernelTypes">Reads the kernel's types when they are needed.</param>
    /// <param name="modules">Those of its modules: searched after the kernel's, or one only for the target <c>module:function</c>.</param>
    /// <returns>The type id, or 0 for programs that are attached otherwise.</returns>
    /// <exception cref="KeyNotFoundException">The kernel, or the program to attach to, has no such hook.</exception>
    public static KernelTypeId Find(BpfProgramDefinition program, Func<BtfTypes> kernelTypes, ModuleTypes modules)
    {
        if (program.AttachProgram is { } target)
        {
            uint function = ProgramTypes.Read(target).FindByName(Encoding.UTF8.GetBytes(program.AttachTarget ?? string.Empty), BtfKind.Function);
            return function != 0 ? new KernelTypeId(function) : throw new KeyNotFoundException(
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
            BpfAttachType.TraceFentry or BpfAttachType.TraceFexit or BpfAttachType.ModifyReturn or BpfAttachType.TraceFsession =>
                (string.Empty, BtfKind.Function),
            BpfAttachType.LsmMac or BpfAttachType.LsmCgroup => ("bpf_lsm_", BtfKind.Function),
            _ => null,
        };
        if (hook is not { } named)
        {
            return default;
        }

        if (string.IsNullOrEmpty(program.AttachTarget))
        {
            throw new KeyNotFoundException($"program {program.Name}: section {program.SectionName} does not name the hook to attach to");
        }

        int colon = program.AttachTarget.IndexOf(':', StringComparison.Ordinal);
        string? module = colon < 0 ? null : program.AttachTarget[..colon];
        string name = named.prefix + program.AttachTarget[(colon + 1)..];
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        uint id = module is null or "vmlinux" ? kernelTypes().FindByName(bytes, named.kind) : 0;
        KernelTypeId found = id != 0 ? new KernelTypeId(id)
            : modules.Find(types => module is null || module == types.ImageName ? types.FindByName(bytes, named.kind) : 0);
        return found.Id != 0 ? found : throw new KeyNotFoundException(
            $"program {program.Name}: {(module is null ? "this kernel" : $"module {module} of this kernel")} has no {name} to attach to");
    }
}
