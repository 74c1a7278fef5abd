using System.Globalization;
using System.Net;
using System.Text;

using Caretta.Testing;

namespace Caretta.Map.Tests.Support;

/// <summary>Stands for an agent whose counters a test sets: what takes a real one days, or a cluster.</summary>
internal sealed class ScriptedAgent : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly string _start = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
    private volatile string _links = "";
    private long _scrapes;

    /// <summary>Serves a page without links.</summary>
    public ScriptedAgent()
    {
        Port = ChildProcess.FreePort();
        _listener.Prefixes.Add(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}/"));
        _listener.Start();
        _ = ServeAsync();
    }

    /// <summary>Where it listens.</summary>
    public int Port { get; }

    /// <summary>Pages served.</summary>
    public long Scrapes => Interlocked.Read(ref _scrapes);

    /// <summary>Has one link from now on, as its client sees it, or none.</summary>
    /// <param name="port">Its server's port.</param>
    /// <param name="sent">Bytes sent; null for no link.</param>
    /// <param name="opened">Connections opened.</param>
    public void Show(int port, long? sent, long opened)
    {
        string labels = $"client_kind=\"CronJob\",client_name=\"nightly\",client_namespace=\"shop\",role=\"1\",server_kind=\"Service\",server_name=\"db\",server_namespace=\"shop\",server_port=\"{port}\"";
        _links = sent is null ? "" : $$"""
            caretta_links_observed{{{labels}}} {{sent}}
            caretta_link_received_bytes_total{{{labels}}} {{sent * 2}}
            caretta_link_connections_opened_total{{{labels}}} {{opened}}
            caretta_link_connections_closed_total{{{labels}}} {{opened}}

            """;
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                context.Response.ContentType = "text/plain; version=0.0.4";
                byte[] page = Encoding.UTF8.GetBytes($"caretta_agent_start_time_seconds {_start}\n{_links}");
                await context.Response.OutputStream.WriteAsync(page);
                context.Response.Close();
                Interlocked.Increment(ref _scrapes);
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // Closed, or the store went away.
        }
    }
}
