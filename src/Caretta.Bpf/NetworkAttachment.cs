using System.Runtime.InteropServices;
using System.Text;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>
/// A program at a network device, on kernels that have no links for it: XDP before Linux 5.9, traffic control before 6.6. It stays until it
/// is taken away, or the device goes.
/// </summary>
internal sealed class NetworkAttachment : IDisposable
{
    private const ushort SetLink = 19;                 // include/uapi/linux/rtnetlink.h, RTM_*
    private const ushort NewQueue = 36;
    private const ushort NewFilter = 44;
    private const ushort DeleteFilter = 45;
    private const ushort LinkXdp = 43;                 // include/uapi/linux/if_link.h, IFLA_XDP
    private const ushort XdpDescriptor = 1;
    private const ushort XdpFlags = 3;
    private const uint XdpOnlyIfNone = 1;              // XDP_FLAGS_UPDATE_IF_NOEXIST
    private const ushort Kind = 1;                     // TCA_KIND
    private const ushort Options = 2;                  // TCA_OPTIONS
    private const ushort FilterDescriptor = 6;         // include/uapi/linux/pkt_cls.h, TCA_BPF_*
    private const ushort FilterName = 7;
    private const ushort FilterFlags = 8;
    private const uint DirectAction = 1;               // TCA_BPF_FLAG_ACT_DIRECT
    private const uint AllProtocols = 0x0300;          // htons(ETH_P_ALL)
    private const uint QueueHandle = 0xffff0000;       // include/uapi/linux/pkt_sched.h, TC_H_CLSACT
    private const uint QueueParent = 0xfffffff1;
    private const uint Ingress = 0xfffffff2;
    private const uint Egress = 0xfffffff3;

    // Its network namespace is the one of the device, wherever the thread that detaches is.
    private readonly Netlink _netlink;
    private readonly Action<Netlink> _detach;
    private int _isDetached;

    private NetworkAttachment(Netlink netlink, Action<Netlink> detach)
    {
        _netlink = netlink;
        _detach = detach;
    }

    /// <inheritdoc cref="BpfLink.AttachXdp"/>
    public static BpfLink AttachXdp(BpfProgram program, int device, BpfXdpMode mode, bool viaNetlink)
    {
        string description = $"{program.Name} to packets of device {device}";
        if (!viaNetlink)
        {
            int result = BpfLink.TryCreate(program, device, BpfAttachType.Xdp, (uint)mode);
            if (result != -Errno.EINVAL)
            {
                return BpfLink.Wrap(result, description);
            }
        }

        return Attach(program, description, (netlink, fd) =>
        {
            int result = SendXdp(netlink, device, fd, (uint)mode | XdpOnlyIfNone);
            return (result, connection => SendXdp(connection, device, -1, (uint)mode));
        });
    }

    /// <inheritdoc cref="BpfLink.AttachTraffic"/>
    public static BpfLink AttachTraffic(BpfProgram program, int device, bool isIngress, bool viaNetlink)
    {
        string description = $"{program.Name} to {(isIngress ? "ingress" : "egress")} of device {device}";
        if (!viaNetlink)
        {
            int result = BpfLink.TryCreate(program, device, isIngress ? BpfAttachType.TcxIngress : BpfAttachType.TcxEgress, 0);
            if (result != -Errno.EINVAL)
            {
                return BpfLink.Wrap(result, description);
            }
        }

        return Attach(program, description, (netlink, fd) =>
        {
            uint parent = isIngress ? Ingress : Egress;
            Begin(netlink, NewQueue, Netlink.Request | Netlink.Create | Netlink.Exclusive, device, QueueHandle, QueueParent, 0);
            netlink.Add(Kind, "clsact\0"u8);
            int result = netlink.Send();
            if (result is not (0 or -Errno.EEXIST))
            {
                return (result, null!);
            }

            Begin(netlink, NewFilter, Netlink.Request | Netlink.Create | Netlink.Exclusive | Netlink.Echo, device, 0, parent, AllProtocols);
            netlink.Add(Kind, "bpf\0"u8);
            int options = netlink.Nest(Options);
            netlink.Add(FilterDescriptor, (uint)fd);
            netlink.Add(FilterName, Encoding.UTF8.GetBytes(program.Name + "\0"));
            netlink.Add(FilterFlags, DirectAction);
            netlink.End(options);

            // struct tcmsg, with the handle and the priority that the kernel chose.
            Span<uint> made = stackalloc uint[5];
            result = netlink.Send(MemoryMarshal.AsBytes(made));
            uint handle = made[2];
            uint info = made[4];
            return (result, connection =>
            {
                Begin(connection, DeleteFilter, Netlink.Request, device, handle, parent, info);
                connection.Add(Kind, "bpf\0"u8);
                _ = connection.Send();
            }
            );
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDetached, 1) == 0)
        {
            // It may be gone, with its device or by other hands; nothing can be done about any other answer.
            _detach(_netlink);
            _netlink.Dispose();
        }
    }

    private static BpfLink Attach(BpfProgram program, string description, Func<Netlink, int, (int Result, Action<Netlink> Detach)> attach)
    {
        Netlink netlink = Netlink.Open();
        try
        {
            using BpfHandle.Lease lease = program.Handle.Borrow();
            (int result, Action<Netlink> detach) = attach(netlink, lease.Fd);
            if (result < 0)
            {
                throw new BpfException($"attach {description}", -result, advice: result switch
                {
                    -Errno.EBUSY or -Errno.EEXIST => "there is another program already",
                    -Errno.ENODEV => "there is no such device in this network namespace",
                    -Errno.EPERM => "needs CAP_NET_ADMIN",
                    _ => null,
                });
            }

            return new BpfLink(program.Handle.Duplicate(), description, isKernelLink: false, new NetworkAttachment(netlink, detach))
            {
                OutlivesProcess = true,
            };
        }
        catch
        {
            netlink.Dispose();
            throw;
        }
    }

    private static int SendXdp(Netlink netlink, int device, int fd, uint flags)
    {
        // struct ifinfomsg: family and type, index, flags, change.
        ReadOnlySpan<int> message = [0, device, 0, 0];
        netlink.Begin(SetLink, Netlink.Request, MemoryMarshal.AsBytes(message));
        int nest = netlink.Nest(LinkXdp);
        netlink.Add(XdpDescriptor, (uint)fd);
        netlink.Add(XdpFlags, flags);
        netlink.End(nest);
        return netlink.Send();
    }

    private static void Begin(Netlink netlink, ushort type, int flags, int device, uint handle, uint parent, uint info)
    {
        // struct tcmsg: family, index, handle, parent, info (priority << 16 | protocol).
        ReadOnlySpan<uint> message = [0, (uint)device, handle, parent, info];
        netlink.Begin(type, (ushort)flags, MemoryMarshal.AsBytes(message));
    }
}
