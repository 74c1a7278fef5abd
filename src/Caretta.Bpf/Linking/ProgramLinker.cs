using System.Text;
using Caretta.Bpf.Btf;
using Caretta.Bpf.CoreRelocation;

namespace Caretta.Bpf.Linking;

/// <summary>
/// Makes programs of one object complete for one kernel: answers their CO-RE relocations and appends the functions they call. Linking the
/// same program twice gives the same result; the object's own code is never changed.
/// </summary>
/// <remarks>Not thread-safe: it remembers the code of functions that several programs share.</remarks>
public sealed class ProgramLinker
{
    private readonly BpfObject _object;
    private readonly CoreRelocator? _relocator;
    private readonly Dictionary<int, BpfInstruction[]> _relocated = [];
    private Dictionary<string, string?>? _callbacks;

    internal ProgramLinker(BpfObject bpfObject, BtfTypes? kernelTypes, Func<IReadOnlyList<BtfTypes>> readModules)
    {
        _object = bpfObject;
        if (kernelTypes is not null && bpfObject.Btf is { } types)
        {
            _relocator = new CoreRelocator(types, kernelTypes, readModules);
        }
    }

    /// <summary>
    /// Receives what becomes of every relocation against kernel types, function by function, once for each. With it, a relocation without
    /// an answer no longer hides those behind it; linking fails all the same. Initially <see langword="null"/>: nothing is kept.
    /// </summary>
    public ICollection<CoreResolution>? Resolutions { get; set; }

    /// <summary>Links one program.</summary>
    /// <exception cref="BadImageException">The object describes only some of the program's functions.</exception>
    /// <exception cref="CoreRelocationException">A relocation has no answer in the kernel's types.</exception>
    /// <exception cref="InvalidOperationException">The program needs the kernel's types and the linker has none.</exception>
    public LinkedProgram Link(BpfProgramDefinition program)
    {
        ArgumentNullException.ThrowIfNull(program);
        if (program.Index >= _object.Programs.Count || !ReferenceEquals(_object.Programs[program.Index], program))
        {
            throw new ArgumentException($"program {program.Name} is not one of {_object.Name}", nameof(program));
        }

        (List<CodeFunction> functions, Dictionary<int, int> starts) = Arrange(_object.Functions[program.FunctionIndex]);
        BpfInstruction[] instructions = new BpfInstruction[functions.Sum(function => function.Length)];
        List<BpfMapReference> maps = [];
        List<BpfKernelSymbolReference> symbols = [];
        foreach (CodeFunction function in functions)
        {
            int start = starts[function.Index];
            CodeOf(function).CopyTo(instructions.AsSpan(start));
            foreach (CodeRelocation relocation in RelocationsOf(function))
            {
                Apply(relocation, start + relocation.Instruction - function.Start, instructions, starts, maps, symbols);
            }
        }

        LinkedFunction[] placed =
        [
            .. functions.Select(function => new LinkedFunction(function.Name, starts[function.Index], function.Length) { Index = function.Index }),
        ];
        return new LinkedProgram(
            program, placed, instructions, [.. maps], [.. symbols], FunctionInfoOf(functions, starts), LineInfoOf(functions, starts),
            _object.Configuration.Count);
    }

    private static ReadOnlySpan<CodeRelocation> RelocationsOf(CodeFunction function) =>
        CodeSection.Within(function.Section.Relocations, function, relocation => relocation.Instruction);

    /// <summary>
    /// Finds all functions that one reaches and gives each its place: depth first, in the order of the calls. That is libbpf's order, so
    /// that a verifier log reads the same. The stack is on the heap, because the depth is whatever the object says.
    /// </summary>
    private (List<CodeFunction> Functions, Dictionary<int, int> Starts) Arrange(CodeFunction main)
    {
        List<CodeFunction> functions = [main];
        Dictionary<int, int> starts = new() { [main.Index] = 0 };
        int end = main.Length;
        AddReachable(main, functions, starts, ref end);
        if (ExceptionCallbackOf(main) is { } callback && starts.TryAdd(callback.Index, end))
        {
            functions.Add(callback);
            end += callback.Length;
            AddReachable(callback, functions, starts, ref end);
        }

        return (functions, starts);
    }

    private void AddReachable(CodeFunction from, List<CodeFunction> functions, Dictionary<int, int> starts, ref int end)
    {
        Stack<(CodeFunction Function, int Next)> open = new([(from, 0)]);
        while (open.TryPop(out (CodeFunction Function, int Next) top))
        {
            ReadOnlySpan<CodeRelocation> relocations = RelocationsOf(top.Function);
            int next = top.Next;
            while (next < relocations.Length && !IsNew(relocations[next], starts))
            {
                next++;
            }

            if (next < relocations.Length)
            {
                CodeFunction callee = _object.Functions[relocations[next].Target];
                starts.Add(callee.Index, end);
                functions.Add(callee);
                end += callee.Length;
                open.Push((top.Function, next + 1));
                open.Push((callee, 0));
            }
        }
    }

    /// <summary>
    /// The function that runs when a program throws (Linux 6.7): nothing calls it, a tag of the program's function says its name. Of
    /// several, none: the verifier then has its say.
    /// </summary>
    private CodeFunction? ExceptionCallbackOf(CodeFunction main)
    {
        if (_callbacks is null)
        {
            _callbacks = [];
            for (uint id = 1; _object.Btf is { } types && id <= (uint)types.Count; id++)
            {
                BtfType tag = types[id];
                if (tag.Kind == BtfKind.DeclarationTag && tag.ComponentIndex == -1 && tag.Name.StartsWith("exception_callback:"u8))
                {
                    string tagged = types[tag.TypeId].NameText;
                    string name = Encoding.UTF8.GetString(tag.Name["exception_callback:".Length..]);
                    _callbacks[tagged] = _callbacks.ContainsKey(tagged) ? null : name;
                }
            }
        }

        if (!_callbacks.TryGetValue(main.Name, out string? wanted) || wanted is null)
        {
            return null;
        }

        return _object.Functions.FirstOrDefault(function => function.Name == wanted && function.Section.Name == CodeSection.Subprograms)
            ?? throw new BadImageException($"{_object.Name}: there is no function {wanted}, which {main.Name} names as its exception callback");
    }

    private static bool IsNew(CodeRelocation relocation, Dictionary<int, int> starts) =>
        relocation.Kind is CodeRelocationKind.Call or CodeRelocationKind.FunctionAddress && !starts.ContainsKey(relocation.Target);

    private static void Apply(
        CodeRelocation relocation, int index, BpfInstruction[] instructions, Dictionary<int, int> starts, List<BpfMapReference> maps,
        List<BpfKernelSymbolReference> symbols)
    {
        BpfInstruction instruction = instructions[index];
        switch (relocation.Kind)
        {
            case CodeRelocationKind.Map or CodeRelocationKind.MapValue:
                bool isValue = relocation.Kind == CodeRelocationKind.MapValue;
                maps.Add(new BpfMapReference(index, relocation.Target, isValue, relocation.Offset));
                instructions[index] = instruction.WithSource(isValue ? BpfInstruction.PseudoMapValue : BpfInstruction.PseudoMapFd) with { Immediate = 0 };
                instructions[index + 1] = new BpfInstruction(0, immediate: (int)relocation.Offset);
                break;
            case CodeRelocationKind.Call:
                instructions[index] = instruction with { Immediate = starts[relocation.Target] - index - 1 };
                break;
            case CodeRelocationKind.FunctionAddress:
                instructions[index] = instruction.WithSource(BpfInstruction.PseudoFunction) with { Immediate = starts[relocation.Target] - index - 1 };
                instructions[index + 1] = default;
                break;
            case CodeRelocationKind.KernelSymbol or CodeRelocationKind.KernelCall:
                symbols.Add(new BpfKernelSymbolReference(index, relocation.Target, relocation.Kind == CodeRelocationKind.KernelCall));
                break;
        }
    }

    private ReadOnlySpan<BpfInstruction> CodeOf(CodeFunction function)
    {
        ReadOnlySpan<CoreRecord> records = CodeSection.Within(function.Section.CoreRecords, function, record => record.InstructionOffset);
        if (records.IsEmpty)
        {
            return function.Code;
        }

        if (_relocated.TryGetValue(function.Index, out BpfInstruction[]? code))
        {
            return code;
        }

        if (_relocator is null)
        {
            throw new InvalidOperationException($"{_object.Name}: function {function.Name} has {records.Length} relocations against kernel "
                + "types, but no kernel types were given");
        }

        code = function.Code.ToArray();
        CoreRelocationException? failure = null;
        foreach (CoreRecord record in records)
        {
            CoreRelocationRecord relocation = new(
                (int)record.InstructionOffset - function.Start, record.TypeId, record.AccessOffset, (CoreRelocationKind)record.Kind);
            try
            {
                CoreFixup fixup = _relocator.Resolve(relocation);
                bool isPoisoned = CorePatcher.Apply(code, relocation, fixup, _object.Btf!);
                Resolutions?.Add(_relocator.Describe(function.Name, relocation, fixup, isPoisoned));
            }
            catch (CoreRelocationException exception) when (Resolutions is not null)
            {
                Resolutions.Add(_relocator.Describe(function.Name, relocation, exception));
                failure ??= exception;
            }
        }

        if (failure is not null)
        {
            throw failure;
        }

        _relocated.Add(function.Index, code);
        return code;
    }

    // The kernel wants one record for every function, in the order of the code, or none at all.
    private BpfFunctionInfo[] FunctionInfoOf(List<CodeFunction> functions, Dictionary<int, int> starts)
    {
        BpfFunctionInfo[] result = new BpfFunctionInfo[functions.Count];
        for (int i = 0; i < result.Length; i++)
        {
            CodeFunction function = functions[i];
            ReadOnlySpan<BpfFunctionInfo> records =
                CodeSection.Within(function.Section.FunctionInfo, function, record => record.InstructionOffset);
            if (records.IsEmpty && i == 0)
            {
                return [];
            }

            if (records.IsEmpty || records[0].InstructionOffset != function.Start)
            {
                throw new BadImageException($"{_object.Name}: .BTF.ext says the type of function {functions[0].Name} but not that of "
                    + $"{function.Name}, which it calls");
            }

            result[i] = records[0] with { InstructionOffset = (uint)starts[function.Index] };
        }

        return result;
    }

    // The kernel refuses lines that do not cover the start of every function; without any, only its log is poorer.
    private static BpfLineInfo[] LineInfoOf(List<CodeFunction> functions, Dictionary<int, int> starts)
    {
        List<BpfLineInfo> result = [];
        foreach (CodeFunction function in functions)
        {
            ReadOnlySpan<BpfLineInfo> records = CodeSection.Within(function.Section.LineInfo, function, record => record.InstructionOffset);
            if (records.IsEmpty || records[0].InstructionOffset != function.Start)
            {
                return [];
            }

            foreach (BpfLineInfo record in records)
            {
                uint instruction = record.InstructionOffset - (uint)function.Start + (uint)starts[function.Index];
                if (result.Count == 0 || result[^1].InstructionOffset < instruction)
                {
                    result.Add(record with { InstructionOffset = instruction });
                }
            }
        }

        return [.. result];
    }
}
