using System.Runtime.InteropServices;
using Caretta.Bpf.Btf;
using Caretta.Bpf.CoreRelocation;
using Caretta.Bpf.Interop;
using Caretta.Bpf.Linking;

namespace Caretta.Bpf;

/// <summary>Brings an object into the kernel: types, maps, then programs. What is half done when something fails is undone.</summary>
/// <remarks>
/// Needs CAP_BPF, and what the programs' types need besides (CAP_PERFMON for tracing, CAP_NET_ADMIN for networking); CAP_SYS_ADMIN
/// before Linux 5.8. Independent loads may run at the same time.
/// </remarks>
public sealed class BpfLoader
{
    private readonly BpfObject _file;
    private readonly BpfLoadOptions _options;
    private readonly List<string> _pinned = [];
    private readonly BpfMap?[] _maps;
    private readonly BpfProgram?[] _programs;
    private readonly Dictionary<string, Exception> _leftOut = [];
    private readonly Dictionary<int, (KernelTypeId Type, int Member)> _structFunctions = [];
    private readonly Dictionary<int, StructOpsLayout> _structs = [];
    private BpfHandle? _types;
    private BpfException? _typesRefusal;
    private Task _filling = Task.CompletedTask;      // of maps that hold maps
    private bool _hasGlobalData;
    private uint _arenaOffset;
    private KernelTypes? _kernel;
    private ModuleTypes? _modules;
    private KernelSymbols? _symbols;

    private BpfLoader(BpfObject file, BpfLoadOptions options)
    {
        _file = file;
        _options = options;
        _maps = new BpfMap?[file.Maps.Count];
        _programs = new BpfProgram?[file.Programs.Count];
    }

    /// <summary>
    /// Loads the maps whose <see cref="BpfMapDefinition.AutoCreate"/> and the programs whose <see cref="BpfProgramDefinition.AutoLoad"/> is
    /// set. Those that are optional may be refused; anything else that fails undoes the load.
    /// Maps that hold maps are filled on a thread of the pool meanwhile.
    /// </summary>
    /// <exception cref="BpfException">The kernel refused something.</exception>
    /// <exception cref="BadImageException">The object or the kernel's types cannot be understood.</exception>
    /// <exception cref="CoreRelocationException">A relocation has no clear answer on this kernel.</exception>
    /// <exception cref="FileNotFoundException">The kernel does not describe its types, and the object needs them.</exception>
    /// <exception cref="KeyNotFoundException">The kernel has no such hook, variable or function.</exception>
    /// <exception cref="NotSupportedException">A program has no known type.</exception>
    public static LoadedObject Load(BpfObject file) => Load(file, new BpfLoadOptions());

    /// <inheritdoc cref="Load(BpfObject)"/>
    /// <param name="file">The object.</param>
    /// <param name="kernelTypes">See <see cref="BpfLoadOptions.KernelTypes"/>.</param>
    public static LoadedObject Load(BpfObject file, BtfTypes? kernelTypes) => Load(file, new BpfLoadOptions { KernelTypes = kernelTypes });

    /// <inheritdoc cref="Load(BpfObject)"/>
    /// <param name="file">The object.</param>
    /// <param name="options">How.</param>
    public static LoadedObject Load(BpfObject file, BpfLoadOptions options)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(options);
        if (file.IsBigEndian)
        {
            throw new NotSupportedException($"{file.Name}: a big-endian object; this machine needs one compiled with -target bpfel");
        }

        var loader = new BpfLoader(file, options);
        try
        {
            loader.LoadTypes();
            loader.CreateMaps();
            loader.LoadPrograms();
            loader._filling.GetAwaiter().GetResult();
            loader.FillProgramArrays();
            return new LoadedObject(file, loader._maps, loader._programs, loader._leftOut, loader._structs, loader._arenaOffset);
        }
        catch (BpfException exception) when (loader._typesRefusal is { } refusal)
        {
            // Some maps and programs need types; what the kernel says about those that came without is no help.
            loader.Undo();
            throw new BpfException(exception.Operation, exception.ErrorNumber, exception.Log, $"before that: {refusal.Message}");
        }
        catch
        {
            loader.Undo();
            throw;
        }
        finally
        {
            // Maps and programs hold on to the types they need.
            loader._types?.Dispose();
            loader._modules?.Dispose();
            loader._kernel?.Dispose();
        }
    }

    private void Undo()
    {
        // However that ends: it uses the maps.
        Task.WaitAny(_filling);
        foreach (BpfProgram? program in _programs)
        {
            program?.Dispose();
        }

        foreach (BpfMap? map in _maps)
        {
            map?.Dispose();
        }

        // Only names that this load has made.
        foreach (string path in _pinned)
        {
            File.Delete(path);
        }
    }

    private KernelTypes Kernel() => _kernel ??= KernelTypes.Read();

    private BtfTypes KernelBtf() => Kernel().Types;

    private ModuleTypes Modules() => _modules ??= ModuleTypes.Of(Kernel);

    private bool NeedsKernelTypes() => _file.Functions.Any(static function => function.Section.CoreRecords.Length > 0);

    private void LoadTypes()
    {
        if (_file.Btf is null)
        {
            return;
        }

        _types = BtfObject.TryLoad(_file.EncodeBtf(BtfFeatures.All)!);
        if (_types is not null)
        {
            _hasGlobalData = !KernelFeatures.Current.HidesGlobalData && _file.Maps.Any(static map => map.IsData && map.BtfValueTypeId != 0);
            return;
        }

        try
        {
            // An older kernel: in its own words.
            _types = BtfObject.Load(_file.EncodeBtf(KernelFeatures.ProbeBtf())!, _file.Name);
        }
        catch (BpfException refusal) when (refusal.ErrorNumber != Errno.EPERM)
        {
            // Linux 4.18 was the first to take types. Most objects do without; should this one not, the reason is told then.
            _typesRefusal = refusal;
        }
    }

    private void CreateMaps()
    {
        if (_file.UsesConfiguration)
        {
            _file.ApplyConfiguration(KernelConfig.ReadOf(KernelRelease.Text), KernelFeatures.ProbeFacts());
        }

        for (int i = 0; i < _maps.Length; i++)
        {
            BpfMapDefinition definition = _file.Maps[i];
            if (!definition.AutoCreate || (definition.IsData && !_hasGlobalData && !KernelFeatures.Current.HasGlobalData))
            {
                // Before Linux 5.2 there are no variables; a program that does not touch them, or not on such kernels, needs none.
                continue;
            }

            try
            {
                _maps[i] = CreateMap(definition);
            }
            catch (BpfException refusal) when (definition.IsOptional)
            {
                _leftOut.Add(definition.Name, refusal);
                continue;
            }

            if (definition.IsData)
            {
                FillData(definition, _maps[i]!);
            }
            else if (definition.Type == BpfMapType.Arena)
            {
                FillArena(definition, _maps[i]!);
            }
        }

        // Only now do all the maps exist that others may hold. The kernel makes each slot wait for a grace period of RCU
        // (maybe_wait_bpf_programs in kernel/bpf/syscall.c), some 10 ms, in which programs can be loaded.
        if (_file.Maps.Any(static map => HoldsMaps(map) && map.InitialSlots.Count > 0))
        {
            KernelCalls kernel = KernelCalls.Current;
            _filling = Task.Run(() =>
            {
                using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);
                FillMapsOfMaps();
            });
        }
    }

    private static bool HoldsMaps(BpfMapDefinition definition) => definition.Type is BpfMapType.ArrayOfMaps or BpfMapType.HashOfMaps;

    private void FillMapsOfMaps()
    {
        foreach (BpfMapDefinition definition in _file.Maps)
        {
            if (HoldsMaps(definition) && _maps[definition.Index] is { } outer)
            {
                foreach (BpfInitialSlot slot in definition.InitialSlots)
                {
                    outer.UpdateInner(slot.Slot, _maps[slot.TargetIndex] ?? throw new KeyNotFoundException(
                        $"{_file.Name}: map {definition.Name} wants map {_file.Maps[slot.TargetIndex].Name}, which was not created"));
                }
            }
        }
    }

    private BpfMap CreateMap(BpfMapDefinition definition)
    {
        BpfMapShape shape = MapFixups.ToShape(definition);
        if (!definition.PinByName)
        {
            return CreateMap(definition, shape);
        }

        string path = PinnedObject.PathOf(_options.PinDirectory, definition.Name);
        BpfMap map = MapPin.OpenOrCreate(path, shape, definition.MapExtra, () => CreateMap(definition, shape), out bool isCreated);
        if (isCreated)
        {
            _pinned.Add(path);
        }

        return map;
    }

    private BpfMap CreateMap(BpfMapDefinition definition, BpfMapShape shape)
    {
        var info = new BpfMap.MapTypeInfo(NumaNode: (int)definition.NumaNode, MapExtra: definition.MapExtra);
        if (_types is not null && MapFixups.TakesTypes(definition))
        {
            info = info with { BtfKeyTypeId = (int)definition.BtfKeyTypeId, BtfValueTypeId = (int)definition.BtfValueTypeId };
        }

        if (definition.Kind == BpfMapKind.StructOps)
        {
            const uint ValueTypeOfModule = 1 << 15;      // include/uapi/linux/bpf.h, BPF_F_VTYPE_BTF_OBJ_FD
            StructOpsLayout layout = StructOpsLayout.Find(_file, definition, KernelBtf(), Modules());
            var type = new KernelTypeId(layout.TypeId, layout.Module);
            _structs.Add(definition.Index, layout);
            foreach (StructOpsFunction function in layout.Functions)
            {
                if (!_structFunctions.TryAdd(function.ProgramIndex, (type, function.Member))
                    && _structFunctions[function.ProgramIndex] != (type, function.Member))
                {
                    throw new NotSupportedException($"{_file.Name}: {definition.Name}: program {_file.Programs[function.ProgramIndex].Name} "
                        + "stands in for another function elsewhere, and can be verified for one only");
                }
            }

            info = info with { BtfVmlinuxValueTypeId = (int)layout.ValueTypeId, ValueTypeModule = Modules().DescriptorOf(layout.Module) };
            uint flags = shape.Flags | (layout.Module is null ? 0 : ValueTypeOfModule);
            return BpfMap.Create(shape with { ValueSize = layout.Value.Length, Flags = flags }, info, _types);
        }

        if (definition.IsData && definition.IsMmapable && !KernelFeatures.Current.LacksMappableArrays)
        {
            try
            {
                return BpfMap.Create(shape with { Flags = shape.Flags | BpfMapDefinition.Mmapable }, info, _types);
            }
            catch (BpfException refused) when (refused.ErrorNumber == Errno.EINVAL && !KernelFeatures.Current.HasMappableArrays)
            {
                // Then it is read by system calls.
            }
        }

        if (definition.InnerMap is null)
        {
            return BpfMap.Create(shape, info, _types);
        }

        // The kernel copies the shape of the template; the map itself is not needed afterwards.
        using BpfMap template = CreateMap(definition.InnerMap);
        using BpfHandle.Lease lease = template.Handle.Borrow();
        return BpfMap.Create(shape, info with { InnerMapFd = lease.Fd }, _types);
    }

    private static void FillData(BpfMapDefinition definition, BpfMap map)
    {
        if (!definition.IsInitiallyZero)
        {
            map.Update(stackalloc byte[sizeof(int)], definition.InitialValue.Span);
        }

        if (definition.IsReadOnly)
        {
            // The verifier then takes the values for constants and drops the code that they rule out.
            map.Freeze();
        }
    }

    /// <summary>Puts the variables of address space 1 to where programs look for them.</summary>
    /// <remarks>
    /// At the end of the arena where the kernel lets programs refer to it (Linux 7.0), else at its start; so programs that ask for pages of
    /// their own find the same ones free as with libbpf (<c>init_arena_map_data</c>).
    /// </remarks>
    private void FillArena(BpfMapDefinition definition, BpfMap map)
    {
        const uint FaultsWithoutPage = 1 << 17;      // include/uapi/linux/bpf.h, BPF_F_SEGV_ON_FAULT
        map.MapArena(definition.MapExtra);
        ReadOnlySpan<byte> variables = definition.InitialValue.Span;
        if (variables.IsEmpty)
        {
            return;
        }

        if ((definition.Flags & FaultsWithoutPage) != 0)
        {
            throw new NotSupportedException($"{_file.Name}: arena {definition.Name} has variables, but BPF_F_SEGV_ON_FAULT lets nobody write them");
        }

        long page = Environment.SystemPageSize;
        long taken = (variables.Length + page - 1) & ~(page - 1);
        long spare = map.Arena!.LongLength - taken;
        if (spare < 0)
        {
            throw new BadImageException($"{_file.Name}: arena {definition.Name} has {map.Arena.LongLength} bytes, its variables {variables.Length}");
        }

        _arenaOffset = spare > 0 && KernelFeatures.Current.HasFarValues ? (uint)spare : 0;
        if (!definition.IsInitiallyZero)
        {
            variables.CopyTo(map.Arena.Slice(_arenaOffset, variables.Length));
        }
    }

    private void LoadPrograms()
    {
        ProgramLinker linker = _file.CreateLinker(
            NeedsKernelTypes() ? _options.KernelTypes ?? KernelBtf() : null, () => _kernel?.ReadModules() ?? []);
        foreach (BpfProgramDefinition definition in _file.Programs)
        {
            if (!definition.AutoLoad)
            {
                continue;
            }

            try
            {
                _programs[definition.Index] = Load(linker.Link(definition));
            }
            catch (Exception refusal) when (definition.IsOptional && IsRefusal(refusal))
            {
                _leftOut.Add(definition.Name, refusal);
            }
        }
    }

    /// <summary>Whether this kernel is the reason. A malformed object is the same on all, and not optional.</summary>
    private static bool IsRefusal(Exception exception) =>
        exception is BpfException or CoreRelocationException or KeyNotFoundException or FileNotFoundException;

    private BpfProgram Load(LinkedProgram linked)
    {
        BpfProgramDefinition definition = linked.Definition;
        if (definition.Type == BpfProgramType.Unspecified)
        {
            throw new NotSupportedException(
                $"{_file.Name}: program {definition.Name}: section {definition.SectionName} names no type that is known: "
                + "set Type, or clear AutoLoad");
        }

        foreach (BpfMapReference reference in linked.MapReferences)
        {
            if (_maps[reference.MapIndex] is { } map)
            {
                // Our maps stay open until the object is loaded or undone, so their numbers are good until then.
                bool isArena = reference.IsValue && map.Arena is not null;
                linked.SetMap(
                    isArena ? reference with { ValueOffset = reference.ValueOffset + _arenaOffset } : reference,
                    (int)map.Handle.DangerousGetHandle());
            }
            else
            {
                linked.PoisonMap(reference);
            }
        }

        foreach (BpfKernelSymbolReference reference in linked.KernelSymbolReferences)
        {
            (_symbols ??= new KernelSymbols(_file, KernelBtf, Modules())).Resolve(linked, reference);
        }

        bool isStructFunction = _structFunctions.TryGetValue(definition.Index, out (KernelTypeId Type, int Member) function);
        KernelTypeId hook = isStructFunction ? function.Type : AttachTypeId.Find(definition, KernelBtf, Modules());
        var load = new ProgramLoad
        {
            Name = definition.Name,
            Type = definition.Type,
            Instructions = linked.Instructions.ToArray(),
            License = _file.License,
            AttachType = isStructFunction ? (BpfAttachType)function.Member : definition.ExpectedAttachType,
            AttachTypeIsOptional = definition.ExpectedAttachTypeIsOptional,
            Flags = (uint)definition.Flags,
            AttachBtfId = hook.Id,
            AttachModule = Modules().DescriptorOf(hook.Module),
            Descriptors = CallsModules(linked) ? Modules().Descriptors : [],
            AttachProgram = definition.AttachProgram?.Handle,
            KernelVersion = KernelRelease.VersionCode,
            Types = _types,
            Functions = linked.FunctionInfo.ToArray(),
            Lines = linked.LineInfo.ToArray(),
            NameOf = (kind, index) => NameOf(linked, kind, index),
        };
        BpfHandle handle = load.Load();
        BindConstants(handle);
        return new BpfProgram(
            handle, definition.Name, definition.Type, definition.ExpectedAttachType, definition.AttachTarget ?? string.Empty,
            definition.SectionName);
    }

    /// <summary>
    /// Keeps the constants as long as the program, also those that it does not refer to: tools look for a program's metadata there.
    /// BPF_PROG_BIND_MAP, Linux 5.10; a kernel that refuses it runs the program all the same.
    /// </summary>
    private void BindConstants(BpfHandle program)
    {
        using BpfHandle.Lease lease = program.Borrow();
        foreach (BpfMapDefinition definition in _file.Maps)
        {
            if (definition.Kind == BpfMapKind.ReadOnlyData && _maps[definition.Index] is { } map)
            {
                using BpfHandle.Lease mapLease = map.Handle.Borrow();
                var attr = new Interop.bpf_attr_prog_bind_map { prog_fd = (uint)lease.Fd, map_fd = (uint)mapLease.Fd };
                _ = Interop.BpfSyscall.Call(Interop.bpf_cmd.BPF_PROG_BIND_MAP, ref attr);
            }
        }
    }

    private static bool CallsModules(LinkedProgram linked)
    {
        foreach (BpfInstruction instruction in linked.Instructions)
        {
            if (instruction is { Opcode: BpfInstruction.Call, SourceRegister: BpfInstruction.PseudoKernelFunctionCall, Offset: not 0 })
            {
                return true;
            }
        }

        return false;
    }

    private string? NameOf(LinkedProgram linked, VerifierPoison kind, int index) => kind switch
    {
        VerifierPoison.Map when index < _file.Maps.Count => _file.Maps[index].Name,
        VerifierPoison.Function when index - _file.Configuration.Count is >= 0 and int symbol && symbol < _file.KernelSymbols.Count =>
            _file.KernelSymbols[symbol].Name,      // numbered after the configuration's values, as libbpf does
        VerifierPoison.Relocation => NameOfRelocation(linked, index),
        _ => null,
    };

    /// <summary>Puts a relocation into words: <c>task_struct.pid</c>.</summary>
    private string? NameOfRelocation(LinkedProgram linked, int index)
    {
        LinkedFunction place = linked.Functions.FirstOrDefault(placed => index >= placed.Start && index - placed.Start < placed.Length);
        if (_file.Btf is not { } types || place.Length == 0)
        {
            return null;
        }

        int instruction = index - place.Start;
        CodeFunction function = _file.Functions[place.Index];
        foreach (CoreRecord record in CodeSection.Within(function.Section.CoreRecords, function, static record => record.InstructionOffset))
        {
            if (record.InstructionOffset != function.Start + instruction)
            {
                continue;
            }

            var text = new System.Text.StringBuilder(types[record.TypeId].NameText);
            BtfType type = types.SkipModifiers(record.TypeId);
            foreach (string part in types.NameText(record.AccessOffset).Split(':').Skip(1))
            {
                int step = int.Parse(part, System.Globalization.CultureInfo.InvariantCulture);
                if (!type.IsComposite)
                {
                    text.Append('[').Append(step).Append(']');
                    continue;
                }

                BtfMember member = type.Member(step);
                text.Append('.').Append(types.NameText(member.NameOffset));
                type = types.SkipModifiers(member.TypeId);
            }

            return text.ToString();
        }

        return null;
    }

    private void FillProgramArrays()
    {
        foreach (BpfMapDefinition definition in _file.Maps)
        {
            if (definition.Type != BpfMapType.ProgramArray || _maps[definition.Index] is not { } array)
            {
                continue;
            }

            foreach (BpfInitialSlot slot in definition.InitialSlots)
            {
                BpfProgramDefinition wanted = _file.Programs[slot.TargetIndex];
                if (_leftOut.ContainsKey(wanted.Name))
                {
                    // A tail call to an empty slot goes on behind the call: the author of an optional program reckons with that.
                    continue;
                }

                BpfProgram program = _programs[slot.TargetIndex] ?? throw new KeyNotFoundException(
                    $"{_file.Name}: map {definition.Name} wants program {wanted.Name}, which was not loaded");
                using BpfHandle.Lease lease = program.Handle.Borrow();
                Span<uint> key = [slot.Slot];
                Span<int> value = [lease.Fd];
                array.Update(MemoryMarshal.AsBytes(key), MemoryMarshal.AsBytes(value));
            }
        }
    }
}
