using System.Diagnostics;
using System.Globalization;
using System.Text;
using Caretta.Aot.Identity.Objects;
using Caretta.Aot.Json;

namespace Caretta.Aot.Kubernetes;

/// <summary>
/// Keeps a sink up to date with all objects of one type: lists them, then watches from there on, for ever, as client-go's reflector does
/// (tools/cache/reflector.go). One asynchronous loop; the sink is called from it alone.
/// </summary>
internal sealed class Reflector<T> : IReflector
    where T : class
{
    // A watch resumed so often without coming any further is given up for a list.
    private const int PassingRefusals = 5;
    private const int MaxFruitlessWatches = 3;

    private readonly ApiClient _client;
    private readonly ObjectType<T> _type;
    private readonly IObjectSink<T> _sink;
    private readonly ReflectorOptions _options;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly Log _log;
    private readonly Backoff _backoff;
    private readonly ObjectDecoder<T> _decoder;
    private readonly ListPage<T> _page;
    private readonly WatchEvents<T> _events;
    private readonly JsonStream _json;
    private readonly byte[] _versionBytes = new byte[64];
    private int _versionLength;

    // What the loop knows between two requests.
    private bool _mustList = true;
    private bool _expired;              // the last version we had is too old for the server: only the newest will do
    private bool _wholeList;            // continue tokens expired twice: ask for all at once
    private bool _useInitialEvents;
    private bool _initial;              // the initial events are coming in
    private bool _progress;
    private int _fruitless;
    private int _initialFailures;
    private int _failuresSinceGood;
    private long _listedAt;
    private long _skippedSaid;
    private bool _longStringsSaid;
    private ApiStream? _watch;
    private TimeSpan _watchTotal;

    private volatile bool _synced;
    private volatile bool _watching;
    private volatile bool _denied;
    private volatile string? _lastError;
    private long _eventCount;
    private long _listed;
    private long _resets;
    private long _lists;
    private long _failures;

    /// <summary>Requests nothing yet.</summary>
    /// <param name="client">Reaches the server.</param>
    /// <param name="type">What to reflect.</param>
    /// <param name="sink">Where to.</param>
    /// <param name="options">How.</param>
    /// <param name="random">Scatters times.</param>
    /// <param name="log">Hears of trouble.</param>
    public Reflector(
        ApiClient client, ObjectType<T> type, IObjectSink<T> sink, ReflectorOptions options, Random random, Log log)
    {
        _client = client;
        _type = type;
        _sink = sink;
        _options = options;
        _time = client.Options.Time;
        _random = random;
        _log = log;
        _backoff = new Backoff(options.FirstDelay, options.MaxDelay, random);
        _useInitialEvents = options.RelistByInitialEvents;
        _decoder = type.Decoder();
        _page = new ListPage<T>(_decoder, TakeListed);
        _events = new WatchEvents<T>(_decoder, TakeEvent);
        _json = new JsonStream(client.Options.StreamJson);
    }

    /// <inheritdoc/>
    public ReflectorStatus Status => new(
        _type.Resource, _synced, _watching, _denied, Interlocked.Read(ref _eventCount), Interlocked.Read(ref _listed),
        Interlocked.Read(ref _resets), Interlocked.Read(ref _lists), _page.Skipped + _events.Skipped, Interlocked.Read(ref _failures),
        _lastError);

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            TimeSpan delay;
            try
            {
                if (_mustList && !(_useInitialEvents && _synced))
                {
                    await ListAsync(cancel).ConfigureAwait(false);
                }

                delay = await WatchAsync(cancel).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (ApiClient.IsTransient(e))
            {
                delay = Recover(e);
            }

            SaySkipped();
            try
            {
                await Task.Delay(delay, _time, cancel).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task ListAsync(CancellationToken cancel)
    {
        BeginList();

        // From the server's cache as far as that is sound. At first, any state will do: nothing is known. Later the list must not be older
        // than what was seen. After 410 only the newest will do (an empty version: Kubernetes API concepts, "Resource versions").
        string version = _expired ? "" : _versionLength == 0 ? "&resourceVersion=0" : $"&resourceVersion={Version()}&resourceVersionMatch=NotOlderThan";
        string limit = _wholeList ? "" : $"&limit={_options.PageSize}";
        string query = $"{_type.Path}?{(limit + version).TrimStart('&')}";
        while (true)
        {
            _page.Clear();
            using (ApiStream body = await _client.GetAsync(query, ApiClient.Json, compressed: true, cancel).ConfigureAwait(false))
            {
                await _json.ReadAsync(body, _page.Shape, _page, cancel).ConfigureAwait(false);
            }

            _page.CheckComplete(_json.Values);
            SaySkipped();
            if (_page.Continue.Length == 0)
            {
                break;
            }

            query = $"{_type.Path}?limit={_options.PageSize}&continue={Uri.EscapeDataString(_page.Continue)}";
        }

        SetVersion(Encoding.UTF8.GetBytes(_page.ResourceVersion));
        EndList();
    }

    // Returns the delay before the next attempt.
    private async Task<TimeSpan> WatchAsync(CancellationToken cancel)
    {
        TimeSpan span = _options.WatchAtLeast + ((_options.WatchAtMost - _options.WatchAtLeast) * _random.NextDouble());
        int seconds = Math.Max(1, (int)span.TotalSeconds);
        _initial = _mustList;
        _progress = false;
        string query = string.Create(CultureInfo.InvariantCulture, $"{_type.Path}?watch=true&allowWatchBookmarks=true&timeoutSeconds={seconds}&");
        query += !_initial ? $"resourceVersion={Version()}"
            : "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=" + (_expired ? "" : _versionLength == 0 ? "0" : Version());
        _watchTotal = span + _options.WatchGrace;
        TimeSpan idle = _initial && _options.InitialEventsIdle < _watchTotal ? _options.InitialEventsIdle : _watchTotal;
        using ApiStream body = await _client.GetAsync(query, ApiClient.Json, compressed: false, idle, _watchTotal, cancel).ConfigureAwait(false);
        long began = _time.GetTimestamp();
        try
        {
            _watch = body;
            _watching = true;
            if (_initial)
            {
                BeginList();
            }
            else
            {
                Heal();
            }

            await _json.ReadAsync(body, _events.Shape, _events, cancel).ConfigureAwait(false);
        }
        catch (TimeoutException) when (_initial)
        {
            _initialFailures++;
            throw;
        }
        finally
        {
            _watch = null;
            _watching = false;
            Interlocked.Increment(ref _resets);
            if (_progress || _time.GetElapsedTime(began) >= _options.MaxDelay)
            {
                _backoff.Reset();
            }
        }

        if (_initial)
        {
            _initialFailures++;
            throw new BadResponseException("the watch ended before its initial events were complete");
        }

        return _progress || _time.GetElapsedTime(began) >= _options.ShortWatch ? TimeSpan.Zero : _backoff.Next();
    }

    private void TakeListed(T item)
    {
        Interlocked.Increment(ref _listed);
        _sink.Apply(ObjectChangeKind.Upserted, item);
    }

    private void TakeEvent(WatchEventKind kind)
    {
        if (kind == WatchEventKind.Bookmark)
        {
            TakeBookmark();
        }
        else if (_events.Build() is T item)
        {
            if (_initial)
            {
                Interlocked.Increment(ref _listed);
            }
            else
            {
                Interlocked.Increment(ref _eventCount);
            }

            _sink.Apply(kind == WatchEventKind.Deleted ? ObjectChangeKind.Deleted : ObjectChangeKind.Upserted, item);
        }

        if (!_initial && !_decoder.ResourceVersion.IsEmpty)
        {
            _progress = true;
            _fruitless = 0;
            SetVersion(_decoder.ResourceVersion);
        }

        SaySkipped();
    }

    private void TakeBookmark()
    {
        if (!_initial)
        {
            return;
        }

        // A server that knows initial events sends no other bookmark before they are complete.
        if (!_decoder.IsInitialEventsEnd || _decoder.ResourceVersion.IsEmpty)
        {
            _useInitialEvents = false;
            throw new BadResponseException("the server does not know initial events");
        }

        _initial = false;
        _watch!.Idle = _watchTotal;
        SetVersion(_decoder.ResourceVersion);
        EndList();
        Heal();
    }

    private void BeginList()
    {
        Interlocked.Increment(ref _lists);
        _listedAt = _time.GetTimestamp();
        _sink.Apply(ObjectChangeKind.Reset, null);
    }

    private void EndList()
    {
        _mustList = false;
        _expired = false;
        _wholeList = false;
        _fruitless = 0;
        _initialFailures = 0;
        _synced = true;
        _sink.Apply(ObjectChangeKind.Synced, null);
    }

    private void Heal()
    {
        // A watch that is cut now and then is no news.
        if (_failuresSinceGood >= 3)
        {
            _log.Info($"{_type.Resource}: the API server is answering again");
        }

        _failuresSinceGood = 0;
        _lastError = null;
        _denied = false;
    }

    private TimeSpan Recover(Exception e)
    {
        Interlocked.Increment(ref _failures);
        _failuresSinceGood++;
        var refusal = e as ApiException;
        string description = ApiClient.Describe(e);
        if (_mustList && _initial && (refusal is { IsInvalid: true } || _initialFailures >= 2 || !_useInitialEvents))
        {
            // This server's way is the list.
            _useInitialEvents = false;
            _initial = false;
            return TimeSpan.Zero;
        }

        _lastError = description;
        if (refusal is { IsGone: true })
        {
            return RecoverExpired();
        }

        if (refusal is { IsDenied: true })
        {
            // A server that has just started refuses everybody until it has read its own rules: only a refusal that stands will last.
            SayDenied(refusal, description);
            return _failuresSinceGood <= PassingRefusals ? _backoff.Next() : Scatter(_options.DeniedDelay);
        }

        if (!_mustList && !_progress && (refusal is { Code: not (429 or 503) } || e is BadResponseException) && ++_fruitless >= MaxFruitlessWatches)
        {
            _fruitless = 0;
            _mustList = true;       // perhaps it is what we ask for that the server chokes on
        }

        // The server may have lost its data, and be unable to reach our version (504, "Too large resource version").
        _expired |= _mustList && refusal is { Code: 504 };
        _log.Warn($"kubernetes {_type.Resource}", $"{_type.Resource}: {description}; trying again");
        return _backoff.Next(refusal?.RetryAfter);
    }

    // The version we had, or the continue token of a list, is too old.
    private TimeSpan RecoverExpired()
    {
        _wholeList = _mustList && _expired;
        _expired = true;
        _mustList = true;
        return _time.GetElapsedTime(_listedAt) > _options.MaxDelay ? TimeSpan.Zero : _backoff.Next();
    }

    private void SayDenied(ApiException refusal, string description)
    {
        _lastError = description;
        if (_denied)
        {
            return;
        }

        _denied = true;
        string remedy = refusal.Code == 403
            ? $"the agent's ClusterRole needs apiGroups: [\"{_type.Group}\"], resources: [\"{_type.Resource}\"], verbs: [\"list\", \"watch\"]"
            : "the server has no such resource";
        _log.Error($"{_type.Resource} are not available, and names will lack them; {remedy} ({description})");
    }

    private void SaySkipped()
    {
        long skipped = _page.Skipped + _events.Skipped;
        if (skipped > _skippedSaid)
        {
            _skippedSaid = skipped;
            _log.Warn($"kubernetes skipped {_type.Resource}", $"{_type.Resource}: objects that cannot be understood are left out, {skipped} so far");
        }

        if (!_longStringsSaid && _json.LongStrings > 0)
        {
            _longStringsSaid = true;
            _log.Info($"{_type.Resource}: texts longer than {_client.Options.StreamJson.BufferBytes} bytes are skipped");
        }
    }

    private TimeSpan Scatter(TimeSpan delay) => delay * (0.75 + (_random.NextDouble() / 2));

    private string Version() => Uri.EscapeDataString(Encoding.UTF8.GetString(_versionBytes.AsSpan(0, _versionLength)));

    private void SetVersion(ReadOnlySpan<byte> version)
    {
        Debug.Assert(version.Length <= _versionBytes.Length, "limited where it is read");
        version.CopyTo(_versionBytes);
        _versionLength = version.Length;
    }
}
