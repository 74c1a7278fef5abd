using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Caretta.Bpf.Interop;

// The members of union bpf_attr (include/uapi/linux/bpf.h), one struct per command, as long as the newest member that is used here.
// The kernel accepts a shorter attr than its own, and a longer one if the unknown tail is zero. Pointers are 64 bits wide everywhere.

/// <summary><c>enum bpf_cmd</c>.</summary>
internal enum bpf_cmd
{
    BPF_MAP_CREATE = 0,
    BPF_MAP_LOOKUP_ELEM = 1,
    BPF_MAP_UPDATE_ELEM = 2,
    BPF_MAP_DELETE_ELEM = 3,
    BPF_MAP_GET_NEXT_KEY = 4,
    BPF_PROG_LOAD = 5,
    BPF_OBJ_PIN = 6,
    BPF_OBJ_GET = 7,
    BPF_PROG_ATTACH = 8,
    BPF_PROG_DETACH = 9,
    BPF_PROG_TEST_RUN = 10,
    BPF_OBJ_GET_INFO_BY_FD = 15,
    BPF_RAW_TRACEPOINT_OPEN = 17,
    BPF_BTF_LOAD = 18,
    BPF_BTF_GET_FD_BY_ID = 19,
    BPF_MAP_LOOKUP_AND_DELETE_ELEM = 21,
    BPF_MAP_FREEZE = 22,
    BPF_BTF_GET_NEXT_ID = 23,
    BPF_MAP_LOOKUP_BATCH = 24,
    BPF_MAP_LOOKUP_AND_DELETE_BATCH = 25,
    BPF_MAP_UPDATE_BATCH = 26,
    BPF_MAP_DELETE_BATCH = 27,
    BPF_LINK_CREATE = 28,
    BPF_LINK_UPDATE = 29,
    BPF_ITER_CREATE = 33,
    BPF_LINK_DETACH = 34,
    BPF_PROG_BIND_MAP = 35,
}

/// <summary>Names are 15 bytes and a NUL (BPF_OBJ_NAME_LEN), from Linux 4.15.</summary>
[InlineArray(Length)]
internal struct bpf_obj_name
{
    public const int Length = 16;

    private byte _first;

    public override readonly string ToString()
    {
        ReadOnlySpan<byte> bytes = this;
        int end = bytes.IndexOf((byte)0);
        return System.Text.Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }
}

/// <summary>BPF_MAP_CREATE.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_attr_map_create
{
    public uint map_type;
    public uint key_size;
    public uint value_size;
    public uint max_entries;
    public uint map_flags;
    public uint inner_map_fd;
    public uint numa_node;
    public bpf_obj_name map_name;
    public uint map_ifindex;
    public uint btf_fd;
    public uint btf_key_type_id;
    public uint btf_value_type_id;
    public uint btf_vmlinux_value_type_id;
    public ulong map_extra;
    public int value_type_btf_obj_fd;
    private readonly uint _pad;
}

/// <summary>BPF_MAP_*_ELEM, BPF_MAP_GET_NEXT_KEY and BPF_MAP_FREEZE.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_attr_elem
{
    public uint map_fd;
    private readonly uint _pad;
    public ulong key;
    /// <summary>Or next_key.</summary>
    public ulong value;
    public ulong flags;
}

/// <summary>BPF_MAP_*_BATCH.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_attr_batch
{
    public ulong in_batch;
    public ulong out_batch;
    public ulong keys;
    public ulong values;
    /// <summary>In: room; out: entries copied, valid with ENOENT too.</summary>
    public uint count;
    public uint map_fd;
    public ulong elem_flags;
    public ulong flags;
}

/// <summary>BPF_PROG_LOAD.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_attr_prog_load
{
    public uint prog_type;
    public uint insn_cnt;
    public ulong insns;
    public ulong license;
    public uint log_level;
    public uint log_size;
    public ulong log_buf;
    public uint kern_version;
    public uint prog_flags;
    public bpf_obj_name prog_name;
    public uint prog_ifindex;
    public uint expected_attach_type;
    public uint prog_btf_fd;
    public uint func_info_rec_size;
    public ulong func_info;
    public uint func_info_cnt;
    public uint line_info_rec_size;
    public ulong line_info;
    public uint line_info_cnt;
    public uint attach_btf_id;
    /// <summary>Or attach_btf_obj_fd.</summary>
    public uint attach_prog_fd;
    public uint core_relo_cnt;
    public ulong fd_array;
    public ulong core_relos;
    public uint core_relo_rec_size;
    /// <summary>Written by the kernel, Linux 6.4: what the whole log takes, its terminating NUL included.</summary>
    public uint log_true_size;
}

/// <summary>BPF_PROG_ATTACH and BPF_PROG_DETACH.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_attr_prog_attach
{
    public uint target_fd;
    public uint attach_bpf_fd;
    public uint attach_type;
    public uint attach_flags;
    public uint replace_bpf_fd;
}

/// <summary>BPF_PROG_TEST_RUN.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_attr_test
{
    public uint prog_fd;
    public uint retval;
    public uint data_size_in;
    public uint data_size_out;
    public ulong data_in;
    public ulong data_out;
    public uint repeat;
    public uint duration;
    public uint ctx_size_in;
    public uint ctx_size_out;
    public ulong ctx_in;
    public ulong ctx_out;
}

/// <summary>BPF_OBJ_GET_INFO_BY_FD.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_attr_info
{
    public uint bpf_fd;
    public uint info_len;
    public ulong info;
}

/// <summary>BPF_RAW_TRACEPOINT_OPEN.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_attr_raw_tracepoint
{
    public ulong name;
    public uint prog_fd;
    private readonly uint _pad;
}

/// <summary>BPF_BTF_LOAD.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_attr_btf_load
{
    public ulong btf;
    public ulong btf_log_buf;
    public uint btf_size;
    public uint btf_log_size;
    public uint btf_log_level;
    private readonly uint _pad;
}

/// <summary>BPF_OBJ_PIN and BPF_OBJ_GET.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_attr_obj
{
    public ulong pathname;
    public uint bpf_fd;
    public uint file_flags;
}

/// <summary>BPF_LINK_CREATE, with the members for iterators and for events.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_attr_link_create
{
    public uint prog_fd;
    /// <summary>Or target_ifindex.</summary>
    public uint target_fd;
    public uint attach_type;
    public uint flags;
    /// <summary>iter_info: address of one of the <see cref="bpf_iter_link_info_map"/>; perf event: bpf_cookie.</summary>
    public ulong iter_info;
    public uint iter_info_len;
    private readonly uint _pad;
}

/// <summary>BPF_LINK_CREATE for several kernel functions.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_attr_link_create_multi
{
    public uint prog_fd;
    public uint target_fd;
    public uint attach_type;
    public uint flags;
    public bpf_kprobe_multi kprobe_multi;
}

/// <summary>BPF_LINK_CREATE for a netfilter hook.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_attr_link_create_netfilter
{
    public uint prog_fd;
    public uint target_fd;
    public uint attach_type;
    public uint flags;
    public uint pf;
    public uint hooknum;
    public int priority;
    /// <summary>Of the hook: BPF_F_NETFILTER_IP_DEFRAG.</summary>
    public uint netfilter_flags;
}

/// <summary>Member kprobe_multi of BPF_LINK_CREATE.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_kprobe_multi
{
    public uint flags;
    public uint cnt;
    public ulong syms;
    public ulong addrs;
    public ulong cookies;
}

/// <summary>BPF_LINK_UPDATE.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_attr_link_update
{
    public uint link_fd;
    public uint new_prog_fd;
    public uint flags;
    public uint old_prog_fd;
}

/// <summary>BPF_LINK_DETACH.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_attr_link_detach
{
    public uint link_fd;
}

/// <summary><c>union bpf_iter_link_info</c>, the member for map iterators.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_iter_link_info_map
{
    public uint map_fd;
}

/// <summary><c>union bpf_iter_link_info</c>, the member for cgroups.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_iter_link_info_cgroup
{
    public uint order;
    public uint cgroup_fd;
    public ulong cgroup_id;
}

/// <summary><c>union bpf_iter_link_info</c>, the member for tasks.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_iter_link_info_task
{
    public uint tid;
    public uint pid;
    public uint pid_fd;
}

/// <summary>BPF_ITER_CREATE.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_attr_iter_create
{
    public uint link_fd;
    public uint flags;
}

/// <summary>BPF_PROG_BIND_MAP.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_attr_prog_bind_map
{
    public uint prog_fd;
    public uint map_fd;
    public uint flags;
}

/// <summary><c>struct bpf_prog_info</c> up to <c>recursion_misses</c> (Linux 5.12) and <c>verified_insns</c> (5.16).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_prog_info
{
    public uint type;
    public uint id;
    public ulong tag;
    public uint jited_prog_len;
    public uint xlated_prog_len;
    public ulong jited_prog_insns;
    public ulong xlated_prog_insns;
    public ulong load_time;
    public uint created_by_uid;
    public uint nr_map_ids;
    public ulong map_ids;
    public bpf_obj_name name;
    public uint ifindex;
    public uint gpl_compatible;
    public ulong netns_dev;
    public ulong netns_ino;
    public uint nr_jited_ksyms;
    public uint nr_jited_func_lens;
    public ulong jited_ksyms;
    public ulong jited_func_lens;
    public uint btf_id;
    public uint func_info_rec_size;
    public ulong func_info;
    public uint nr_func_info;
    public uint nr_line_info;
    public ulong line_info;
    public ulong jited_line_info;
    public uint nr_jited_line_info;
    public uint line_info_rec_size;
    public uint jited_line_info_rec_size;
    public uint nr_prog_tags;
    public ulong prog_tags;
    public ulong run_time_ns;
    public ulong run_cnt;
    public ulong recursion_misses;
    public uint verified_insns;
    public uint attach_btf_obj_id;
    public uint attach_btf_id;
    private readonly uint _pad;
}

/// <summary><c>struct bpf_map_info</c> up to <c>map_extra</c> (Linux 5.16).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_map_info
{
    public uint type;
    public uint id;
    public uint key_size;
    public uint value_size;
    public uint max_entries;
    public uint map_flags;
    public bpf_obj_name name;
    public uint ifindex;
    public uint btf_vmlinux_value_type_id;
    public ulong netns_dev;
    public ulong netns_ino;
    public uint btf_id;
    public uint btf_key_type_id;
    public uint btf_value_type_id;
    public uint btf_vmlinux_id;
    public ulong map_extra;
}

/// <summary>BPF_*_GET_FD_BY_ID and BPF_*_GET_NEXT_ID.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_attr_get_id
{
    /// <summary>Or prog_id, map_id, btf_id, link_id.</summary>
    public uint start_id;
    public uint next_id;
}

/// <summary><c>struct bpf_btf_info</c> of Linux 5.11; before, it ended with <c>id</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct bpf_btf_info
{
    public ulong btf;
    public uint btf_size;
    public uint id;
    public ulong name;
    public uint name_len;
    public uint kernel_btf;
}
