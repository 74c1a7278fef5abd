using System.Text;
using Caretta.Bpf.Btf;

namespace Caretta.Bpf;

/// <summary>
/// A map of struct_ops as the running kernel lays it out: its struct may have other members, in other places, than the object's.
/// </summary>
/// <remarks>Source: libbpf, <c>bpf_map__init_kern_struct_ops</c>. Linux 5.6; structs of modules 6.9.</remarks>
internal sealed class StructOpsLayout
{
    private readonly List<StructOpsFunction> _functions = [];

    private StructOpsLayout(BtfTypes? module, uint typeId, BtfType value)
    {
        Module = module;
        TypeId = typeId;
        ValueTypeId = value.Id;
        Value = new byte[value.Size];
    }

    /// <summary>The module whose struct it is; null for the kernel proper.</summary>
    public BtfTypes? Module { get; }

    /// <summary>The struct that programs stand in for functions of, in the kernel's types.</summary>
    public uint TypeId { get; }

    /// <summary>The struct that wraps it as the map's value, <c>bpf_struct_ops_</c> and its name.</summary>
    public uint ValueTypeId { get; }

    /// <summary>The map's value, complete but for the programs' descriptors.</summary>
    public byte[] Value { get; }

    /// <summary>Where the programs go.</summary>
    public IReadOnlyList<StructOpsFunction> Functions => _functions;

    /// <summary>Lays out one map.</summary>
    /// <exception cref="BadImageException">A struct's members lie outside of it.</exception>
    /// <exception cref="KeyNotFoundException">The kernel has no such struct, or the object wants of it what it does not have.</exception>
    public static StructOpsLayout Find(BpfObject file, BpfMapDefinition map, BtfTypes kernelTypes, ModuleTypes modules)
    {
        BtfTypes local = file.Btf!;
        BtfType type = local[map.StructTypeId];
        byte[] name = BtfName.Essential(type.Name).ToArray();
        byte[] valueName = [.. "bpf_struct_ops_"u8, .. name];
        KernelTypeId found = new(kernelTypes.FindByName(valueName, BtfKind.Struct));
        if (found.Id == 0)
        {
            found = modules.Find(module => module.FindByName(valueName, BtfKind.Struct));
        }

        BtfTypes kernel = found.Module ?? kernelTypes;
        (uint valueId, uint typeId) = (found.Id, kernel.FindByName(name, BtfKind.Struct));
        int data = valueId == 0 || typeId == 0 ? -1 : IndexOf(kernel[valueId], member => member.TypeId == typeId);
        if (data < 0)
        {
            throw new KeyNotFoundException($"{file.Name}: {map.Name}: this kernel has no struct_ops {Encoding.UTF8.GetString(name)}");
        }

        var layout = new StructOpsLayout(found.Module, typeId, kernel[valueId]);
        uint start = kernel[valueId].Member(data).BitOffset / 8;
        Dictionary<uint, int> programs = map.InitialSlots.ToDictionary(slot => slot.Slot, slot => slot.TargetIndex);
        for (int i = 0; i < type.Length; i++)
        {
            layout.Place(file, map, kernel, kernel[typeId], i, start, programs.TryGetValue((uint)i, out int program) ? program : -1);
        }

        return layout;
    }

    private void Place(BpfObject file, BpfMapDefinition map, BtfTypes kernel, BtfType target, int index, uint start, int program)
    {
        BtfTypes local = file.Btf!;
        BtfMember member = local[map.StructTypeId].Member(index);
        string name = local.NameText(member.NameOffset);
        ReadOnlySpan<byte> value = map.InitialValue.Span;
        if (!local.TryGetSize(member.TypeId, out uint size) || size > value.Length || member.BitOffset / 8 > (uint)value.Length - size)
        {
            throw new BadImageException($"{file.Name}: {map.Name}: member {name} is not inside of its {value.Length} bytes");
        }

        ReadOnlySpan<byte> data = value.Slice((int)(member.BitOffset / 8), (int)size);
        int found = IndexOf(target, other => kernel.NameOf(other.NameOffset).SequenceEqual(local.NameOf(member.NameOffset)));
        if (found < 0)
        {
            // What is zero can be left out: the object then works with kernels that do not have the member yet.
            if (data.ContainsAnyExcept((byte)0))
            {
                throw new KeyNotFoundException($"{file.Name}: {map.Name}: this kernel's {target} has no member {name}");
            }

            return;
        }

        BtfMember other = target.Member(found);
        BtfType type = local.SkipModifiers(member.TypeId);
        BtfType targetType = kernel.SkipModifiers(other.TypeId);
        bool isFunction = type.Kind == BtfKind.Pointer;
        if (type.Kind != targetType.Kind || member.BitSize != 0 || other.BitSize != 0
            || (isFunction ? program >= 0 && kernel.SkipModifiers(targetType.TypeId).Kind != BtfKind.FunctionPrototype
                : !kernel.TryGetSize(targetType.Id, out uint targetSize) || targetSize != size))
        {
            throw new KeyNotFoundException($"{file.Name}: {map.Name}: member {name} of this kernel's {target} is another than the object's");
        }

        int place = (int)(start + (other.BitOffset / 8));
        if ((uint)place > (uint)Value.Length || size > Value.Length - place)
        {
            throw new BadImageException($"{kernel.ImageName}: {target} does not fit into its struct_ops value of {Value.Length} bytes");
        }

        if (!isFunction)
        {
            data.CopyTo(Value.AsSpan(place));
        }
        else if (program >= 0)
        {
            _functions.Add(new StructOpsFunction(program, found, place));
        }
    }

    private static int IndexOf(BtfType type, Func<BtfMember, bool> isWanted)
    {
        for (int i = 0; i < type.Length; i++)
        {
            if (isWanted(type.Member(i)))
            {
                return i;
            }
        }

        return -1;
    }
}
