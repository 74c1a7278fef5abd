using Caretta.Bpf;
using Caretta.Bpf.Linking;

namespace Caretta.Aot.Inspect;

/// <summary>What was found out about one program.</summary>
internal sealed class ProgramInspection(BpfProgramDefinition definition)
{
    private readonly Dictionary<int, uint> _symbolTypes = [];
    private readonly HashSet<int> _missing = [];

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

    /// <summary>Kernel variables and functions that the running kernel and its modules lack, by <see cref="BpfKernelSymbol.Index"/>.</summary>
    public IReadOnlySet<int> MissingSymbols => _missing;

    /// <summary>
    /// Fills in the type ids of kernel variables and functions, as far as the kernel proper has them, and what weak ones become that it has
    /// not. The others stay as they are before loading: a call of function 0, a 64-bit immediate 0.
    /// </summary>
    public void ResolveSymbols(BpfObject bpf, KernelTypes kernel)
    {
        foreach (BpfKernelSymbolReference reference in Linked?.KernelSymbolReferences ?? [])
        {
            BpfKernelSymbol symbol = bpf.KernelSymbols[reference.SymbolIndex];
            if (symbol.Kind != BpfKernelSymbolKind.Address)
            {
                Resolve(bpf, kernel, reference, symbol);
            }
        }
    }

    private void Resolve(BpfObject bpf, KernelTypes kernel, BpfKernelSymbolReference reference, BpfKernelSymbol symbol)
    {
        try
        {
            uint id = bpf.FindKernelSymbol(symbol, kernel.Types);
            if (id != 0)
            {
                _symbolTypes[symbol.Index] = id;
                if (reference.IsCall)
                {
                    Linked!.SetFunction(reference, id, 0);
                }
                else
                {
                    Linked!.SetVariable(reference, id, 0);
                }
            }
            else if (kernel.ReadModules().All(module => bpf.FindKernelSymbol(symbol, module) == 0))
            {
                _missing.Add(symbol.Index);
                if (symbol.IsWeak && reference.IsCall)
                {
                    Linked!.PoisonFunction(reference);
                }
                else if (symbol.IsWeak)
                {
                    Linked!.SetAddress(reference, 0);
                }
            }
        }
        catch (KeyNotFoundException)
        {
            // One of another type: for the kernel the object was linked against that may be right. Loading here says so.
            _missing.Add(symbol.Index);
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
