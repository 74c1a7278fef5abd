using Caretta.Aot.Collections;
using Caretta.Aot.Identity;
using Caretta.Aot.Snapshots;

namespace Caretta.Aot.Links;

/// <summary>
/// Turns what the kernel drained into totals per named link. A total never falls while its link is shown: not when a name is corrected,
/// not when a key is forgotten. Every byte is in exactly one place: a link, the link <c>other</c>, the bytes that wait for their names, or
/// the bytes of links that ended. Poll thread only; a poll in which nothing new appears allocates nothing.
/// </summary>
internal sealed class LinkTable
{
    // Polls without activity after which a key without open connections counts as idle.
    private const int IdlePolls = 16;

    private readonly ILinkResolver _resolver;
    private readonly LinkLimits _limits;
    private readonly TimeProvider _time;
    private readonly PagedTable<LinkKey, KeyState> _keys = new();
    private readonly HeldLinks _held = new();
    private readonly ShownLinks _links;
    private long _now;
    private long _loopback;
    private int _poll;
    private int _trimAbove;

    /// <summary>Makes an empty table.</summary>
    /// <param name="resolver">Names the ends of keys.</param>
    /// <param name="limits">What keeps the table small; null for the defaults.</param>
    /// <param name="time">Clock for waiting and idleness; null for the system's.</param>
    public LinkTable(ILinkResolver resolver, LinkLimits? limits = null, TimeProvider? time = null)
    {
        _resolver = resolver;
        _limits = limits ?? new LinkLimits();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(_limits.MaxKeys, nameof(limits));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(_limits.MaxLinks, nameof(limits));
        _time = time ?? TimeProvider.System;
        _links = new ShownLinks(resolver, _limits, _time);
        _now = _time.GetTimestamp();
        _trimAbove = _limits.MaxKeys;
    }

    /// <summary>The links and their totals.</summary>
    public LinkColumns Columns => _links.Columns;

    /// <summary>Distinct kernel keys remembered.</summary>
    public int KeyCount => _keys.Count;

    /// <summary>Ends of connections on loopback addresses that are open now, shown as links or not.</summary>
    public long LoopbackConnections => Math.Max(0, _loopback);

    /// <summary>Connections closed since launch, those on skipped loopback keys included.</summary>
    public ulong ClosedConnections { get; private set; }

    /// <summary>Keys whose names are on their way.</summary>
    public int HeldKeys => _held.Count;

    /// <summary>Bytes sent that wait for names, in no link yet.</summary>
    public ulong HeldSentBytes => _held.SentBytes;

    /// <summary>Bytes received that wait for names, in no link yet.</summary>
    public ulong HeldReceivedBytes => _held.ReceivedBytes;

    /// <summary>How links came and went.</summary>
    public LinkLedger Ledger => _links.Ledger;

    /// <summary>Adds one drained batch. May be called several times per poll; the spans are not kept.</summary>
    /// <exception cref="ArgumentException">The spans differ in length.</exception>
    public void Apply(ReadOnlySpan<LinkKey> keys, ReadOnlySpan<LinkDelta> deltas)
    {
        if (keys.Length != deltas.Length)
        {
            throw new ArgumentException($"{keys.Length} keys and {deltas.Length} deltas");
        }

        // Before any answer: what another thread learns meanwhile makes the next batch ask again.
        long epoch = _resolver.Epoch;
        _now = _time.GetTimestamp();
        for (int i = 0; i < keys.Length; i++)
        {
            Apply(in keys[i], in deltas[i], epoch);
        }
    }

    /// <summary>Adds what a sweep found. May be called several times per poll; the span is not kept.</summary>
    public void Apply(ReadOnlySpan<SweptLink> swept)
    {
        long epoch = _resolver.Epoch;
        _now = _time.GetTimestamp();
        foreach (ref readonly SweptLink link in swept)
        {
            Apply(link.Link, link.Delta, epoch);
        }
    }

    /// <summary>Adds the ends of all links, so that their names are kept.</summary>
    public void AddWorkloads(WorkloadSet used) => _links.AddWorkloads(used);

    /// <summary>
    /// Ends a poll, after what changed in the meantime was made known to the resolver: names what waited, keeps to the budget and forgets
    /// what is idle.
    /// </summary>
    public void EndPoll()
    {
        _poll++;
        _now = _time.GetTimestamp();
        NameHeld();
        if (_links.EndPoll(_now))
        {
            DropKeysOfEndedLinks();
        }

        if (_keys.Count > _trimAbove)
        {
            Trim(IdlePolls);
            if (_keys.Count > _limits.MaxKeys)
            {
                Trim(1);
            }

            // Where most keys are in use, walking them all at every poll would be work for nothing: wait until they have doubled.
            _trimAbove = Math.Max(_limits.MaxKeys, _keys.Count * 2);
        }
    }

    private void Apply(in LinkKey key, in LinkDelta delta, long epoch)
    {
        long opened = unchecked((long)(delta.Opened + delta.Adopted - delta.Closed));
        ClosedConnections += delta.Closed;
        if (key.IsLoopback)
        {
            _loopback += opened;
            if (_limits.SkipLoopback)
            {
                return;
            }
        }

        ref KeyState state = ref _keys.GetOrAdd(in key, out bool known);
        if (!known)
        {
            state = KeyState.New;
        }

        if (!known || state.Provisional || state.Epoch != epoch)
        {
            Resolve(in key, ref state, epoch);
        }

        state.LastPoll = _poll;
        if (state.Held >= 0)
        {
            _held.Add(state.Held, in delta);
            return;
        }

        state.Open += opened;
        _links.Add(state.Link, in delta, _now);
    }

    // Names the key for the bytes to come, and what waits for its names if that is the same end's.
    private void Resolve(in LinkKey key, ref KeyState state, long epoch)
    {
        LinkEnds ends = _resolver.Resolve(in key, state.Held < 0 ? TimeSpan.Zero : Waited(_held[state.Held].Since));
        if (state.Held >= 0 && _held[state.Held].Holders.DifferFrom(ends.Holders))
        {
            Part(ref state);
            ends = _resolver.Resolve(in key, TimeSpan.Zero);
        }

        Take(in key, ref state, in ends, epoch);
    }

    private void Take(in LinkKey key, ref KeyState state, in LinkEnds ends, long epoch)
    {
        state.Epoch = epoch;
        if (ends.IsHeld)
        {
            if (state.Held < 0)
            {
                state.Held = _held.Add(in key, _now);
            }

            _held.AddHolders(state.Held, ends.Holders);
            return;
        }

        state.Provisional = ends.Provisional;
        int before = state.Link;
        int link = GetOrAdd(in key, in ends);
        if (link != before)
        {
            // What was counted stays where it was shown, since totals never fall; connections still open move to the better name.
            state.Link = link;
            _links.Retain(link);
            _links.AddOpen(link, state.Open);
            if (before >= 0)
            {
                _links.AddOpen(before, -state.Open);
                _links.Release(before);
            }
        }

        if (state.Held >= 0)
        {
            LinkTotals totals = RemoveHeld(state.Held);
            state.Held = -1;
            state.Open += totals.Open;
            _links.Add(link, in totals, _now);
        }
    }

    private int GetOrAdd(in LinkKey key, in LinkEnds ends) =>
        _links.GetOrAdd(new LinkIdentity(ends.Client, ends.Server, key.ServerPort, (byte)key.Role), _now);

    // Another end has taken the address while the name of the one before was on its way.
    private void Part(ref KeyState state)
    {
        long open = _held.Part(state.Held);
        state.Held = -1;
        state.Open += open;
        if (state.Link >= 0)
        {
            _links.AddOpen(state.Link, open);
        }
    }

    private void NameParted(int index, bool mustName)
    {
        LinkKey key = _held[index].Key;
        LinkEnds ends = _resolver.Resolve(in key, Waited(index, mustName), _held[index].Holders);
        if (ends.IsHeld)
        {
            _held.AddHolders(index, ends.Holders);
            return;
        }

        int link = GetOrAdd(in key, in ends);
        _links.Retain(link);
        LinkTotals totals = RemoveHeld(index);
        _links.Add(link, in totals, _now);
        _links.Release(link);
    }

    private LinkTotals RemoveHeld(int index)
    {
        if (_held.Remove(index, out LinkTotals totals) && !_held[index].IsParted)
        {
            _keys[_held[index].Key].Held = index;
        }

        return totals;
    }

    private TimeSpan Waited(int held, bool mustName) => mustName ? TimeSpan.MaxValue : Waited(_held[held].Since);

    // Zero is for what was never held, however fast the clock's owner is.
    private TimeSpan Waited(long since)
    {
        TimeSpan waited = _time.GetElapsedTime(since, _now);
        return waited > TimeSpan.Zero ? waited : TimeSpan.FromTicks(1);
    }

    /// <summary>Names what waits, as far as the resolver can by now.</summary>
    public void NameHeld()
    {
        long epoch = _resolver.Epoch;

        // Strangers choose keys: what waits for names must not fill the memory.
        bool mustName = _held.Count > _limits.MaxKeys / 2;
        for (int i = _held.Count - 1; i >= 0; i--)
        {
            if (!_held[i].IsParted)
            {
                LinkKey key = _held[i].Key;
                ref KeyState state = ref _keys[key];
                LinkEnds now = _resolver.Resolve(in key, Waited(i, mustName));
                if (!_held[i].Holders.DifferFrom(now.Holders))
                {
                    Take(in key, ref state, in now, epoch);
                    continue;
                }

                Part(ref state);
                state.Epoch = -1;
            }

            NameParted(i, mustName);
        }
    }

    private void Trim(int idlePolls)
    {
        for (int i = 0; i < _keys.Places; i++)
        {
            // A key with open connections must keep its link: their closing has to be counted where their opening was.
            KeyState state = _keys.ValueAt(i);
            if (_keys.IsHeld(i) && state.Open <= 0 && state.Held < 0 && _poll - state.LastPoll > idlePolls)
            {
                _keys.Remove(_keys.KeyAt(i));
                if (state.Link >= 0)
                {
                    _links.Release(state.Link);
                }
            }
        }
    }

    private void DropKeysOfEndedLinks()
    {
        for (int i = 0; i < _keys.Places; i++)
        {
            ref KeyState state = ref _keys.ValueAt(i);
            int link = state.Link;
            if (!_keys.IsHeld(i) || link < 0 || !_links.HasEnded(link))
            {
                continue;
            }

            if (state.Held < 0)
            {
                _keys.Remove(_keys.KeyAt(i));
            }
            else
            {
                (state.Link, state.Open) = (-1, 0);
            }

            _links.Release(link);
        }
    }

    private struct KeyState
    {
        public long Open;
        public long Epoch;
        public int Link;
        public int Held;
        public int LastPoll;
        public bool Provisional;

        public static KeyState New => new() { Link = -1, Held = -1, Epoch = -1 };
    }
}
