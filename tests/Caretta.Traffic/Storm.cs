using System.Net;
using System.Net.Sockets;

using Caretta.Traffic.Wire;

namespace Caretta.Traffic;

/// <summary>
/// Many short connections that end in every way a connection can, some long ones that move bulk both ways meanwhile, and some that are
/// refused. Each connection is drawn from the seed and its own number, so scheduling changes nothing about it.
/// </summary>
internal sealed class Storm(Ledger ledger, StormOptions options, IReadOnlyList<StormTarget> targets)
{
    private const long BulkRoundBytes = 4 << 20;

    private readonly TrafficClient _client = new(ledger);
    private long _next;

    private enum Ending
    {
        ClientCloses,
        ServerCloses,
        HalfClose,
        ClientResets,
        ServerResets,
        SeveralExchanges,
        RequestFromFile,
        ResponseFromFile,
        Silent,
        Count,
    }

    /// <summary>Runs to the end.</summary>
    /// <exception cref="TrafficException">A connection did not go as written.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var tasks = new List<Task>();
        for (int i = 0; i < options.BulkStreams; i++)
        {
            tasks.Add(BulkAsync(targets[(int)(Draw((ulong)i, 7) % (ulong)targets.Count)], stop.Token));
        }

        for (int i = 0; i < options.Concurrency; i++)
        {
            tasks.Add(WorkAsync(stop.Token));
        }

        tasks.Add(RefuseAsync(stop.Token));
        await foreach (Task task in Task.WhenEach(tasks).ConfigureAwait(false))
        {
            if (task.IsFaulted)
            {
                await stop.CancelAsync().ConfigureAwait(false);
            }
        }

        // The first failure, not the cancellations that followed it.
        Task? failed = tasks.Find(static task => task.IsFaulted);
        await (failed ?? Task.WhenAll(tasks)).ConfigureAwait(false);
    }

    private async Task WorkAsync(CancellationToken cancellation)
    {
        for (long i; (i = Interlocked.Increment(ref _next) - 1) < options.Connections;)
        {
            StormTarget target = targets[(int)(Draw((ulong)i, 1) % (ulong)targets.Count)];
            var ending = (Ending)(Draw((ulong)i, 2) % (ulong)Ending.Count);
            try
            {
                await ConnectOnceAsync((ulong)i, target, ending, cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is SocketException or IOException or TrafficException)
            {
                throw new TrafficException($"connection {i} ({ending}, {target.Form} to {target.Remote}): {e.Message}", e);
            }
        }
    }

    private async Task ConnectOnceAsync(ulong number, StormTarget target, Ending ending, CancellationToken cancellation)
    {
        long request = (long)(Draw(number, 3) % (ulong)(options.RequestBytes + 1));
        long response = (long)(Draw(number, 4) % (ulong)(options.ResponseBytes + 1));
        using CountedConnection connection = await _client.ConnectAsync(target.Form, target.Remote, target.Local, cancellation).ConfigureAwait(false);
        switch (ending)
        {
            case Ending.ClientCloses:
                await ExchangeAsync(connection, new Frame(FrameFlags.None, request, response), cancellation).ConfigureAwait(false);
                break;

            case Ending.ServerCloses:
                await ExchangeAsync(connection, new Frame(FrameFlags.ServerCloses, request, response), cancellation).ConfigureAwait(false);
                await connection.ReceiveEndAsync(cancellation).ConfigureAwait(false);
                break;

            case Ending.HalfClose:
                await connection.SendAsync(new Frame(FrameFlags.HalfClose, request, response), cancellation).ConfigureAwait(false);
                await connection.SendAsync(request, cancellation).ConfigureAwait(false);
                connection.EndSending();
                await connection.ReceiveAsync(response, cancellation).ConfigureAwait(false);
                await connection.ReceiveEndAsync(cancellation).ConfigureAwait(false);
                break;

            case Ending.ClientResets:
                // The whole response is here, so the server has read the whole request.
                await ExchangeAsync(connection, new Frame(FrameFlags.None, request, response + 1), cancellation).ConfigureAwait(false);
                connection.Reset();
                break;

            case Ending.ServerResets:
                await ExchangeAsync(connection, new Frame(FrameFlags.ServerResets, request, response), cancellation).ConfigureAwait(false);
                await connection.SendAsync(1, cancellation).ConfigureAwait(false);
                await connection.ReceiveResetAsync(cancellation).ConfigureAwait(false);
                break;

            case Ending.SeveralExchanges:
                for (ulong round = 0; round < 2 + Draw(number, 5) % 6; round++)
                {
                    await ExchangeAsync(connection, new Frame(FrameFlags.None, request / 4, response / 4), cancellation).ConfigureAwait(false);
                }

                break;

            case Ending.RequestFromFile:
                await connection.SendAsync(new Frame(FrameFlags.None, Payload.FileBytes, response), cancellation).ConfigureAwait(false);
                await connection.SendFileAsync(cancellation).ConfigureAwait(false);
                await connection.ReceiveAsync(response, cancellation).ConfigureAwait(false);
                break;

            case Ending.ResponseFromFile:
                await ExchangeAsync(connection, new Frame(FrameFlags.ResponseFromFile, request, Payload.FileBytes), cancellation).ConfigureAwait(false);
                break;

            case Ending.Silent:
                // Opened and closed without a byte.
                break;

            default:
                throw new TrafficException($"no such ending: {ending}");
        }
    }

    private static async Task ExchangeAsync(CountedConnection connection, Frame frame, CancellationToken cancellation)
    {
        await connection.SendAsync(frame, cancellation).ConfigureAwait(false);
        await connection.SendAsync(frame.RequestBytes, cancellation).ConfigureAwait(false);
        await connection.ReceiveAsync(frame.ResponseBytes, cancellation).ConfigureAwait(false);
    }

    private async Task BulkAsync(StormTarget target, CancellationToken cancellation)
    {
        using CountedConnection connection = await _client.ConnectAsync(target.Form, target.Remote, target.Local, cancellation).ConfigureAwait(false);
        for (long left = options.BulkBytes; left > 0;)
        {
            long round = Math.Min(left, BulkRoundBytes);
            left -= round;
            await connection.SendAsync(new Frame(FrameFlags.Duplex, round, round), cancellation).ConfigureAwait(false);
            await Task.WhenAll(
                connection.SendAsync(round, cancellation).AsTask(),
                connection.ReceiveAsync(round, cancellation).AsTask()).ConfigureAwait(false);
        }
    }

    private async Task RefuseAsync(CancellationToken cancellation)
    {
        if (options.Refused == 0)
        {
            return;
        }

        using var ipv4 = new RefusingPort(IPAddress.Any);
        using RefusingPort? ipv6 = Socket.OSSupportsIPv6 ? new RefusingPort(IPAddress.IPv6Any) : null;
        for (int i = 0; i < options.Refused; i++)
        {
            if (i % 3 == 0 && ipv6 is not null)
            {
                await _client.ConnectRefusedAsync(AddressForm.V6, new IPEndPoint(IPAddress.IPv6Loopback, ipv6.Port), cancellation).ConfigureAwait(false);
            }
            else
            {
                AddressForm form = i % 3 == 1 && ipv6 is not null ? AddressForm.Mapped : AddressForm.V4;
                await _client.ConnectRefusedAsync(form, new IPEndPoint(IPAddress.Loopback, ipv4.Port), cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>A number that depends on the seed, the connection and what it is for, and on nothing else (the SplitMix64 finaliser).</summary>
    private ulong Draw(ulong connection, ulong purpose)
    {
        ulong z = options.Seed * 0x9E3779B97F4A7C15 + connection * 16 + purpose + 1;
        z *= 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
