using System.Runtime.InteropServices;
using Caretta.Bpf.Btf;
using Caretta.Bpf.CoreRelocation;
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
    private readonly BpfMap?[] _maps;
    private readonly BpfProgram?[] _programs;
    private readonly Dictionary<int, (uint TypeId, int Member)> _structFunctions = [];
    private BpfHandle? _types;
    private BpfException? _typesRefusal;
    private KernelTypes? _kernel;
    private KernelSymbols? _symbols;

    private BpfLoader(BpfObject file)
    {
        _file = file;
        _maps = new BpfMap?[file.Maps.Count];
        _programs = new BpfProgram?[file.Programs.Count];
    }

    /// <summary>Loads all maps, and the programs whose <see cref="BpfProgramDefinition.AutoLoad"/> is set.</summary>
    /// <exception cref="BpfException">The kernel refused something.</exception>
    /// <exception cref="BadImageException">The object or the kernel's types cannot be understood.</exception>
    /// <exception cref="CoreRelocationException">A relocation has no clear answer on this kernel.</exception>
    /// <exception cref="FileNotFoundException">The kernel does not describe its types, and the object needs them.</exception>
    /// <exception cref="KeyNotFoundException">The kernel has no such hook, variable or function.</exception>
    /// <exception cref="NotSupportedException">A program has no known type, or a map is to be pinned.</exception>
    public static LoadedObject Load(BpfObject file)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (file.IsBigEndian)
        {
            throw new NotSupportedException($"{file.Name}: a big-endian object; this machine needs one compiled with -target bpfel");
        }

        var loader = new BpfLoader(file);
        try
        {
            loader.LoadTypes();
            loader.CreateMaps();
            loader.LoadPrograms();
            loader.FillProgramArrays();
            return new LoadedObject(file, [.. loader._maps.OfType<BpfMap>()], loader._programs);
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
            loader._kernel?.Dispose();
        }
    }

    private void Undo()
    {
        foreach (BpfProgram? program in _programs)
        {
            program?.Dispose();
        }

        foreach (BpfMap? map in _maps)
        {
            map?.Dispose();
        }
    }

    private BtfTypes KernelBtf() => (_kernel ??= KernelTypes.Read()).Types;

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
            return;
        }

        try
        {
            // An older kernel: in its own words.
            _types = BtfObject.Load(_file.EncodeBtf(KernelFeatures.ProbeBtf())!, _file.Name);
        }
        catch (BpfException refusal) when (refusal.ErrorNumber != Interop.Errno.EPERM)
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
            if (!definition.AutoCreate)
            {
                continue;
            }

            BpfMap map = _maps[i] = CreateMap(definition);
            if (definition.IsData)
            {
                FillData(definition, map);
            }
        }

        // Only now do all the maps exist that others may hold.
        foreach (BpfMapDefinition definition in _file.Maps)
        {
            if (definition.Type is BpfMapType.ArrayOfMaps or BpfMapType.HashOfMaps)
            {
                foreach (BpfInitialSlot slot in definition.InitialSlots)
                {
                    _maps[definition.Index]!.UpdateInner(slot.Slot, _maps[slot.TargetIndex]!);
                }
            }
        }
    }

    private BpfMap CreateMap(BpfMapDefinition definition)
    {
        if (definition.PinByName)
        {
            throw new NotSupportedException(
                $"{_file.Name}: map {definition.Name} is to be pinned, which is not supported: clear PinByName to have one of its own");
        }

        BpfMapShape shape = MapFixups.ToShape(definition);
        var info = new BpfMap.MapTypeInfo(NumaNode: (int)definition.NumaNode, MapExtra: definition.MapExtra);
        if (_types is not null && MapFixups.TakesTypes(definition))
        {
            info = info with { BtfKeyTypeId = (int)definition.BtfKeyTypeId, BtfValueTypeId = (int)definition.BtfValueTypeId };
        }

        if (definition.Kind == BpfMapKind.StructOps)
        {
            StructOpsLayout layout = StructOpsLayout.Find(_file, definition, KernelBtf());
            foreach (StructOpsFunction function in layout.Functions)
            {
                if (!_structFunctions.TryAdd(function.ProgramIndex, (layout.TypeId, function.Member))
                    && _structFunctions[function.ProgramIndex] != (layout.TypeId, function.Member))
                {
                    throw new NotSupportedException($"{_file.Name}: {definition.Name}: program {_file.Programs[function.ProgramIndex].Name} "
                        + "stands in for another function elsewhere, and can be verified for one only");
                }
            }

            return BpfMap.Create(
                shape with { ValueSize = layout.Value.Length }, info with { BtfVmlinuxValueTypeId = (int)layout.ValueTypeId }, _types);
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

    private void LoadPrograms()
    {
        ProgramLinker linker = _file.CreateLinker(NeedsKernelTypes() ? KernelBtf() : null, () => _kernel!.ReadModules());
        foreach (BpfProgramDefinition definition in _file.Programs)
        {
            if (definition.AutoLoad)
            {
                _programs[definition.Index] = Load(linker.Link(definition));
            }
        }
    }

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
            // Our maps stay open until the object is loaded or undone, so their numbers are good until then.
            linked.SetMap(reference, (int)MapOf(reference).Handle.DangerousGetHandle());
        }

        foreach (BpfKernelSymbolReference reference in linked.KernelSymbolReferences)
        {
            (_symbols ??= new KernelSymbols(_file, KernelBtf)).Resolve(linked, reference);
        }

        bool isStructFunction = _structFunctions.TryGetValue(definition.Index, out (uint TypeId, int Member) function);
        var load = new ProgramLoad
        {
            Name = definition.Name,
            Type = definition.Type,
            Instructions = linked.Instructions.ToArray(),
            License = _file.License,
            AttachType = isStructFunction ? (BpfAttachType)function.Member : definition.ExpectedAttachType,
            AttachTypeIsOptional = definition.ExpectedAttachTypeIsOptional,
            Flags = (uint)definition.Flags,
            AttachBtfId = isStructFunction ? function.TypeId : AttachTypeId.Find(definition, KernelBtf),
            KernelVersion = KernelRelease.VersionCode,
            Types = _types,
            Functions = linked.FunctionInfo.ToArray(),
            Lines = linked.LineInfo.ToArray(),
        };
        return new BpfProgram(
            load.Load(), definition.Name, definition.Type, definition.ExpectedAttachType, definition.AttachTarget ?? string.Empty);
    }

    private BpfMap MapOf(BpfMapReference reference) => _maps[reference.MapIndex]
        ?? throw new KeyNotFoundException($"{_file.Name}: map {_file.Maps[reference.MapIndex].Name} was not created");

    private void FillProgramArrays()
    {
        foreach (BpfMapDefinition definition in _file.Maps)
        {
            if (definition.Type != BpfMapType.ProgramArray)
            {
                continue;
            }

            foreach (BpfInitialSlot slot in definition.InitialSlots)
            {
                BpfProgram program = _programs[slot.TargetIndex] ?? throw new KeyNotFoundException(
                    $"{_file.Name}: map {definition.Name} wants program {_file.Programs[slot.TargetIndex].Name}, which was not loaded");
                using BpfHandle.Lease lease = program.Handle.Borrow();
                Span<uint> key = [slot.Slot];
                Span<int> value = [lease.Fd];
                _maps[definition.Index]!.Update(MemoryMarshal.AsBytes(key), MemoryMarshal.AsBytes(value));
            }
        }
    }
}
