using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

using Caretta.Aot;
using Caretta.Aot.Links;
using Caretta.Bpf;
using Caretta.Bpf.Btf;
using Caretta.Bpf.Interop;
using Caretta.Kernel.Tests.Support;

using Xunit;

namespace Caretta.Kernel.Tests.Loader;

/// <summary>Our structures against the types of whoever owns them: the running kernel, or the object that the agent carries.</summary>
public sealed class KernelLayoutTests
{
    [KernelFact]
    public void Arguments_of_the_system_call_lie_where_this_kernel_has_them()
    {
        using KernelTypes kernel = KernelTypes.Read();
        BtfTypes types = kernel.Types;
        BtfType attr = Find(types, "bpf_attr", BtfKind.Union);

        // Commands whose arguments have no name in union bpf_attr are known by a member that no other has.
        Compare<bpf_attr_map_create>(types, Holding(types, attr, "map_extra"));
        Compare<bpf_attr_elem>(types, Holding(types, attr, "next_key"));
        Compare<bpf_attr_batch>(types, Named(types, attr, "batch"));
        Compare<bpf_attr_prog_load>(types, Holding(types, attr, "insn_cnt"));
        Compare<bpf_attr_prog_attach>(types, Holding(types, attr, "attach_bpf_fd"));
        Compare<bpf_attr_test>(types, Named(types, attr, "test"));
        Compare<bpf_attr_info>(types, Named(types, attr, "info"));
        Compare<bpf_attr_raw_tracepoint>(types, Named(types, attr, "raw_tracepoint"));
        Compare<bpf_attr_btf_load>(types, Holding(types, attr, "btf_log_buf"));
        Compare<bpf_attr_link_create>(types, Named(types, attr, "link_create"));
        Compare<bpf_attr_iter_create>(types, Named(types, attr, "iter_create"));
        Compare<bpf_attr_prog_bind_map>(types, Named(types, attr, "prog_bind_map"));
        Compare<bpf_attr_link_create_multi>(types, Named(types, attr, "link_create"));
        Compare<bpf_attr_link_update>(types, Named(types, attr, "link_update"));
        Compare<bpf_attr_link_detach>(types, Named(types, attr, "link_detach"));
        Compare<bpf_attr_get_id>(types, Holding(types, attr, "next_id"));
        Compare<bpf_btf_info>(types, Find(types, "bpf_btf_info", BtfKind.Struct));
        Compare<bpf_attr_obj>(types, Holding(types, attr, "pathname"));
        BtfType iterator = Find(types, "bpf_iter_link_info", BtfKind.Union);
        Compare<bpf_iter_link_info_map>(types, Named(types, iterator, "map"));
        Compare<bpf_iter_link_info_cgroup>(types, Named(types, iterator, "cgroup"));
        Compare<bpf_iter_link_info_task>(types, Named(types, iterator, "task"));
        Compare<bpf_map_info>(types, Find(types, "bpf_map_info", BtfKind.Struct));
        Compare<rlimit64>(types, Find(types, "rlimit64", BtfKind.Struct));
    }

    [KernelFact]
    public void What_the_kernel_tells_of_a_program_lies_where_this_kernel_has_it()
    {
        using KernelTypes kernel = KernelTypes.Read();

        Compare<bpf_prog_info>(kernel.Types, Find(kernel.Types, "bpf_prog_info", BtfKind.Struct));
        Assert.Equal((int)Find(kernel.Types, "bpf_func_info", BtfKind.Struct).Size, Unsafe.SizeOf<BpfFunctionInfo>());
        Assert.Equal((int)Find(kernel.Types, "bpf_line_info", BtfKind.Struct).Size, Unsafe.SizeOf<BpfLineInfo>());
        Assert.Equal((int)Find(kernel.Types, "bpf_insn", BtfKind.Struct).Size, Unsafe.SizeOf<BpfInstruction>());
    }

    [KernelFact]
    public void Numbers_of_commands_and_types_are_this_kernels()
    {
        using KernelTypes kernel = KernelTypes.Read();
        Dictionary<string, ulong> commands = Enumerators(kernel.Types, "bpf_cmd");
        foreach (bpf_cmd command in Enum.GetValues<bpf_cmd>())
        {
            Assert.Equal(commands[command.ToString()], (ulong)command);
        }

        Assert.Equal((ulong)BpfProgramType.Syscall, Enumerators(kernel.Types, "bpf_prog_type")["BPF_PROG_TYPE_SYSCALL"]);
        Assert.Equal((ulong)BpfMapType.Arena, Enumerators(kernel.Types, "bpf_map_type")["BPF_MAP_TYPE_ARENA"]);
        Assert.Equal((ulong)BpfAttachType.TraceIterator, Enumerators(kernel.Types, "bpf_attach_type")["BPF_TRACE_ITER"]);
        Assert.Equal((ulong)BpfAttachType.LsmCgroup, Enumerators(kernel.Types, "bpf_attach_type")["BPF_LSM_CGROUP"]);
    }

    [KernelFact]
    public void The_agents_structures_are_those_of_its_programs()
    {
        BtfTypes types = BpfObject.Parse(BuildInfo.ReadBpfObject(), "caretta.bpf.o").Btf!;

        CompareWhole<LinkKey>(types, "link_key");
        CompareWhole<LinkDelta>(types, "link_delta");
        CompareWhole<SocketOwner>(types, "socket_owner");
        CompareWhole<SweptLink>(types, "swept_link");
        CompareWhole<KernelCounters>(types, "counters");
    }

    [KernelFact]
    public void The_agents_structures_are_those_of_the_fallback_programs()
    {
        TierObjects objects = BuildInfo.TierObjects;
        foreach (Func<ReadOnlyMemory<byte>> image in (Func<ReadOnlyMemory<byte>>[])[objects.Sockops, objects.SockopsTypes, objects.Tracing])
        {
            BtfTypes types = BpfObject.Parse(image(), "fallback").Btf!;

            CompareWhole<LinkKey>(types, "link_key");
            CompareWhole<LinkDelta>(types, "link_delta");
            CompareWhole<SocketOwner>(types, "socket_owner");
            CompareWhole<FallbackCounters>(types, "fallback_counters");
        }
    }

    /// <summary>Every member of ours is a member of theirs at the same place and of the same size.</summary>
    private static void Compare<T>(BtfTypes types, BtfType theirs)
        where T : unmanaged
    {
        List<string> differences = [];
        foreach (FieldInfo field in typeof(T).GetFields(BindingFlags.Instance | BindingFlags.Public))
        {
            (uint Offset, uint Size)? place = Place(types, theirs, field.Name);
            (uint Offset, uint Size) ours = (OffsetOf<T>(field), SizeOf(field.FieldType));
            if (place != ours)
            {
                differences.Add($"{typeof(T).Name}.{field.Name}: {ours} here, {place} there");
            }
        }

        Assert.Empty(differences);
    }

    /// <summary>The same in the other direction too: nothing of theirs is left out, and the size is the same.</summary>
    private static void CompareWhole<T>(BtfTypes types, string name)
        where T : unmanaged
    {
        BtfType theirs = Find(types, name, BtfKind.Struct);
        SortedDictionary<uint, (string Name, uint Size)> ours = [];
        foreach (FieldInfo field in typeof(T).GetFields(BindingFlags.Instance | BindingFlags.NonPublic))
        {
            // <LocalAddress>k__BackingField
            string member = ToSnakeCase(field.Name[1..field.Name.IndexOf('>')]);
            ours.Add(OffsetOf<T>(field), (member == "padding" ? "_pad" : member, SizeOf(field.FieldType)));
        }

        // Two words here, an array of characters there.
        if (ours.Values.Any(static member => member.Name == "comm_second"))
        {
            (uint first, (string Name, uint Size) member) = ours.Single(static pair => pair.Value.Name == "comm_first");
            Assert.Equal("comm_second", ours[first + member.Size].Name);
            ours.Remove(first + member.Size);
            ours[first] = ("comm", 2 * member.Size);
        }

        List<string> expected = [];
        for (int i = 0; i < theirs.Length; i++)
        {
            BtfMember member = theirs.Member(i);
            Assert.True(types.TryGetSize(member.TypeId, out uint size));
            expected.Add($"{member.BitOffset / 8}: {types.NameText(member.NameOffset)}, {size} bytes");
        }

        Assert.Equal(expected, ours.Select(static pair => $"{pair.Key}: {pair.Value.Name}, {pair.Value.Size} bytes"));
        Assert.Equal((int)theirs.Size, Unsafe.SizeOf<T>());
    }

    /// <summary>Finds a member, in anonymous structures and unions too.</summary>
    private static (uint Offset, uint Size)? Place(BtfTypes types, BtfType type, string name)
    {
        for (int i = 0; i < type.Length; i++)
        {
            BtfMember member = type.Member(i);
            BtfType inner = types.SkipModifiers(member.TypeId);
            if (types.NameText(member.NameOffset) == name && types.TryGetSize(member.TypeId, out uint size))
            {
                return (member.BitOffset / 8, size);
            }

            if (member.NameOffset == 0 && inner.IsComposite && Place(types, inner, name) is { } found)
            {
                return (found.Offset + (member.BitOffset / 8), found.Size);
            }
        }

        return null;
    }

    private static BtfType Find(BtfTypes types, string name, BtfKind kind)
    {
        uint id = types.FindByName(Encoding.UTF8.GetBytes(name), kind);
        Assert.True(id != 0, $"no {kind} {name}");
        return types[id];
    }

    private static BtfType Named(BtfTypes types, BtfType union, string name) =>
        Members(types, union).Single(member => member.Name == name).Type;

    private static BtfType Holding(BtfTypes types, BtfType union, string name) =>
        Members(types, union).Single(member => member.Name.Length == 0 && Place(types, member.Type, name) is not null).Type;

    private static IEnumerable<(string Name, BtfType Type)> Members(BtfTypes types, BtfType type) =>
        Enumerable.Range(0, type.Length).Select(type.Member)
            .Select(member => (types.NameText(member.NameOffset), types.SkipModifiers(member.TypeId)));

    private static Dictionary<string, ulong> Enumerators(BtfTypes types, string name)
    {
        BtfType type = Find(types, name, BtfKind.Enum);
        Dictionary<string, ulong> values = [];
        for (int i = 0; i < type.Length; i++)
        {
            BtfEnumerator enumerator = type.Enumerator(i);
            values.Add(types.NameText(enumerator.NameOffset), (ulong)enumerator.Value);
        }

        return values;
    }

    private static uint OffsetOf<T>(FieldInfo field) => (uint)Marshal.OffsetOf<T>(field.Name);

    private static uint SizeOf(Type type) =>
        (uint)(int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;
    private static string ToSnakeCase(string name) =>
        string.Concat(name.Select((letter, i) => i > 0 && char.IsAsciiLetterUpper(letter) ? $"_{letter}" : $"{letter}")).ToLowerInvariant();
}
