using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

using Caretta.Kernel.Tests.Support;
using Caretta.Testing;
using Caretta.Traffic;
using Caretta.Traffic.Reports;

using Xunit;

namespace Caretta.Kernel.Tests.Accounting;

/// <summary>
/// Connections whose handshake goes another way than usual. Both ends are in this process, so both must bear the same name: an end
/// that was not found would be named by its address.
/// </summary>
public sealed class UnusualConnectionTests
{
    // include/uapi/linux/tcp.h
    private const int TcpLevel = 6;
    private const int TcpDeferAccept = 9;
    private const int TcpFastOpen = 23;
    private const int TcpFastOpenConnect = 30;

    private static readonly TimeSpan FastestPoll = TimeSpan.FromMilliseconds(20);

    [KernelFact]
    public async Task A_socket_connected_to_itself_is_its_own_peer()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        await using RunningAgent agent = await RunningAgent.StartAsync(FastestPoll, cancellation);
        using Socket socket = NewSocket();
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        int port = PortOf(socket);
        socket.Connect(socket.LocalEndPoint!);
        Send(socket, 33);
        Receive(socket, 33);

        await ExpectAsync(agent, port, Role.Client, new PortTotals(33, 33, Opened: 1, Open: 1));
    }

    [KernelFact]
    public async Task A_fast_open_counts_the_bytes_in_its_SYN_and_knows_both_ends()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using var system = new FastOpenSetting();
        await using RunningAgent agent = await RunningAgent.StartAsync(FastestPoll, cancellation);
        using Socket listener = Listen(TcpFastOpen, 16);
        int port = PortOf(listener);
        for (int i = 0; i < 3; i++)
        {
            using Socket client = NewSocket();
            SetOption(client, TcpFastOpenConnect, 1);
            client.Connect(listener.LocalEndPoint!);
            Send(client, 10);
            using Socket server = listener.Accept();
            Receive(server, 10);
            Send(server, 20);
            Receive(client, 20);
        }

        await ExpectAsync(agent, port, Role.Client, new PortTotals(30, 60, Opened: 3, Closed: 3));
        await ExpectAsync(agent, port, Role.Server, new PortTotals(60, 30, Opened: 3, Closed: 3));
    }

    [KernelFact]
    public async Task A_connect_deferred_until_the_first_write_may_be_older_than_the_agent()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using var system = new FastOpenSetting();
        using Socket listener = Listen();
        int port = PortOf(listener);
        using Socket client = NewSocket();
        SetOption(client, TcpFastOpenConnect, 1);
        client.Connect(listener.LocalEndPoint!);
        await using RunningAgent agent = await RunningAgent.StartAsync(FastestPoll, cancellation);
        Send(client, 17);
        using Socket server = listener.Accept();
        Receive(server, 17);

        await ExpectAsync(agent, port, Role.Client, new PortTotals(17, 0, Opened: 1, Open: 1));
        await ExpectAsync(agent, port, Role.Server, new PortTotals(0, 17, Opened: 1, Open: 1));
    }

    [KernelFact]
    public async Task A_server_that_defers_its_accept_is_found_by_a_client_that_was_silent_for_long()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        await using RunningAgent agent = await RunningAgent.StartAsync(FastestPoll, cancellation);
        using Socket listener = Listen(TcpDeferAccept, 60);
        int port = PortOf(listener);
        using Socket client = NewSocket();
        client.Connect(listener.LocalEndPoint!);

        // Shown without its peer after a while: then the client speaks.
        var silent = new PortTotals(0, 0, Opened: 1, Open: 1);
        Assert.Equal(silent, PortTotals.From(await silent.WaitAsync(agent, port, Role.Client, cancellation), port, Role.Client));
        Send(client, 10);
        using Socket server = listener.Accept();
        Receive(server, 10);
        Send(server, 20);
        Receive(client, 20);

        await ExpectAsync(agent, port, Role.Client, new PortTotals(10, 20, Opened: 1, Open: 1));
        await ExpectAsync(agent, port, Role.Server, new PortTotals(20, 10, Opened: 1, Open: 1));
    }

    [KernelFact]
    public async Task What_waits_for_accept_at_launch_is_adopted()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using Socket listener = Listen();
        int port = PortOf(listener);
        Socket[] clients = [.. Enumerable.Range(0, 100).Select(_ => NewSocket())];
        foreach (Socket client in clients)
        {
            client.Connect(listener.LocalEndPoint!);
        }

        await using RunningAgent agent = await RunningAgent.StartAsync(FastestPoll, cancellation);
        foreach (Socket client in clients)
        {
            Send(client, 5);
        }

        await ExpectAsync(agent, port, Role.Client, new PortTotals(500, 0, Open: 100));
        await ExpectAsync(agent, port, Role.Server, new PortTotals(0, 500, Open: 100));
        foreach (Socket client in clients)
        {
            using Socket server = listener.Accept();
            Receive(server, 5);
            client.Dispose();
        }

        await ExpectAsync(agent, port, Role.Server, new PortTotals(0, 500, Closed: 100));
    }

    [KernelFact]
    public async Task What_is_accepted_while_the_agent_starts_knows_its_owner()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using Socket listener = Listen();
        int port = PortOf(listener);
        using var started = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task traffic = Task.Run(
            () =>
            {
                while (!started.IsCancellationRequested)
                {
                    using Socket client = NewSocket();
                    client.Connect(listener.LocalEndPoint!);
                    using Socket server = listener.Accept();
                    Send(client, 3);
                    Receive(server, 3);
                }
            },
            cancellation);
        await using RunningAgent agent = await RunningAgent.StartAsync(FastestPoll, cancellation);

        // Clients at server ends are not looked at: one may be too old to have been seen when its server's end is established.
        MetricsPage page = await Eventually.GetAsync(
            "both ends have been counted",
            TimeSpan.FromSeconds(10),
            async () => await agent.ScrapeAsync(cancellation) is var one
                && PortTotals.NamesOn(one, port, Role.Client).Any() && PortTotals.NamesOn(one, port, Role.Server).Any() ? one : null,
            cancellation);
        await started.CancelAsync();
        await traffic;
        string name = Assert.Single(PortTotals.NamesOn(page, port, Role.Client).Select(static names => names.Client).Distinct());
        Assert.All(PortTotals.NamesOn(page, port, Role.Server), names => Assert.Equal(name, names.Server));
    }

    [KernelFact]
    public async Task A_socket_may_connect_again_elsewhere()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        await using RunningAgent agent = await RunningAgent.StartAsync(FastestPoll, cancellation);
        using Socket first = Listen(), second = Listen();
        using Socket client = NewSocket();
        client.Connect(first.LocalEndPoint!);
        Send(client, 11);
        client.Disconnect(reuseSocket: true);
        await client.ConnectAsync(second.LocalEndPoint!, cancellation);
        Send(client, 22);

        await ExpectAsync(agent, PortOf(first), Role.Client, new PortTotals(11, 0, Opened: 1, Closed: 1));
        await ExpectAsync(agent, PortOf(second), Role.Client, new PortTotals(22, 0, Opened: 1, Open: 1));
    }

    [KernelFact]
    public async Task More_links_between_two_polls_than_a_map_holds_are_all_counted()
    {
        const int Count = 24_000, Port = 1;
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        await using RunningAgent agent = await RunningAgent.StartAsync(
            TimeSpan.FromSeconds(5), cancellation, "--link-metrics", "caretta_link_connections_failed_total", "--max-links", "100000");
        for (int i = 0; i < Count; i++)
        {
            using Socket client = NewSocket();
            var address = new IPAddress([127, 3, (byte)(i >> 8), (byte)i]);
            Assert.Throws<SocketException>(() => client.Connect(new IPEndPoint(address, Port)));
        }

        var expected = new PortTotals(0, 0, Failed: Count);
        MetricsPage page = await expected.WaitAsync(agent, Port, Role.Client, cancellation);
        Assert.Equal(expected, PortTotals.From(page, Port, Role.Client));
        Assert.Equal(0, Assert.Single(page.Samples, static sample => sample.Name == "caretta_agent_lost_updates_total").Value);
    }

    private static async Task ExpectAsync(RunningAgent agent, int port, Role role, PortTotals expected)
    {
        MetricsPage page = await expected.WaitAsync(agent, port, role, TestContext.Current.CancellationToken);
        Assert.Equal(expected, PortTotals.From(page, port, role));
        AssertNamed(page, port, role);
    }

    private static void AssertNamed(MetricsPage page, int port, Role role)
    {
        foreach ((string client, string server) in PortTotals.NamesOn(page, port, role))
        {
            Assert.Equal(client, server);
            Assert.False(IPAddress.TryParse(client, out _), client);
        }
    }

    private static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private static Socket Listen(int option = 0, int value = 0)
    {
        Socket listener = NewSocket();
        if (option != 0)
        {
            SetOption(listener, option, value);
        }

        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1024);
        return listener;
    }

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    private static void SetOption(Socket socket, int option, int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        socket.SetRawSocketOption(TcpLevel, option, bytes);
    }

    private static void Send(Socket socket, int count)
    {
        byte[] bytes = new byte[count];
        for (int sent = 0; sent < count;)
        {
            sent += socket.Send(bytes.AsSpan(sent));
        }
    }

    private static void Receive(Socket socket, int count)
    {
        byte[] bytes = new byte[count];
        for (int received = 0; received < count;)
        {
            int more = socket.Receive(bytes.AsSpan(received));
            Assert.NotEqual(0, more);
            received += more;
        }
    }

    /// <summary>Fast Open for clients and servers, without cookies, as long as it lives (Documentation/networking/ip-sysctl.rst).</summary>
    private sealed class FastOpenSetting : IDisposable
    {
        private const string Path = "/proc/sys/net/ipv4/tcp_fastopen";
        private readonly string _before = File.ReadAllText(Path);

        public FastOpenSetting() => File.WriteAllText(Path, "519");

        public void Dispose() => File.WriteAllText(Path, _before);
    }
}
