namespace Caretta.Bpf.Linking;

/// <summary>
/// One program with every function it needs, in the order in which the kernel gets them: complete but for what exists only once loaded, maps
/// and kernel symbols. Fill these in through the methods here, then hand <see cref="Instructions"/> to the kernel.
/// </summary>
/// <remarks>Owned by whoever linked it and not thread-safe. Indexes count 8-byte slots from the start of the program.</remarks>
public sealed class LinkedProgram
{
    // Helper numbers that no kernel has. They are libbpf's, so that advice found for them applies.
    private const int PoisonedMapHelper = 2001000000;
    private const int PoisonedFunctionHelper = 2002000000;

    private readonly BpfInstruction[] _instructions;
    private readonly int _configurationCount;

    internal LinkedProgram(
        BpfProgramDefinition definition, LinkedFunction[] functions, BpfInstruction[] instructions, BpfMapReference[] maps,
        BpfKernelSymbolReference[] symbols, BpfFunctionInfo[] functionInfo, BpfLineInfo[] lineInfo, int configurationCount)
    {
        Definition = definition;
        Functions = functions;
        _instructions = instructions;
        MapReferences = maps;
        KernelSymbolReferences = symbols;
        FunctionInfo = functionInfo;
        LineInfo = lineInfo;
        _configurationCount = configurationCount;
    }

    /// <summary>The program that was linked.</summary>
    public BpfProgramDefinition Definition { get; }

    /// <summary>The functions it consists of, in the order of the code: its own first.</summary>
    public IReadOnlyList<LinkedFunction> Functions { get; }

    /// <summary>The code: the program's function first, then each function that it reaches, once. Changed only by the methods here.</summary>
    public ReadOnlySpan<BpfInstruction> Instructions => _instructions;

    /// <summary>Where maps are wanted, in ascending order.</summary>
    public IReadOnlyList<BpfMapReference> MapReferences { get; }

    /// <summary>Where kernel symbols are wanted, in ascending order.</summary>
    public IReadOnlyList<BpfKernelSymbolReference> KernelSymbolReferences { get; }

    /// <summary>The type of each function, one for each in the order of the code; empty if the object does not say (Linux 5.0).</summary>
    public ReadOnlyMemory<BpfFunctionInfo> FunctionInfo { get; }

    /// <summary>Source lines in strictly ascending order of instructions; empty if the object does not say (Linux 5.0).</summary>
    public ReadOnlyMemory<BpfLineInfo> LineInfo { get; }

    /// <summary>Puts a map's descriptor where the reference wants it. The descriptor must stay open until the program is loaded.</summary>
    public void SetMap(BpfMapReference reference, int descriptor)
    {
        byte source = reference.IsValue ? BpfInstruction.PseudoMapValue : BpfInstruction.PseudoMapFd;
        SetWide(reference.InstructionIndex, source, descriptor, reference.IsValue ? (int)reference.ValueOffset : 0);
    }

    /// <summary>
    /// Replaces the use of a map that does not exist on this kernel by a call of helper 2001000000 + map index. The verifier refuses the
    /// program only if it can get there.
    /// </summary>
    public void PoisonMap(BpfMapReference reference) =>
        Poison(reference.InstructionIndex, 2, unchecked(PoisonedMapHelper + reference.MapIndex));

    /// <summary>Puts the address of a kernel symbol where the reference wants it; 0 for a weak one that is missing.</summary>
    public void SetAddress(BpfKernelSymbolReference reference, ulong address) =>
        SetWide(reference.InstructionIndex, 0, (int)(uint)address, (int)(uint)(address >> 32));

    /// <summary>Refers to a kernel variable, or to a function without calling it, by type.</summary>
    /// <param name="reference">Where.</param>
    /// <param name="typeId">Id of the <c>VAR</c> or <c>FUNC</c> in the kernel's or the module's BTF.</param>
    /// <param name="moduleDescriptor">Descriptor of the module's BTF, 0 for the kernel proper; must stay open until the program is loaded.</param>
    public void SetVariable(BpfKernelSymbolReference reference, uint typeId, int moduleDescriptor) =>
        SetWide(reference.InstructionIndex, BpfInstruction.PseudoBtfId, (int)typeId, moduleDescriptor);

    /// <summary>Calls a kernel function by type.</summary>
    /// <param name="reference">Where.</param>
    /// <param name="typeId">Id of the <c>FUNC</c> in the kernel's or the module's BTF.</param>
    /// <param name="moduleIndex">Index into the array of descriptors that goes with the program (Linux 5.16); 0 for the kernel proper.</param>
    public void SetFunction(BpfKernelSymbolReference reference, uint typeId, short moduleIndex) =>
        _instructions[reference.InstructionIndex] = new BpfInstruction(
            BpfInstruction.Call, source: BpfInstruction.PseudoKernelFunctionCall, offset: moduleIndex, immediate: (int)typeId);

    /// <summary>
    /// Replaces the call of a weak kernel function that is missing by a call of helper 2002000000 + number of the extern. The verifier
    /// refuses the program only if it can get there. Externs are numbered as libbpf does: values of the configuration, then symbols.
    /// </summary>
    public void PoisonFunction(BpfKernelSymbolReference reference) =>
        Poison(reference.InstructionIndex, reference.IsCall ? 1 : 2, unchecked(PoisonedFunctionHelper + _configurationCount + reference.SymbolIndex));

    private void SetWide(int index, byte source, int low, int high)
    {
        _instructions[index] = new BpfInstruction(
            BpfInstruction.LoadImmediate64, _instructions[index].DestinationRegister, source, immediate: low);
        _instructions[index + 1] = new BpfInstruction(0, immediate: high);
    }

    private void Poison(int index, int count, int helper) =>
        _instructions.AsSpan(index, count).Fill(new BpfInstruction(BpfInstruction.Call, immediate: helper));
}
