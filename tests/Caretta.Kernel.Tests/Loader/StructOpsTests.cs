using System.Net;
using System.Net.Sockets;
using System.Text;

using Caretta.Bpf;
using Caretta.Kernel.Tests.Libbpf;
using Caretta.Kernel.Tests.Support;
using Caretta.Testing;

using Xunit;

namespace Caretta.Kernel.Tests.Loader;

/// <summary>Congestion controls whose functions are programs, used by real connections: <c>newer/congestion.bpf.c</c>. Linux 5.6, with a link 6.4.</summary>
public sealed class StructOpsTests
{
    private const int Tcp = 6;                 // IPPROTO_TCP
    private const int TcpCongestion = 13;      // include/uapi/linux/tcp.h, TCP_CONGESTION

    [KernelTheory]
    [InlineData("steady", false)]
    [InlineData("linked", true)]
    public async Task A_connection_runs_the_programs_of_a_struct_until_it_is_detached(string map, bool hasLink)
    {
        byte[] name = Encoding.ASCII.GetBytes($"caretta_{map}");
        using LoadedObject loaded = Load();
        AssertUnknown(name);

        using (BpfLink link = loaded.AttachStruct(map))
        {
            Assert.Equal((hasLink, !hasLink), (link.IsKernelLink, link.OutlivesProcess));
            await TransferAsync(name);
            Assert.True(loaded.Read<ulong>("acknowledgements") > 0);
            Assert.ThrowsAny<BpfException>(() => loaded.AttachStruct(map).Dispose());
        }

        AssertUnknown(name);
    }

    [KernelFact]
    public void A_struct_with_a_link_can_be_attached_again()
    {
        using LoadedObject loaded = Load();

        loaded.AttachStruct("linked").Dispose();
        loaded.AttachStruct("linked").Dispose();

        AssertUnknown("caretta_linked"u8);
    }

    [KernelFact]
    public void A_map_that_is_no_struct_is_refused_by_name()
    {
        using LoadedObject loaded = Load();

        KeyNotFoundException refusal = Assert.Throws<KeyNotFoundException>(() => loaded.AttachStruct(".bss"));

        Assert.Contains("no struct .bss", refusal.Message, StringComparison.Ordinal);
    }

    private static void AssertUnknown(ReadOnlySpan<byte> name)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.SetRawSocketOption(Tcp, TcpCongestion, name);
        }
        catch (SocketException)
        {
            return;
        }

        Assert.Fail($"{Encoding.ASCII.GetString(name)} is there");
    }

    private static async Task TransferAsync(byte[] name)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.SetRawSocketOption(Tcp, TcpCongestion, name);
        await client.ConnectAsync(listener.LocalEndpoint, cancellation);
        using Socket server = await listener.AcceptSocketAsync(cancellation);

        byte[] used = new byte[16];
        int length = client.GetRawSocketOption(Tcp, TcpCongestion, used);
        Assert.Equal(name, used[..length].TakeWhile(static character => character != 0));

        byte[] sent = new byte[256 * 1024];
        Task<int> sending = client.SendAsync(sent, cancellation).AsTask();
        int received = 0;
        byte[] buffer = new byte[64 * 1024];
        while (received < sent.Length)
        {
            received += await server.ReceiveAsync(buffer, cancellation);
        }

        Assert.Equal((sent.Length, sent.Length), (await sending, received));

        // With a reset nothing lingers that would keep the congestion control in use.
        client.LingerState = new LingerOption(true, 0);
    }

    private static LoadedObject Load()
    {
        using var directory = new TemporaryDirectory();
        string source = Path.Combine(Repository.Root, "tests/Caretta.Kernel.Tests/Fixtures/newer/congestion.bpf.c");
        CompiledCorpus.Compile(source, directory["object.o"], "v3");
        return BpfLoader.Load(BpfObject.Parse(File.ReadAllBytes(directory["object.o"]), "congestion.bpf.c"));
    }
}
