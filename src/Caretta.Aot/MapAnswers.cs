using System.Buffers;
using Caretta.Aot.Http;
using Caretta.Aot.Map;

namespace Caretta.Aot;

/// <summary>
/// The answer of <c>/api/links</c> for this node: made once per snapshot, and at most once a second, however many ask. What that takes is
/// kept while somebody asks and given back a minute later; while nobody does there is not even a timer. Any thread.
/// </summary>
internal sealed class MapAnswers : IDisposable
{
    /// <summary>How long after the last question everything is given back.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan MinAge = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Func<NodeMap> _makeMap;
    private readonly TimeProvider _time;
    private State? _state;
    private ITimer? _timer;
    private long _lastAsked;
    private long _rendered;

    /// <summary>Prepares to answer.</summary>
    public MapAnswers(Func<NodeMap> makeMap, TimeProvider time)
    {
        _makeMap = makeMap;
        _time = time;
    }

    /// <summary>Answers made, not counting those that were given again.</summary>
    public long Rendered => Interlocked.Read(ref _rendered);

    /// <summary>Whether anything is kept for questions to come.</summary>
    public bool IsAwake
    {
        get
        {
            lock (_gate)
            {
                return _state is not null;
            }
        }
    }

    /// <summary>The newest answer.</summary>
    public HttpDocument GetLinks()
    {
        lock (_gate)
        {
            // One makes it, others wait for it: that is milliseconds, and cheaper than making it twice.
            long now = _time.GetTimestamp();
            _lastAsked = now;
            if (_state is null)
            {
                _state = new State(_makeMap());
                _timer ??= _time.CreateTimer(static answers => ((MapAnswers)answers!).LookForIdleness(), this, Patience, Timeout.InfiniteTimeSpan);
            }

            State state = _state;
            if (state.Document is null || _time.GetElapsedTime(state.MadeAt, now) >= MinAge)
            {
                if (state.Map.Update() || state.Document is null)
                {
                    state.Document = Render(state);
                    state.MadeAt = now;
                    Interlocked.Increment(ref _rendered);
                }
            }

            return state.Document;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _timer?.Dispose();
            _state?.Map.Forget();
            _state = null;
        }
    }

    private static HttpDocument Render(State state)
    {
        state.Output.ResetWrittenCount();
        state.Gzip.Start(state.Output);
        MapJson.Write(state.Map.Map, state.Gzip);
        state.Gzip.Finish();
        return new HttpDocument(MapHeaders.Json, state.Output.WrittenSpan.ToArray(), MapHeaders.Api);
    }

    private void LookForIdleness()
    {
        lock (_gate)
        {
            if (_state is null || _timer is null)
            {
                return;
            }

            TimeSpan idle = _time.GetElapsedTime(_lastAsked);
            if (idle < Patience)
            {
                _timer.Change(Patience - idle, Timeout.InfiniteTimeSpan);
                return;
            }

            _state.Map.Forget();
            _state = null;
            _timer.Dispose();
            _timer = null;
        }

        // Polls and scrapes allocate nothing, so nothing else would bring a collection about.
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    private sealed class State(NodeMap map)
    {
        public NodeMap Map { get; } = map;

        public GzipEncoder Gzip { get; } = new();

        public ArrayBufferWriter<byte> Output { get; } = new();

        public HttpDocument? Document { get; set; }

        public long MadeAt { get; set; }
    }
}
