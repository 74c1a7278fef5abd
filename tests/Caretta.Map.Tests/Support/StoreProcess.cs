using System.Globalization;

using Caretta.Testing;

namespace Caretta.Map.Tests.Support;

/// <summary>A real store, as distributions package it, that scrapes agents every second. It can be killed and started again.</summary>
internal sealed class StoreProcess : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly bool _isPrometheus;
    private readonly int _port = ChildProcess.FreePort();
    private ChildProcess? _process;

    private StoreProcess(bool isPrometheus) => _isPrometheus = isPrometheus;

    /// <summary>What PROMETHEUS_URL is set to.</summary>
    public string Url => $"http://127.0.0.1:{_port}";

    /// <summary>What it wrote so far.</summary>
    public string Log => _process?.Log ?? "";

    /// <summary>Starts one.</summary>
    /// <param name="kind"><c>prometheus</c> or <c>victoria-metrics</c>.</param>
    /// <param name="linkPorts">Ports of servers whose links are stored: what else this machine does must not matter.</param>
    /// <param name="agentPorts">Whom to scrape.</param>
    public static async Task<StoreProcess> StartAsync(string kind, int[] linkPorts, params int[] agentPorts)
    {
        var store = new StoreProcess(kind == "prometheus");
        string targets = string.Join(", ", agentPorts.Select(static port => string.Create(CultureInfo.InvariantCulture, $"\"127.0.0.1:{port}\"")));
        await File.WriteAllTextAsync(store._directory["scrape.yml"], $"""
            global:
              scrape_interval: 1s
              scrape_timeout: 1s
            scrape_configs:
              - job_name: caretta
                static_configs:
                  - targets: [{targets}]
                metric_relabel_configs:
                  - source_labels: [server_port]
                    regex: "|{string.Join('|', linkPorts)}"
                    action: keep

            """);
        store.Run();
        return store;
    }

    /// <summary>Starts it again, with what it stored.</summary>
    public void Run() => _process = _isPrometheus
        ? new ChildProcess("prometheus", [
            $"--config.file={_directory["scrape.yml"]}", $"--storage.tsdb.path={_directory["data"]}", $"--web.listen-address=127.0.0.1:{_port}"])
        : new ChildProcess("victoria-metrics", [
            $"-promscrape.config={_directory["scrape.yml"]}", $"-storageDataPath={_directory["data"]}", $"-httpListenAddr=127.0.0.1:{_port}",
            "-promscrape.maxScrapeSize=256MB"]);

    /// <summary>Ends it as a crash would.</summary>
    public async Task KillAsync(CancellationToken cancellation)
    {
        await _process!.KillAsync(cancellation);
        await _process.DisposeAsync();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _directory.Dispose();
    }
}
