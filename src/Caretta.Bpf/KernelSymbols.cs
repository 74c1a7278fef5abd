using System.Globalization;
using Caretta.Bpf.Btf;
using Caretta.Bpf.Linking;

namespace Caretta.Bpf;

/// <summary>
/// Finds what programs want of the kernel by name: addresses, typed variables, functions. Modules are searched for those with a type, after
/// the kernel proper.
/// </summary>
internal sealed class KernelSymbols(BpfObject file, Func<BtfTypes> kernelTypes, ModuleTypes modules)
{
    private const string Path = "/proc/kallsyms";

    private Dictionary<string, ulong>? _addresses;

    /// <summary>Whether the kernel proper has a symbol of this name.</summary>
    public static bool Contains(string symbol)
    {
        foreach (string line in File.ReadLines(Path))
        {
            if (TryParse(line, out ReadOnlySpan<char> name, out _) && name.SequenceEqual(symbol))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Fills in one reference.</summary>
    /// <exception cref="KeyNotFoundException">The kernel has no such symbol, and the program insists on it.</exception>
    /// <exception cref="BpfException">A module has it, and may not be opened.</exception>
    public void Resolve(LinkedProgram program, BpfKernelSymbolReference reference)
    {
        BpfKernelSymbol symbol = file.KernelSymbols[reference.SymbolIndex];
        switch (symbol.Kind)
        {
            case BpfKernelSymbolKind.Address:
                program.SetAddress(reference, FindAddress(symbol));
                break;
            case BpfKernelSymbolKind.Variable:
                SetReference(program, reference, FindType(symbol));
                break;
            case BpfKernelSymbolKind.Function when !reference.IsCall:
                // "if (&function) function();": a weak one that is missing is 0, which lets the verifier drop the call.
                SetReference(program, reference, FindType(symbol));
                break;
            default:
                KernelTypeId function = FindType(symbol);
                if (function.Id != 0)
                {
                    program.SetFunction(reference, function.Id, (short)(function.Module is null ? 0 : modules.IndexOf(function.Module)));
                }
                else
                {
                    program.PoisonFunction(reference);
                }

                break;
        }
    }

    private void SetReference(LinkedProgram program, BpfKernelSymbolReference reference, KernelTypeId type)
    {
        if (type.Id != 0)
        {
            program.SetVariable(reference, type.Id, modules.DescriptorOf(type.Module));
        }
        else
        {
            program.SetAddress(reference, 0);
        }
    }

    private KernelTypeId FindType(BpfKernelSymbol symbol)
    {
        uint id = file.FindKernelSymbol(symbol, kernelTypes());
        KernelTypeId found = id != 0 ? new KernelTypeId(id) : modules.Find(module => file.FindKernelSymbol(symbol, module));
        return found.Id != 0 || symbol.IsWeak ? found : throw Missing(symbol);
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
            .Select(static symbol => symbol.Name)
            .Distinct()
            .ToDictionary(static name => name, static _ => ulong.MaxValue);
        Dictionary<string, ulong>.AlternateLookup<ReadOnlySpan<char>> byName = addresses.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (string line in File.ReadLines(Path))
        {
            if (TryParse(line, out ReadOnlySpan<char> name, out ulong address) && byName.TryGetValue(name, out ulong known))
            {
                byName[name] = known == ulong.MaxValue || known == address ? address : throw new KeyNotFoundException(
                    $"{file.Name}: this kernel has more than one symbol {name}");
            }
        }

        return new Dictionary<string, ulong>(addresses.Where(static entry => entry.Value != ulong.MaxValue));
    }

    /// <summary>Reads <c>ffffffff81000000 T _text</c>; a module's symbols have its name behind theirs and do not count.</summary>
    private static bool TryParse(ReadOnlySpan<char> line, out ReadOnlySpan<char> name, out ulong address)
    {
        int space = line.IndexOf(' ');
        name = space > 0 && line.Length > space + 3 ? line[(space + 3)..] : default;
        address = 0;
        return !name.IsEmpty && name.IndexOf('\t') < 0
            && ulong.TryParse(line[..space], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out address);
    }

    private KeyNotFoundException Missing(BpfKernelSymbol symbol) =>
        new($"{file.Name}: this kernel has no {symbol.Kind switch
        {
            BpfKernelSymbolKind.Function => "function",
            BpfKernelSymbolKind.Variable => "variable",
            _ => "symbol",
        }} {symbol.Name}");
}
