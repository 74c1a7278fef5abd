using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

using Caretta.Bpf;
using Caretta.Kernel.Tests.Libbpf;
using Caretta.Kernel.Tests.Support;
using Caretta.Testing;

using Xunit;

namespace Caretta.Kernel.Tests.Loader;

/// <summary>Programs at sockets in a map and at netfilter's hooks: <c>newer/sockets.bpf.c</c>.</summary>
public sealed class SocketHookTests
{
    private static readonly string[] OwnNetwork = ["unshare", "--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"];

    [KernelTheory]
    [InlineData("stream", true)]
    [InlineData("stream", false)]
    [InlineData("message", true)]
    [InlineData("message", false)]
    public async Task Sockets_that_are_put_into_a_map_run_the_program_until_the_link_is_disposed(string program, bool viaLink)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        int descriptors = OpenDescriptors.Count();
        using (LoadedObject loaded = Load(program))
        {
            BpfMap map = loaded.Map("sockets");
            using BpfLink link = ProgramAttachment.AttachSocketMap(loaded.Program(program), map, viaLink);
            Assert.Equal((viaLink, !viaLink), (link.IsKernelLink, link.OutlivesProcess));
            await TransferAsync(map, program, cancellation);
            ulong counted = loaded.Read<ulong>("count");
            Assert.True(counted > 0);

            link.Dispose();
            await TransferAsync(map, program, cancellation);
            Assert.Equal(counted, loaded.Read<ulong>("count"));
        }

        Assert.Equal(descriptors, OpenDescriptors.Count());
    }

    [KernelFact]
    public void A_map_that_holds_no_sockets_is_refused()
    {
        using LoadedObject loaded = Load("stream");

        BpfException refused = Assert.Throws<BpfException>(() => BpfLink.AttachSocketMap(loaded.Program("stream"), loaded.Map(".bss")));

        Assert.Contains("attach stream to the sockets of map .bss", refused.Message, StringComparison.Ordinal);
    }

    [KernelFact]
    public async Task Packets_of_netfilter_run_the_program_until_the_link_is_disposed()
    {
        if (!Rerun.IsInner())
        {
            await Rerun.ExpectPassAsync(typeof(SocketHookTests), OwnNetwork);
            return;
        }

        const int Ipv4 = 2;
        const int LocalOut = 3;
        var hook = new BpfNetfilterHook(Ipv4, LocalOut, 7);
        using LoadedObject loaded = Load("packet");
        ulong counted;
        using (BpfLink link = BpfLink.AttachNetfilter(loaded.Program("packet"), hook))
        {
            Send();
            counted = loaded.Read<ulong>("count");
            Assert.True(counted > 0);
            BpfException taken = Assert.Throws<BpfException>(() => BpfLink.AttachNetfilter(loaded.Program("packet"), hook));
            Assert.Equal("EBUSY", taken.ErrorName);
        }

        Send();
        Assert.Equal(counted, loaded.Read<ulong>("count"));
    }

    private static void Send()
    {
        using var socket = new UdpClient(AddressFamily.InterNetwork);
        socket.Send(new byte[10], new IPEndPoint(IPAddress.Loopback, 9));
    }

    private static async Task TransferAsync(BpfMap map, string program, CancellationToken cancellation)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndpoint, cancellation);
        using Socket server = await listener.AcceptSocketAsync(cancellation);

        // What comes in has the verdict of the receiving socket, what goes out that of the sending one.
        Socket hooked = program == "stream" ? server : client;
        Span<int> value = [(int)hooked.SafeHandle.DangerousGetHandle()];
        map.Update(stackalloc byte[sizeof(int)], MemoryMarshal.AsBytes(value));

        byte[] sent = new byte[1000];
        byte[] buffer = new byte[2000];
        Assert.Equal(sent.Length, await client.SendAsync(sent, cancellation));
        int received = 0;
        while (received < sent.Length)
        {
            received += await server.ReceiveAsync(buffer, cancellation);
        }

        Assert.Equal(sent.Length, received);
    }

    private static LoadedObject Load(string program)
    {
        using var directory = new TemporaryDirectory();
        string source = Path.Combine(Repository.Root, "tests/Caretta.Kernel.Tests/Fixtures/newer/sockets.bpf.c");
        CompiledCorpus.Compile(source, directory["object.o"], "v3");
        BpfObject file = BpfObject.Parse(File.ReadAllBytes(directory["object.o"]), "sockets.bpf.c");
        file.Program(program).AutoLoad = true;
        return BpfLoader.Load(file);
    }
}
