using System.Runtime.InteropServices;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>
/// A struct of the kernel with programs as its functions, registered: by a link if the map was made for it (Linux 6.4), else as long as the
/// map holds its value.
/// </summary>
/// <remarks>Source: <c>kernel/bpf/bpf_struct_ops.c</c>, <c>bpf_struct_ops_map_update_elem</c> and <c>bpf_struct_ops_link_create</c>.</remarks>
internal sealed class StructOpsAttachment : IDisposable
{
    private const uint LinkFlag = 1 << 13;      // include/uapi/linux/bpf.h, BPF_F_LINK

    private readonly BpfMap _map;
    private int _isDetached;

    private StructOpsAttachment(BpfMap map)
    {
        _map = map;
    }

    /// <summary>Registers it.</summary>
    /// <param name="map">The map.</param>
    /// <param name="value">Its value, descriptors of programs filled in. They must stay open until this returns.</param>
    /// <exception cref="BpfException">Refused: EEXIST if there is one of the same name.</exception>
    public static BpfLink Attach(BpfMap map, ReadOnlySpan<byte> value)
    {
        string description = $"struct {map.Name} to the kernel";
        bool hasLink = (map.Shape.Flags & LinkFlag) != 0;
        int result = map.Element(bpf_cmd.BPF_MAP_UPDATE_ELEM, stackalloc byte[sizeof(int)], value, 0);

        // EBUSY: it has been set before, for a link that is gone. That is the value it would get now.
        if (result < 0 && !(hasLink && result == -Errno.EBUSY))
        {
            throw new BpfException($"attach {description}", -result, advice: Advice.For(-result));
        }

        if (!hasLink)
        {
            var own = new BpfMap(map.Handle.Duplicate(), map.Shape);
            return new BpfLink(map.Handle.Duplicate(), description, isKernelLink: false, new StructOpsAttachment(own)) { OutlivesProcess = true };
        }

        using BpfHandle.Lease lease = map.Handle.Borrow();
        var attr = new bpf_attr_link_create { prog_fd = (uint)lease.Fd, attach_type = (uint)BpfAttachType.StructOps };
        return BpfLink.Wrap(BpfSyscall.Call(bpf_cmd.BPF_LINK_CREATE, ref attr), description);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDetached, 1) == 0)
        {
            // ENOENT or EINPROGRESS: somebody else has taken it away. Nothing else can be done about any other answer.
            _ = _map.Element(bpf_cmd.BPF_MAP_DELETE_ELEM, stackalloc byte[sizeof(int)], default, 0);
            _map.Dispose();
        }
    }

    /// <summary>Puts a program's descriptor where the kernel looks for it: 8 bytes in the place of a pointer.</summary>
    public static void SetProgram(Span<byte> value, int offset, int descriptor)
    {
        ulong number = (uint)descriptor;
        MemoryMarshal.Write(value[offset..], in number);
    }
}
