using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Caretta.Kernel.Tests.Support;
using Caretta.Testing;
using Xunit;

namespace Caretta.Kernel.Tests.Lifecycle;

/// <summary>What keeps the agent from running is said in one line: what, and what to do.</summary>
public sealed class RefusalTests
{
    [KernelFact]
    public async Task A_port_that_is_taken_is_named()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Any, 0));
        listener.Listen();
        string port = ((IPEndPoint)listener.LocalEndPoint!).Port.ToString(CultureInfo.InvariantCulture);
        await ExpectAsync(1, $"PROMETHEUS_PORT: port {port} is already in use: choose another port", Repository.Artifact("caretta"), "--prometheus-port", port);
    }

    [KernelFact]
    public async Task Missing_capabilities_are_named()
    {
        await ExpectAsync(1, "missing CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN: run as root",
            "setpriv", "--bounding-set=-bpf,-perfmon,-net_admin,-sys_admin", Repository.Artifact("caretta"), "--prometheus-port", FreePort());
    }

    [KernelFact]
    public async Task A_kernel_without_anything_to_run_on_is_told_for_each_tier()
    {
        string script = "mount -t tmpfs hide /sys/kernel/btf && umount -l -t cgroup2 -a "
            + $"&& exec {Repository.Artifact("caretta")} --prometheus-port {FreePort()}";
        await ExpectAsync(1, "tracing: this kernel does not describe its types, and none are carried for", "unshare", "--mount", "sh", "-c", script);
        await ExpectAsync(1, "cgroup v2 is not mounted", "unshare", "--mount", "sh", "-c", script);
    }

    [KernelTheory]
    [InlineData("--poll-interval", "abc", "--poll-interval: expected seconds from 0.02 to 3600, got \"abc\"")]
    [InlineData("--poll-interval", "0.001", "--poll-interval: expected seconds from 0.02 to 3600, got \"0.001\"")]
    [InlineData("--prometheus-port", "70000", "--prometheus-port: expected a port from 1 to 65535, got \"70000\"")]
    [InlineData("--pol-interval", "1", "unknown flag \"--pol-interval\": did you mean --poll-interval?")]
    public async Task A_wrong_setting_is_named_with_what_is_allowed(string flag, string value, string message) =>
        await ExpectAsync(2, message, Repository.Artifact("caretta"), flag, value);

    private static string FreePort() => ChildProcess.FreePort().ToString(CultureInfo.InvariantCulture);

    private static async Task ExpectAsync(int code, string message, string program, params string[] arguments)
    {
        await using var agent = new ChildProcess(program, arguments);
        int actual = await agent.WaitAsync(TestContext.Current.CancellationToken);
        string line = Assert.Single(agent.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(message, line.Replace("\\\"", "\"", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(code, actual);
    }
}
