using System.Globalization;
using System.Text;
using Caretta.Bpf.Btf;
using Caretta.Bpf.Linking;

namespace Caretta.Bpf;

/// <summary>Finds what programs want of the kernel proper by name: addresses, typed variables, functions. Modules are not searched.</summary>
internal sealed class KernelSymbols(BpfObject file, Func<BtfTypes> kernelTypes)
{
    private const string Path = "/proc/kallsyms";

    private Dictionary<string, ulong>? _addresses;

    /// <summary>Fills in one reference.</summary>
    /// <exception cref="KeyNotFoundException">The kernel has no such symbol, and the program insists on it.</exception>
    public void Resolve(LinkedProgram program, BpfKernelSymbolReference reference)
    {
        BpfKernelSymbol symbol = file.KernelSymbols[reference.SymbolIndex];
        switch (symbol.Kind)
        {
            case BpfKernelSymbolKind.Address:
                program.SetAddress(reference, FindAddress(symbol));
                break;
            case BpfKernelSymbolKind.Variable when FindType(symbol, BtfKind.Variable) is > 0 and uint variable:
                program.SetVariable(reference, variable, 0);
                break;
            case BpfKernelSymbolKind.Function when FindType(symbol, BtfKind.Function) is > 0 and uint function:
                program.SetFunction(reference, function, 0);
                break;
            case BpfKernelSymbolKind.Variable:
                program.SetAddress(reference, 0);
                break;
            default:
                program.PoisonFunction(reference);
                break;
        }
    }

    private uint FindType(BpfKernelSymbol symbol, BtfKind kind)
    {
        // A name may carry a flavour, name___flavour, so that objects can declare it in several forms.
        ReadOnlySpan<byte> name = BtfName.Essential(Encoding.UTF8.GetBytes(symbol.Name));
        uint id = kernelTypes().FindByName(name, kind);
        return id != 0 || symbol.IsWeak ? id : throw Missing(symbol);
    }

    private ulong FindAddress(BpfKernelSymbol symbol)
    {
        _addresses ??= ReadAddresses();
        if (!_addresses.TryGetValue(symbol.Name, out ulong address))
        {
            return symbol.IsWeak ? 0UL : throw Missing(symbol);
        }

        // kptr_restrict shows zeroes: that is "you may not know", not an address.
        return address != 0 ? address : throw new KeyNotFoundException(
            $"{file.Name}: {Path} does not show the address of {symbol.Name}: needs CAP_SYSLOG or sysctl kernel.kptr_restrict=0");
    }

    private Dictionary<string, ulong> ReadAddresses()
    {
        Dictionary<string, ulong> addresses = file.KernelSymbols
            .Where(static symbol => symbol.Kind == BpfKernelSymbolKind.Address)
            .DistinctBy(static symbol => symbol.Name)
            .ToDictionary(static symbol => symbol.Name, static _ => ulong.MaxValue);
        foreach (string line in File.ReadLines(Path))
        {
            // ffffffff81000000 T _text [module]
            string[] fields = line.Split([' ', '\t'], 4);
            if (fields.Length == 3 && addresses.TryGetValue(fields[2], out ulong known)
                && ulong.TryParse(fields[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong address))
            {
                addresses[fields[2]] = known == ulong.MaxValue || known == address ? address : throw new KeyNotFoundException(
                    $"{file.Name}: this kernel has more than one symbol {fields[2]}");
            }
        }

        foreach (string missing in addresses.Where(static entry => entry.Value == ulong.MaxValue).Select(static entry => entry.Key).ToArray())
        {
            addresses.Remove(missing);
        }

        return addresses;
    }

    private KeyNotFoundException Missing(BpfKernelSymbol symbol) =>
        new($"{file.Name}: this kernel has no {symbol.Kind switch
        {
            BpfKernelSymbolKind.Function => "function",
            BpfKernelSymbolKind.Variable => "variable",
            _ => "symbol",
        }} {symbol.Name}");
}
