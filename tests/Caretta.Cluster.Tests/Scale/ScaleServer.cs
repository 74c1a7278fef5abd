using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

using Caretta.Cluster.Tests.Support;

namespace Caretta.Cluster.Tests.Scale;

/// <summary>
/// Answers like the API server of a large cluster, over TLS and HTTP/1.1, without having one: lists in pages, watches with changes at
/// a set rate, single objects as metadata. Counts what it sends, and misbehaves on demand. All members may be used from any thread.
/// </summary>
internal sealed class ScaleServer : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly X509Certificate2 _certificate;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<(ScaleVerb, string), ScaleTally> _tallies = [];
    private readonly ConcurrentDictionary<(ScaleVerb, string), ConcurrentQueue<ScaleFault>> _faults = [];
    private readonly ConcurrentDictionary<Task, bool> _connections = [];
    private readonly Lock _lock = new();
    private readonly Task _accepting;
    private TaskCompletionSource _advanced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource _cut = new();
    private long _version = ScaleCluster.FirstVersion;
    private long _compacted;
    private Task _churn = Task.CompletedTask;

    public ScaleServer(ScaleShape shape)
    {
        Cluster = new ScaleCluster(shape);
        Kinds = new ScaleKinds(Cluster);
        (string certificate, string key) = Authority.IssueServer();
        _certificate = X509Certificate2.CreateFromPem(certificate, key);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    public ScaleCluster Cluster { get; }

    public ScaleKinds Kinds { get; }

    public TestAuthority Authority { get; } = new();

    public int Port { get; }

    public Uri Endpoint => new($"https://127.0.0.1:{Port}");

    /// <summary>Who asks with another one is told 401; null lets everybody in.</summary>
    public string? Token { get; set; }

    /// <summary>Whether lists of more than 128 KiB are compressed for who accepts it, as API servers do since 1.16.</summary>
    public bool Gzip { get; set; } = true;

    /// <summary>Whether a watch can begin with the present state (<c>sendInitialEvents</c>); without, such a request is refused with 422.</summary>
    public bool InitialEvents { get; set; }

    /// <summary>Time between bookmarks for who wants them.</summary>
    public TimeSpan BookmarkInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The version of the cluster.</summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>Watches and pages from before have ended with 410.</summary>
    public long Compacted => Volatile.Read(ref _compacted);

    /// <summary>Ends with the next <see cref="CutWatches"/>, or with the server.</summary>
    public CancellationToken WatchesEnd
    {
        get
        {
            lock (_lock)
            {
                return _cut.Token;
            }
        }
    }

    /// <summary>What was sent to all requests of a verb for a kind, say <c>pods</c>.</summary>
    public ScaleTally Tally(ScaleVerb verb, string plural) => _tallies.GetValueOrDefault((verb, plural));

    /// <summary>What was sent in all.</summary>
    public ScaleTally Total() => _tallies.Values.Aggregate(
        default(ScaleTally),
        static (sum, one) => new ScaleTally(sum.Requests + one.Requests, sum.Bytes + one.Bytes));

    /// <summary>Forgets what was counted.</summary>
    public void ResetTallies() => _tallies.Clear();

    /// <summary>Misbehaves at the next request of this verb and kind, or in the next object of a watch that is open.</summary>
    public void Inject(ScaleVerb verb, string plural, ScaleFault fault, int times = 1)
    {
        ConcurrentQueue<ScaleFault> queue = _faults.GetOrAdd((verb, plural), static _ => []);
        for (int i = 0; i < times; i++)
        {
            queue.Enqueue(fault);
        }
    }

    /// <summary>Faults that did not happen yet.</summary>
    public int PendingFaults(ScaleVerb verb, string plural) => _faults.GetValueOrDefault((verb, plural))?.Count ?? 0;

    /// <summary>Makes changes happen at once.</summary>
    public void Advance(int changes)
    {
        TaskCompletionSource advanced;
        lock (_lock)
        {
            _version += changes;
            advanced = _advanced;
            _advanced = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        advanced.SetResult();
    }

    /// <summary>Makes changes happen at a rate until the server ends; may be called once.</summary>
    public void StartChurn(int changesPerSecond) => _churn = ChurnAsync(changesPerSecond);

    /// <summary>Forgets all history before now.</summary>
    public void Compact() => Volatile.Write(ref _compacted, Version);

    /// <summary>Cuts the connections of all watches.</summary>
    public void CutWatches()
    {
        CancellationTokenSource cut;
        lock (_lock)
        {
            cut = _cut;
            _cut = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        }

        cut.Cancel();
        cut.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        CutWatches();
        _listener.Dispose();
        await _churn;
        await _accepting;
        await Task.WhenAll(_connections.Keys);
        _certificate.Dispose();
        Authority.Dispose();
        _cut.Dispose();
        _stop.Dispose();
    }

    /// <summary>Counts a request (1) or what was sent for it.</summary>
    internal void Count(ScaleVerb verb, string plural, int requests, int bytes) => _tallies.AddOrUpdate(
        (verb, plural),
        static (_, more) => more,
        static (_, sum, more) => new ScaleTally(sum.Requests + more.Requests, sum.Bytes + more.Bytes),
        new ScaleTally(requests, bytes));

    /// <summary>The next fault for a verb and kind, or null.</summary>
    internal ScaleFault? TakeFault(ScaleVerb verb, string plural) =>
        _faults.TryGetValue((verb, plural), out ConcurrentQueue<ScaleFault>? queue) && queue.TryDequeue(out ScaleFault fault) ? fault : null;

    /// <summary>Waits until the cluster is beyond a version.</summary>
    internal Task WaitBeyondAsync(long version)
    {
        lock (_lock)
        {
            return _version > version ? Task.CompletedTask : _advanced.Task;
        }
    }

    private async Task ChurnAsync(int changesPerSecond)
    {
        long start = TimeProvider.System.GetTimestamp();
        long made = 0;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                long due = (long)(TimeProvider.System.GetElapsedTime(start).TotalSeconds * changesPerSecond);
                if (due > made)
                {
                    Advance((int)(due - made));
                    made = due;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server ends.
        }
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync(_stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            Task connection = ServeAsync(socket);
            _connections.TryAdd(connection, true);
            _ = connection.ContinueWith(done => _connections.TryRemove(done, out _), TaskScheduler.Default);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            socket.NoDelay = true;
            await using var network = new NetworkStream(socket, ownsSocket: true);
            await using var secure = new SslStream(network);
            await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
            await new ScaleConnection(this, secure).RunAsync(_stop.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or CutException or SocketException or AuthenticationException)
        {
            // The client went, or was to be cut off.
            socket.Dispose();
        }
    }
}
