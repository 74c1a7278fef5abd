using System.Globalization;
using System.Net;
using System.Net.Sockets;

using Caretta.Traffic.Reports;
using Caretta.Traffic.Wire;

namespace Caretta.Traffic;

/// <summary>
/// A workload under remote control: a command per line in, lines out, of which the last is "ok …" or "error …". Connections stay open
/// until they are told otherwise, so live values can be compared. The session ends with its input.
/// </summary>
internal sealed class Session : IAsyncDisposable
{
    private const string Help = """
        listen ADDRESS:PORT                         answers ok PORT; port 0 is any free one, [::] takes IPv4 too
        connect NAME v4|v6|mapped ADDRESS:PORT [LOCAL]
        exchange NAME REQUEST-BYTES RESPONSE-BYTES  returns when the response was read
        close NAME fin|reset|half                   half: FIN, wait for the server's, then close
        refuse v4|v6|mapped ADDRESS                 one refused connect; answers ok PORT
        storm TO[,TO…] [name=value…]                the flags of drive
        idle                                        returns when all accepted connections are closed
        settle                                      returns when both ends, if both are here, have counted the same
        report                                      the report, then ok
        quit
        """;

    private readonly TextReader _input;
    private readonly TextWriter _output;
    private readonly Ledger _ledger = new();
    private readonly TrafficServer _server;
    private readonly TrafficClient _client;
    private readonly Dictionary<string, CountedConnection> _connections = [];
    private readonly Dictionary<AddressFamily, RefusingPort> _refusing = [];

    public Session(TextReader input, TextWriter output)
    {
        _input = input;
        _output = output;
        _server = new TrafficServer(_ledger);
        _client = new TrafficClient(_ledger);
    }

    /// <summary>Listens before the first command and says so: "listening PORT".</summary>
    public void Listen(IPEndPoint endpoint)
    {
        int port = _server.Listen(endpoint);
        _output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"listening {port}"));
        _output.Flush();
    }

    /// <summary>Answers commands until the input ends or says quit.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (await _input.ReadLineAsync(cancellation).ConfigureAwait(false) is { } line)
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words is [])
            {
                continue;
            }

            if (words is ["quit"])
            {
                break;
            }

            string answer;
            try
            {
                answer = "ok " + await AnswerAsync(words, cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is FormatException or SocketException or IOException or TrafficException)
            {
                answer = "error " + e.Message.ReplaceLineEndings(" ");
            }

            await _output.WriteLineAsync(answer.TrimEnd()).ConfigureAwait(false);
            await _output.FlushAsync(cancellation).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (CountedConnection connection in _connections.Values)
        {
            connection.Dispose();
        }

        foreach (RefusingPort port in _refusing.Values)
        {
            port.Dispose();
        }

        await _server.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<string> AnswerAsync(string[] words, CancellationToken cancellation)
    {
        switch (words)
        {
            case ["help"]:
                await _output.WriteLineAsync(Help).ConfigureAwait(false);
                return "";

            case ["listen", var endpoint]:
                return _server.Listen(CommandLine.ParseEndPoint(endpoint)).ToString(CultureInfo.InvariantCulture);

            case ["connect", var name, var form, var endpoint, .. var local] when local.Length <= 1 && !_connections.ContainsKey(name):
                _connections.Add(name, await _client.ConnectAsync(
                    ParseForm(form),
                    CommandLine.ParseEndPoint(endpoint),
                    local is [var address] ? ParseAddress(address) : null,
                    cancellation).ConfigureAwait(false));
                return "";

            case ["exchange", var name, var request, var response]:
                CountedConnection connection = Find(name);
                long requestBytes = ParseCount(request), responseBytes = ParseCount(response);
                await connection.SendAsync(new Frame(FrameFlags.None, requestBytes, responseBytes), cancellation).ConfigureAwait(false);
                await connection.SendAsync(requestBytes, cancellation).ConfigureAwait(false);
                await connection.ReceiveAsync(responseBytes, cancellation).ConfigureAwait(false);
                return "";

            case ["close", var name, var how]:
                await CloseAsync(Find(name), how, cancellation).ConfigureAwait(false);
                _connections.Remove(name);
                return "";

            case ["refuse", var kind, var target]:
                return (await RefuseAsync(ParseForm(kind), ParseAddress(target), cancellation).ConfigureAwait(false)).ToString(CultureInfo.InvariantCulture);

            case ["storm", var to, .. var options]:
                Flags flags = Flags.Parse(options);
                var storm = new Storm(_ledger, StormOptions.From(flags), [.. to.Split(',').Select(static one => StormTarget.To(CommandLine.ParseEndPoint(one)))]);
                flags.ThrowIfUnused();
                await storm.RunAsync(cancellation).ConfigureAwait(false);
                return "";

            case ["idle"]:
                await _server.WaitIdleAsync(cancellation).ConfigureAwait(false);
                return "";

            case ["settle"]:
                await SettleAsync(cancellation).ConfigureAwait(false);
                return "";

            case ["report"]:
                await _output.WriteAsync(TrafficReport.From(_ledger).ToString()).ConfigureAwait(false);
                return _server.FirstFault is { } fault ? throw new TrafficException(fault) : "";

            default:
                throw new FormatException("no such command, or not with these words; try help");
        }
    }

    private static async Task CloseAsync(CountedConnection connection, string how, CancellationToken cancellation)
    {
        switch (how)
        {
            case "fin":
                connection.Dispose();
                break;

            case "reset":
                connection.Reset();
                break;

            case "half":
                connection.EndSending();
                await connection.ReceiveEndAsync(cancellation).ConfigureAwait(false);
                connection.Dispose();
                break;

            default:
                throw new FormatException($"expected fin, reset or half, got \"{how}\"");
        }
    }

    private async Task<int> RefuseAsync(AddressForm form, IPAddress address, CancellationToken cancellation)
    {
        if (!_refusing.TryGetValue(address.AddressFamily, out RefusingPort? port))
        {
            port = new RefusingPort(address.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any);
            _refusing.Add(address.AddressFamily, port);
        }

        await _client.ConnectRefusedAsync(form, new IPEndPoint(address, port.Port), cancellation).ConfigureAwait(false);
        return port.Port;
    }

    /// <summary>A response can arrive before the thread that sent it has booked it.</summary>
    private async Task SettleAsync(CancellationToken cancellation)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (TrafficReport.From(_ledger).FindImbalance() is { } imbalance)
        {
            if (TimeProvider.System.GetElapsedTime(start) > TimeSpan.FromSeconds(5))
            {
                throw new TrafficException(imbalance);
            }

            await Task.Delay(1, cancellation).ConfigureAwait(false);
        }
    }

    private CountedConnection Find(string name) =>
        _connections.TryGetValue(name, out CountedConnection? connection) ? connection : throw new FormatException($"no connection is called {name}");

    private static AddressForm ParseForm(string text) => text switch
    {
        "v4" => AddressForm.V4,
        "v6" => AddressForm.V6,
        "mapped" => AddressForm.Mapped,
        _ => throw new FormatException($"expected v4, v6 or mapped, got \"{text}\""),
    };

    private static IPAddress ParseAddress(string text) =>
        IPAddress.TryParse(text, out IPAddress? address) ? address : throw new FormatException($"expected an address, got \"{text}\"");

    private static long ParseCount(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long count) ? count : throw new FormatException($"expected a count, got \"{text}\"");
}
