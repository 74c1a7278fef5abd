using System.Globalization;
using System.Net;
using System.Net.Sockets;

using Caretta.Bpf;
using Caretta.Kernel.Tests.Support;

using Caretta.Testing;
using Xunit;

namespace Caretta.Kernel.Tests.Loader;

/// <summary>Programs at the loopback device of a network namespace that only the test is in, by links and by netlink.</summary>
public sealed class NetworkAttachTests
{
    private static readonly string[] OwnNetwork = ["unshare", "--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"];

    [KernelFact]
    public async Task Packets_run_the_program_until_the_link_is_disposed()
    {
        if (!Rerun.IsInner())
        {
            await Rerun.ExpectPassAsync(typeof(NetworkAttachTests), OwnNetwork);
            return;
        }

        int device = Loopback();
        await ExpectRunsAsync("packet", program => BpfLink.AttachXdp(program, device, BpfXdpMode.Generic), isLink: true);
        await ExpectRunsAsync("packet", program => NetworkAttachment.AttachXdp(program, device, BpfXdpMode.Generic, viaNetlink: true), isLink: false);
        await ExpectRunsAsync("traffic", program => BpfLink.AttachTraffic(program, device, isIngress: true), isLink: true);
        await ExpectRunsAsync("traffic", program => BpfLink.AttachTraffic(program, device, isIngress: false), isLink: true);
        await ExpectRunsAsync("traffic", program => NetworkAttachment.AttachTraffic(program, device, isIngress: true, viaNetlink: true), isLink: false);
        await ExpectRunsAsync("traffic", program => NetworkAttachment.AttachTraffic(program, device, isIngress: false, viaNetlink: true), isLink: false);
        await ExpectRunsAsync("lookup", static program => BpfLink.AttachNetworkNamespace(program, "/proc/self/ns/net"), isLink: true);
    }

    [KernelFact]
    public async Task A_second_program_is_refused_by_name_or_runs_beside_the_first()
    {
        if (!Rerun.IsInner())
        {
            await Rerun.ExpectPassAsync(typeof(NetworkAttachTests), OwnNetwork);
            return;
        }

        int device = Loopback();
        using LoadedObject loaded = LoaderFixture.Load("hooks.bpf.o", "packet", "traffic");
        BpfProgram packet = loaded.Program("packet");
        BpfProgram traffic = loaded.Program("traffic");
        using BpfLink first = NetworkAttachment.AttachXdp(packet, device, BpfXdpMode.Generic, viaNetlink: true);
        using BpfLink one = NetworkAttachment.AttachTraffic(traffic, device, isIngress: true, viaNetlink: true);
        using BpfLink two = NetworkAttachment.AttachTraffic(traffic, device, isIngress: true, viaNetlink: true);
        int descriptors = OpenDescriptors.Count();

        BpfException refused = Assert.Throws<BpfException>(
            () => NetworkAttachment.AttachXdp(packet, device, BpfXdpMode.Generic, viaNetlink: true));
        BpfException nowhere = Assert.Throws<BpfException>(() => NetworkAttachment.AttachXdp(packet, 99, BpfXdpMode.Generic, viaNetlink: true));

        Assert.Equal($"attach packet to packets of device {device}: EBUSY (16); there is another program already", refused.Message);
        Assert.Equal("attach packet to packets of device 99: ENODEV (19); there is no such device in this network namespace", nowhere.Message);
        Assert.Equal(descriptors, OpenDescriptors.Count());
    }

    private static int Loopback() => int.Parse(File.ReadAllText("/sys/class/net/lo/ifindex"), CultureInfo.InvariantCulture);

    private static async Task ExpectRunsAsync(string name, Func<BpfProgram, BpfLink> attach, bool isLink)
    {
        int descriptors = OpenDescriptors.Count();
        using (LoadedObject loaded = LoaderFixture.Load("hooks.bpf.o", name))
        {
            using (BpfLink link = attach(loaded.Program(name)))
            {
                Assert.Equal(isLink, link.IsKernelLink);
                Assert.Equal(!isLink, link.OutlivesProcess);
                Send();
                Assert.True(Count() > 0);
            }

            // A packet that was on its way may still be counted.
            Assert.True(await LoaderFixture.HoldsAsync(
                () =>
                {
                    ulong before = Count();
                    Send();
                    return Count() == before;
                },
                TestContext.Current.CancellationToken));

            ulong Count() => loaded.Read<ulong>("count");
        }

        Assert.Equal(descriptors, OpenDescriptors.Count());
    }

    private static void Send()
    {
        // Nobody listens there; the attempt itself makes packets.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.Throws<SocketException>(() => socket.Connect(IPAddress.Loopback, 1));
    }
}
