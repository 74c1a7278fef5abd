using System.Runtime.InteropServices;
using System.Text.Json;
using Caretta.Kernel.Tests.Support;
using Caretta.Testing;
using Xunit;

namespace Caretta.Kernel.Tests.Lifecycle;

/// <summary>The agent comes and goes without a trace.</summary>
public sealed class LifecycleTests
{
    private static readonly string[] OwnPrograms = ["sock_ops", "inet_sock_set_s", "sweep_sockets", "own_sockets", "adopt_sockets"];

    [KernelFact]
    public async Task A_signal_at_any_moment_ends_it_with_code_0_and_leaves_nothing_behind()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        int before = await CountProgramsAsync(cancellation);

        // From before main has begun to long after the first poll; a fixed seed makes a failure repeatable.
        var random = new Random(20261122);
        for (int round = 0; round < 20; round++)
        {
            TimeSpan delay = TimeSpan.FromMilliseconds(round < 15 ? 30 + (round * 12) : random.Next(250, 1000));
            await using var agent = new ChildProcess(
                Repository.Artifact("caretta"),
                ["--prometheus-port", $"{ChildProcess.FreePort()}", "--poll-interval", "0.02"]);
            await Task.Delay(delay, cancellation);
            (int code, TimeSpan took) = await agent.StopAsync(PosixSignal.SIGTERM, cancellation);

            // 143 = ended by the signal itself, in the few milliseconds before the process could ask for it: nothing is loaded by then.
            bool wasTooEarly = code == 143 && agent.Log.Trim().Length == 0 && delay < TimeSpan.FromMilliseconds(100);
            Assert.True(code == 0 || wasTooEarly, $"after {delay.TotalMilliseconds} ms: exit code {code}: {agent.Log}");
            Assert.True(took < TimeSpan.FromSeconds(1), $"after {delay.TotalMilliseconds} ms: took {took.TotalMilliseconds} ms");
        }

        await ExpectProgramsAsync(before, cancellation);
    }

    [KernelFact]
    public async Task Killed_it_leaves_nothing_behind_and_the_next_one_starts()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        int before = await CountProgramsAsync(cancellation);
        await using (RunningAgent killed = await RunningAgent.StartAsync(TimeSpan.FromMilliseconds(20), cancellation))
        {
            Assert.True(await CountProgramsAsync(cancellation) > before);
        }

        await ExpectProgramsAsync(before, cancellation);
        await using RunningAgent next = await RunningAgent.StartAsync(TimeSpan.FromMilliseconds(20), cancellation);
    }

    private static async Task ExpectProgramsAsync(int expected, CancellationToken cancellation) =>
        await Eventually.GetAsync(
            "the kernel has freed the programs",
            TimeSpan.FromSeconds(10),
            async () => await CountProgramsAsync(cancellation) == expected ? "freed" : null,
            cancellation);

    private static async Task<int> CountProgramsAsync(CancellationToken cancellation)
    {
        await using var list = new ChildProcess("bpftool", ["--json", "prog", "list"]);
        Assert.Equal(0, await list.WaitAsync(cancellation));
        using JsonDocument programs = JsonDocument.Parse(list.Log);
        return programs.RootElement.EnumerateArray().Count(static program =>
            program.TryGetProperty("name", out JsonElement name) && OwnPrograms.Contains(name.GetString()));
    }
}
