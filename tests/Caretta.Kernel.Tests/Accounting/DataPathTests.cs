using System.Text.Json;
using Caretta.Kernel.Tests.Support;
using Caretta.Testing;
using Xunit;

namespace Caretta.Kernel.Tests.Accounting;

/// <summary>Between two polls, an open connection costs nothing: no program of ours runs for its packets.</summary>
public sealed class DataPathTests
{
    private const string StatisticsSwitch = "/proc/sys/kernel/bpf_stats_enabled";
    private const long BulkBytes = 500_000_000;

    // The largest segment there is. Fewer runs than segments by far means that no run belongs to a segment.
    private const long MinSegments = BulkBytes / 65536;

    [KernelFact]
    public async Task No_program_runs_for_the_packets_of_an_open_connection()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        string before = await File.ReadAllTextAsync(StatisticsSwitch, cancellation);
        await File.WriteAllTextAsync(StatisticsSwitch, "1", cancellation);
        try
        {
            await using RunningAgent agent = await RunningAgent.StartAsync(TimeSpan.FromHours(1), cancellation);
            await using TrafficProcess traffic = TrafficProcess.Start();
            int port = await traffic.ListenAsync("127.0.0.1", cancellation);
            await traffic.AskAsync($"connect bulk v4 127.0.0.1:{port}", cancellation);
            await traffic.AskAsync("exchange bulk 1 1", cancellation);

            Assert.True(await CountRunsAsync(cancellation) > 0, "the kernel counts no runs, not even those of the connection's opening");

            // The rest of the machine may open connections meanwhile; a program on the data path would run every single time.
            await Eventually.GetAsync(
                $"fewer runs than a hundredth of the {MinSegments} segments",
                TimeSpan.FromSeconds(60),
                async () =>
                {
                    long runs = await CountRunsAsync(cancellation);
                    await traffic.AskAsync($"exchange bulk {BulkBytes} 0", cancellation);
                    return await CountRunsAsync(cancellation) - runs < MinSegments / 100 ? "few" : null;
                },
                cancellation);
        }
        finally
        {
            await File.WriteAllTextAsync(StatisticsSwitch, before, cancellation);
        }
    }

    private static async Task<long> CountRunsAsync(CancellationToken cancellation)
    {
        string[] ours = ["sock_ops", "inet_sock_set_s", "sweep_sockets", "own_sockets", "adopt_sockets"];
        await using var list = new ChildProcess("bpftool", ["--json", "prog", "list"]);
        Assert.Equal(0, await list.WaitAsync(cancellation));
        using JsonDocument programs = JsonDocument.Parse(list.Log);
        return programs.RootElement.EnumerateArray()
            .Where(program => program.TryGetProperty("name", out JsonElement name) && ours.Contains(name.GetString()))
            .Sum(static program => program.TryGetProperty("run_cnt", out JsonElement count) ? count.GetInt64() : 0);
    }
}
