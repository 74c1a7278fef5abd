namespace Caretta.Bpf;

/// <summary>How a <see cref="BpfKernelSymbol"/> is resolved.</summary>
public enum BpfKernelSymbolKind
{
    /// <summary>A bare address from <c>/proc/kallsyms</c>.</summary>
    Address,

    /// <summary>A variable with a type, found in the kernel's or a module's BTF (Linux 5.10).</summary>
    Variable,

    /// <summary>A function that programs may call, found in the kernel's or a module's BTF (Linux 5.13).</summary>
    Function,
}
