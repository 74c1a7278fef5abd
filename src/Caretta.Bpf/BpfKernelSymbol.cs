using System.Text;
using Caretta.Bpf.Btf;

namespace Caretta.Bpf;

/// <summary>A function or variable of the kernel that programs of the object refer to by name.</summary>
/// <param name="Index">Position in <see cref="BpfObject.KernelSymbols"/>.</param>
/// <param name="Name">Name of the symbol as the object writes it, a flavour (<c>___</c>…) included.</param>
/// <param name="Kind">How it is resolved.</param>
/// <param name="IsWeak">Whether programs cope without it.</param>
/// <param name="TypeId">
/// What the object expects, in <see cref="BpfObject.Btf"/>: the type of a variable, modifiers skipped, or the prototype of a function; 0
/// for a <see cref="BpfKernelSymbolKind.Address"/>.
/// </param>
public readonly record struct BpfKernelSymbol(int Index, string Name, BpfKernelSymbolKind Kind, bool IsWeak, uint TypeId)
{
    /// <summary>The name that the kernel knows. A flavour lets objects declare one symbol in several forms.</summary>
    public string NameWithoutFlavour => Encoding.UTF8.GetString(BtfName.Essential(Encoding.UTF8.GetBytes(Name)));
}
