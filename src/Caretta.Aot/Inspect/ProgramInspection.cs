using System.Text;
using Caretta.Bpf;
using Caretta.Bpf.Btf;
using Caretta.Bpf.Linking;

namespace Caretta.Aot.Inspect;

/// <summary>What was found out about one program.</summary>
internal sealed class ProgramInspection(BpfProgramDefinition definition)
{
    private readonly Dictionary<int, uint> _symbolTypes = [];

    /// <summary>The program as the object describes it.</summary>
    public BpfProgramDefinition Definition { get; } = definition;

    /// <summary>The program, linked; <see langword="null"/> if it could not be.</summary>
    public LinkedProgram? Linked { get; set; }

    /// <summary>Why it could not be linked.</summary>
    public string? Error { get; set; }

    /// <summary>Whether the kernel takes it; <see langword="null"/> if the kernel was not asked.</summary>
    public bool? Loaded { get; set; }

    /// <summary>Why the kernel does not take it.</summary>
    public string? Refusal { get; private set; }

    /// <summary>The verifier's log, if it gave one.</summary>
    public VerifierLog? Log { get; private set; }

    /// <summary>Type ids of the running kernel's symbols by <see cref="BpfKernelSymbol.Index"/>.</summary>
    public IReadOnlyDictionary<int, uint> SymbolTypes => _symbolTypes;

    /// <summary>
    /// Fills in the type ids of kernel variables and functions, as far as the kernel proper has them. The others stay as they are before
    /// loading: a call of function 0, a 64-bit immediate 0.
    /// </summary>
    public void ResolveSymbols(BpfObject bpf, BtfTypes kernel)
    {
        if (Linked is null)
        {
            return;
        }

        foreach (BpfKernelSymbolReference reference in Linked.KernelSymbolReferences)
        {
            BpfKernelSymbol symbol = bpf.KernelSymbols[reference.SymbolIndex];
            if (symbol.Kind == BpfKernelSymbolKind.Address)
            {
                continue;
            }

            BtfKind kind = symbol.Kind == BpfKernelSymbolKind.Function ? BtfKind.Function : BtfKind.Variable;
            uint id = kernel.FindByName(Encoding.UTF8.GetBytes(symbol.NameWithoutFlavour), kind);
            if (id == 0)
            {
                continue;
            }

            _symbolTypes[symbol.Index] = id;
            if (reference.IsCall)
            {
                Linked.SetFunction(reference, id, 0);
            }
            else
            {
                Linked.SetVariable(reference, id, 0);
            }
        }
    }

    /// <summary>Loads the object with this program only, to learn what is wrong with it and not with another one.</summary>
    public void LoadAlone(ReadOnlyMemory<byte> image, string name)
    {
        if (!Definition.AutoLoad)
        {
            return;
        }

        try
        {
            BpfObject bpf = BpfObject.Parse(image, name);
            foreach (BpfProgramDefinition other in bpf.Programs)
            {
                other.AutoLoad = other.Index == Definition.Index;
            }

            using LoadedObject loaded = BpfLoader.Load(bpf);
            Loaded = true;
        }
        catch (Exception exception) when (ObjectInspection.IsRefusal(exception))
        {
            Loaded = false;
            Refusal = exception.Message;
            Log = (exception as BpfException)?.Log;
        }
    }
}
