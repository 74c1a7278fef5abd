using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Caretta.Aot.Http;
using Xunit;

namespace Caretta.Aot.Tests.Http;

/// <summary>Tests that measure the whole process: none runs beside another.</summary>
[CollectionDefinition(nameof(WholeProcess), DisableParallelization = true)]
public sealed class WholeProcess;

[Collection(nameof(WholeProcess))]
public sealed class HttpAllocationTests
{
    private const int WarmUp = 2_000;
    private const int Requests = 200;
    private const int Windows = 11;

    [Theory]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n")]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text;version=1.0.0,*/*;q=0.1\r\nAccept-Encoding: gzip\r\n\r\n")]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET /missing HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n")]
    public async Task Warm_requests_allocate_nothing(string text)
    {
        byte[] request = System.Text.Encoding.ASCII.GetBytes(text);
        byte[] buffer = new byte[64 * 1024];
        PooledPage page = new();
        await using HttpServer server = new(
            new HttpServerOptions { Address = IPAddress.Loopback, Port = 0 },
            [
                new HttpRoute("/metrics", (in HttpRequest r) => HttpReply.Stream(page.As(HttpNegotiation.ChooseExposition(r)), negotiated: true)),
                new HttpRoute("/healthz", static (in HttpRequest _) => HttpReply.Text(200, TestRoutes.Ready)),
            ]);
        server.Start();
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 20_000 };
        client.Connect(server.EndPoint);

        // Both loops send the same request, so every response has the length of the first.
        int responseBytes = FirstResponse(server, client, request, buffer);
        Exchange(client, request, buffer, responseBytes, WarmUp);

        // What a request allocates, it allocates in every window; the pool's own doings are rare. Measured on a busy machine in 300 windows:
        // about five new worker threads (1,064 to 1,104 bytes each, and the pool's thread count rose with them) and one or two doublings of
        // the ring in which the runtime queues socket events (6,400 bytes and up), both gone when completions run inline.
        int clean = 0;
        for (int window = 0; window < Windows; window++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            Exchange(client, request, buffer, responseBytes, Requests);
            long after = GC.GetTotalAllocatedBytes(precise: true);
            clean += after == before ? 1 : 0;
        }

        Assert.InRange(clean, (Windows / 2) + 1, Windows);
    }

    private static int FirstResponse(HttpServer server, Socket client, byte[] request, byte[] buffer)
    {
        client.Send(request);
        int received = 0;
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                if (client.Poll(TimeSpan.FromMilliseconds(50), SelectMode.SelectRead))
                {
                    received += client.Receive(buffer);
                    return false;
                }

                return received > 0 && received == server.Counters.BytesSent;
            },
            TimeSpan.FromSeconds(20)));
        return received;
    }

    private static void Exchange(Socket client, byte[] request, byte[] buffer, int responseBytes, int count)
    {
        for (int i = 0; i < count; i++)
        {
            client.Send(request, SocketFlags.None);
            int left = responseBytes;
            while (left > 0)
            {
                left -= client.Receive(buffer, 0, Math.Min(left, buffer.Length), SocketFlags.None);
            }
        }
    }

    /// <summary>A page that is its own pool of one.</summary>
    private sealed class PooledPage : IHttpContent
    {
        private const int Pieces = 8;
        private readonly byte[] _piece = System.Text.Encoding.ASCII.GetBytes(LinesContent.All(200));
        private ExpositionFormat _format;
        private int _next;

        public ReadOnlySpan<byte> ContentType => HttpNegotiation.ContentType(_format);

        public PooledPage As(ExpositionFormat format)
        {
            _format = format;
            _next = 0;
            return this;
        }

        public bool WriteNext(IBufferWriter<byte> writer)
        {
            writer.Write(_piece);
            return ++_next < Pieces;
        }

        public void Release()
        {
        }
    }
}
