using System.Globalization;
using System.Text;

using Caretta.Traffic.Reports;

namespace Caretta.Testing;

/// <summary>A workload in a process of its own, driven line by line; "help" in a session of caretta-traffic lists the commands.</summary>
internal sealed class TrafficProcess : ChildProcess
{
    private TrafficProcess(string program, IEnumerable<string> arguments)
        : base(program, arguments, keepOutput: false)
    {
    }

    /// <summary>Starts one.</summary>
    /// <param name="networkNamespace">A namespace that <c>ip netns</c> knows; null is this one.</param>
    /// <param name="program">Another copy of the program, for another process name.</param>
    /// <param name="deadline">When it ends in any case; null for five minutes.</param>
    public static TrafficProcess Start(string? networkNamespace = null, string? program = null, TimeSpan? deadline = null)
    {
        program ??= Path.Combine(AppContext.BaseDirectory, "caretta-traffic");
        int seconds = (int)(deadline ?? TimeSpan.FromMinutes(5)).TotalSeconds;
        string[] session = ["session", "--deadline", seconds.ToString(CultureInfo.InvariantCulture)];
        return networkNamespace is null
            ? new TrafficProcess(program, session)
            : new TrafficProcess("ip", ["netns", "exec", networkNamespace, program, .. session]);
    }

    /// <summary>Gives a command.</summary>
    /// <returns>What followed "ok".</returns>
    /// <exception cref="InvalidOperationException">The answer was an error, or none came.</exception>
    public async Task<string> AskAsync(string command, CancellationToken cancellation) => (await ExchangeAsync(command, cancellation)).Answer;

    /// <summary>Listens.</summary>
    /// <param name="address">With brackets if IPv6.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <param name="port">0 is any free one.</param>
    /// <returns>The port.</returns>
    public async Task<int> ListenAsync(string address, CancellationToken cancellation, int port = 0) =>
        int.Parse(await AskAsync($"listen {address}:{port}", cancellation), CultureInfo.InvariantCulture);

    /// <summary>What it counted so far.</summary>
    public async Task<TrafficReport> ReportAsync(CancellationToken cancellation) => TrafficReport.Parse((await ExchangeAsync("report", cancellation)).Lines);

    private async Task<(string Answer, string Lines)> ExchangeAsync(string command, CancellationToken cancellation)
    {
        await Input.WriteLineAsync(command.AsMemory(), cancellation);
        await Input.FlushAsync(cancellation);
        var lines = new StringBuilder();
        while (await Output.ReadLineAsync(cancellation) is { } line)
        {
            if (line == "ok" || line.StartsWith("ok ", StringComparison.Ordinal))
            {
                return (line.Length > 3 ? line[3..] : "", lines.ToString());
            }

            if (line.StartsWith("error ", StringComparison.Ordinal))
            {
                throw new InvalidOperationException($"{command}: {line}");
            }

            lines.Append(line).Append('\n');
        }

        throw new InvalidOperationException($"{command}: the workload ended: {Log}");
    }
}
