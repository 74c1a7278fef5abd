using System.Diagnostics;
using Caretta.Aot.Identity;
using Caretta.Aot.Links;
using Caretta.Aot.Snapshots;
using Caretta.Bpf;

namespace Caretta.Aot;

/// <summary>
/// The poll loop: kernel → links → snapshot. The one file that knows the other folders. Runs on the thread that calls
/// <see cref="Run"/>; everything else may be called from any.
/// </summary>
internal sealed class Agent
{
    // Connections that waited for accept(2) while the agent started are adopted by this poll.
    private const ulong LastAdoptingPoll = 2;

    // From one look at the kernel's maps to the next, while waiting.
    private static readonly TimeSpan PressureCheck = TimeSpan.FromMilliseconds(100);

    private readonly ILinkTier _tier;
    private readonly SnapshotExchange _exchange;
    private readonly LinkTable _table;
    private readonly LinkLimits _limits;
    private readonly INaming _naming;
    private readonly ManualResetEventSlim _wake;
    private readonly WorkloadTable _workloads;
    private readonly AgentHealth _health;
    private readonly AgentMemory _memory;
    private readonly TimeSpan _interval;
    private readonly Log _log;
    private readonly Func<long> _scrapes;
    private volatile bool _isReady;
    private volatile bool _hasPolled;

    /// <summary>Wires the parts together; nothing runs yet.</summary>
    /// <param name="tier">Attached already.</param>
    /// <param name="memory">Of that tier.</param>
    /// <param name="exchange">Where scrapes find what this leaves.</param>
    /// <param name="facts">What the exchange was made for.</param>
    /// <param name="workloads">Shared with <paramref name="naming"/>.</param>
    /// <param name="naming">Names the ends.</param>
    /// <param name="limits">What keeps the links bounded.</param>
    /// <param name="wake">Set, by any thread, to end a wait early.</param>
    /// <param name="interval">From one poll to the next.</param>
    /// <param name="scrapes">Pages served so far.</param>
    /// <param name="log">Where trouble is told.</param>
    public Agent(
        ILinkTier tier,
        AgentMemory memory,
        SnapshotExchange exchange,
        AgentFacts facts,
        WorkloadTable workloads,
        INaming naming,
        LinkLimits limits,
        ManualResetEventSlim wake,
        TimeSpan interval,
        Func<long> scrapes,
        Log log)
    {
        _tier = tier;
        _memory = memory;
        _exchange = exchange;
        _workloads = workloads;
        _naming = naming;
        _wake = wake;
        _interval = interval;
        _scrapes = scrapes;
        _log = log;
        _limits = limits;
        _table = new LinkTable(naming.Resolver, limits);
        _health = new AgentHealth(facts);
    }

    /// <summary>Whether the last poll succeeded. Any thread.</summary>
    public bool IsReady => _isReady;

    /// <summary>Whether any poll has succeeded, so that there is something to show. Any thread.</summary>
    public bool HasPolled => _hasPolled;

    /// <summary>Polls, the first time at once, until <paramref name="stop"/>.</summary>
    public void Run(StopSignal stop)
    {
        long interval = (long)(_interval.TotalSeconds * Stopwatch.Frequency);
        long next = Stopwatch.GetTimestamp();
        while (!stop.IsRequested)
        {
            Poll();

            // At a fixed pace; after a poll that took longer than the interval the next one comes at once, and none is made up for.
            long now = Stopwatch.GetTimestamp();
            if (now >= next)
            {
                next = Math.Max(next + interval, now);
            }

            WaitUntil(next, stop);
        }
    }

    /// <summary>One poll. Allocates nothing once warm.</summary>
    internal void Poll()
    {
        long started = Stopwatch.GetTimestamp();
        try
        {
            if (_health.Polls + 1 == LastAdoptingPoll)
            {
                _tier.Adopt();
            }

            // In this order: what was counted so far goes by what was known so far.
            _tier.Poll(_table);
            _naming.ApplyChanges(_table);
            _table.EndPoll();
            _naming.Tidy(_table);
            if (_health.Polls + 1 == LastAdoptingPoll)
            {
                _tier.EndAdoption();
            }

            _health.Polls++;
            ReadHealth(Stopwatch.GetElapsedTime(started));
            _exchange.Publish(_table.Columns, _workloads, _health);
            _memory.Tidy();
            _isReady = true;
            _hasPolled = true;
        }
        catch (Exception exception) when (exception is BpfException or IOException)
        {
            // The kernel keeps counting, and the next poll takes it all.
            _health.FailedPolls++;
            _isReady = false;
            _log.Warn("poll", $"poll failed, next try in {_interval.TotalSeconds:0.###} s: {exception.Message}");
        }
    }

    // A poll comes early when the kernel's maps fill, for a port scan makes tens of thousands of links a second, and when an address is
    // about to belong to somebody else.
    private void WaitUntil(long timestamp, StopSignal stop)
    {
        TimeSpan remaining = Remaining(timestamp);
        while (remaining > TimeSpan.Zero && !stop.IsRequested)
        {
            _memory.Tidy();
            _wake.Wait(remaining < PressureCheck ? remaining : PressureCheck);
            _wake.Reset();
            remaining = Remaining(timestamp);
            if (remaining > TimeSpan.Zero && (_naming.WantsPoll || IsPressed()))
            {
                return;
            }
        }
    }

    private bool IsPressed()
    {
        try
        {
            return _tier.IsPressed();
        }
        catch (BpfException)
        {
            return true;    // The poll meets the same trouble, and tells.
        }
    }

    private static TimeSpan Remaining(long timestamp) => Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), timestamp);

    private void ReadHealth(TimeSpan pollDuration)
    {
        KernelCounters counters = _tier.Counters;
        _health.PollDuration = pollDuration;
        _health.DrainDuration = _tier.DrainDuration;
        _health.LiveSockets = _tier.LiveSockets;
        _health.LinkKeys = _table.KeyCount;
        _health.LoopbackConnections = _table.LoopbackConnections;
        _health.ConnectionDeletions = _table.ClosedConnections;
        _health.LostUpdates = counters.LostUpdates;
        _health.LostConnections = counters.UntrackedConnections;
        _health.LostBytes = counters.LostSentBytes + counters.LostReceivedBytes;
        LinkLedger ledger = _table.Ledger;
        _health.LinkBudget = _limits.MaxLinks;
        _health.FoldedLinks = ledger.FoldedLinks;
        _health.ExpiredLinks = ledger.ExpiredLinks;
        _health.ExpiredSentBytes = ledger.ExpiredSentBytes;
        _health.ExpiredReceivedBytes = ledger.ExpiredReceivedBytes;
        _health.PendingKeys = _table.HeldKeys;
        _health.PendingSentBytes = _table.HeldSentBytes;
        _health.PendingReceivedBytes = _table.HeldReceivedBytes;
        _naming.ReadHealth(_health);
        _health.ResidentBytes = _memory.ReadResidentBytes();
        _health.Scrapes = (ulong)_scrapes();
        for (int i = 0; i < _tier.Programs.Count; i++)
        {
            _health.MissedEvents[i] = _tier.Programs[i].ReadRecursionMisses();
        }

        _memory.ReadMaps(_health.MapMemoryBytes);
    }
}
