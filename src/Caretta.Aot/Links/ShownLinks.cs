using Caretta.Aot.Collections;
using Caretta.Aot.Identity;
using Caretta.Aot.Snapshots;

namespace Caretta.Aot.Links;

/// <summary>
/// The named links and which of them are shown. Up to the budget every link has a column of its own. Beyond it a link is a
/// <em>candidate</em>: its bytes go to the link <c>other</c> of its role, and when it has carried twice as much as the smallest link shown,
/// the two change places: the smaller one's totals move to <c>other</c>, and the larger one starts at 0, since what it carried so far is in
/// <c>other</c> and nothing that is shown may fall.
/// <para>A link that ended or was folded and comes back starts at 0 as well. To a scraper that is the reset of a counter, which it knows from
/// agents that start anew: rates stay right, and the sum over all links, <c>other</c> and the ended ones stays exact.</para>
/// Poll thread only.
/// </summary>
internal sealed class ShownLinks
{
    private const int Ended = -2;
    private const ulong Advantage = 2;
    private static readonly TimeSpan ExchangeInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MaxScanInterval = TimeSpan.FromMinutes(5);

    private readonly ILinkResolver _resolver;
    private readonly LinkLimits _limits;
    private readonly TimeProvider _time;
    private readonly TimeSpan _scanInterval;
    private readonly PagedTable<LinkIdentity, int> _byIdentity = new();
    private readonly int[] _otherColumns = [-1, -1, -1];
    private readonly PagedList<Slot> _slots = new();
    private int _free = -1;
    private int _shown;
    private int _candidates;
    private int[] _slotOfColumn = [];
    private readonly LinkRanking _smallest = new();
    private readonly LinkRanking _challengers = new();
    private readonly long _madeAt;
    private long _lastScan;
    private long _lastExchange;
    private LinkLedger _ledger;

    /// <summary>Starts without links.</summary>
    public ShownLinks(ILinkResolver resolver, LinkLimits limits, TimeProvider time)
    {
        _resolver = resolver;
        _limits = limits;
        _time = time;
        _scanInterval = limits.LinkTtl / 8 < MaxScanInterval ? limits.LinkTtl / 8 : MaxScanInterval;
        _madeAt = _lastScan = _lastExchange = time.GetTimestamp();
    }

    /// <summary>What is shown.</summary>
    public LinkColumns Columns { get; } = new();

    /// <summary>How links came and went.</summary>
    public LinkLedger Ledger => _ledger;

    /// <summary>Finds a link or makes it, and returns its number, good while a key retains it.</summary>
    public int GetOrAdd(LinkIdentity identity, long now)
    {
        ref int slot = ref _byIdentity.GetOrAdd(in identity, out bool existed);
        if (existed)
        {
            return slot;
        }

        slot = Take();
        _slots[slot] = new Slot { Identity = identity, Column = -1, LastActive = now, FirstSeen = Tenths(now) };
        if (_shown < _limits.MaxLinks)
        {
            Show(slot, Columns.Add(identity));
        }
        else
        {
            _candidates++;
        }

        return slot;
    }

    /// <summary>Adds the ends of all links, shown or not.</summary>
    public void AddWorkloads(WorkloadSet used)
    {
        for (int i = 0; i < _byIdentity.Places; i++)
        {
            if (_byIdentity.IsHeld(i))
            {
                used.Add(_byIdentity.KeyAt(i).Client);
                used.Add(_byIdentity.KeyAt(i).Server);
            }
        }
    }

    /// <summary>A key refers to this link.</summary>
    public void Retain(int link) => _slots[link].Keys++;

    /// <summary>A key refers to it no longer.</summary>
    public void Release(int link)
    {
        ref Slot slot = ref _slots[link];
        if (--slot.Keys > 0 || slot.Column >= 0)
        {
            return;
        }

        if (slot.Column == Ended)
        {
            Free(link);
        }
        else
        {
            _candidates--;
            _byIdentity.Remove(slot.Identity);
            Free(link);
        }
    }

    /// <summary>Whether this link ended; its keys should be dropped.</summary>
    public bool HasEnded(int link) => _slots[link].Column == Ended;

    /// <summary>Adds what was drained.</summary>
    public void Add(int link, in LinkDelta delta, long now)
    {
        LinkTotals totals = default;
        totals.Add(in delta);
        Add(link, in totals, now);
    }

    /// <summary>Adds what had waited.</summary>
    public void Add(int link, in LinkTotals totals, long now)
    {
        ref Slot slot = ref _slots[link];
        slot.LastActive = now;
        slot.Open += totals.Open;
        if (slot.Column < 0)
        {
            slot.CandidateBytes += totals.SentBytes + totals.ReceivedBytes;
        }

        int column = ColumnOf(ref slot);
        AddToColumn(column, in totals);
        Columns.LastSeen[column] = Tenths(now);
    }

    /// <summary>Adds connections that are open.</summary>
    public void AddOpen(int link, long open)
    {
        if (open != 0)
        {
            _slots[link].Open += open;
            int column = ColumnOf(ref _slots[link]);
            Columns.Open[column] += open;
        }
    }

    /// <summary>Keeps to the budget, and ends links that were idle for long.</summary>
    /// <returns>Whether keys refer to links that ended: they should be dropped at once.</returns>
    public bool EndPoll(long now)
    {
        Columns.Now = Tenths(now);
        Columns.WallTime = _time.GetUtcNow();
        if (_candidates > 0 && _time.GetElapsedTime(_lastExchange, now) >= ExchangeInterval)
        {
            _lastExchange = now;
            Exchange();
        }

        if (_limits.LinkTtl <= TimeSpan.Zero || _time.GetElapsedTime(_lastScan, now) < _scanInterval)
        {
            return false;
        }

        _lastScan = now;
        return Expire(now);
    }

    private bool Expire(long now)
    {
        bool hasKeys = false;
        for (int column = Columns.Count - 1; column >= 0; column--)
        {
            int link = _slotOfColumn[column];
            if (link < 0 || Columns.Open[column] > 0 || _time.GetElapsedTime(_slots[link].LastActive, now) < _limits.LinkTtl)
            {
                continue;
            }

            LinkIdentity identity = _slots[link].Identity;
            if (!_resolver.IsGone(identity.Client) && !_resolver.IsGone(identity.Server))
            {
                continue;
            }

            _ledger.ExpiredLinks++;
            _ledger.ExpiredSentBytes += Columns.SentBytes[column];
            _ledger.ExpiredReceivedBytes += Columns.ReceivedBytes[column];
            RemoveColumn(column);
            _shown--;
            _byIdentity.Remove(identity);
            _slots[link].Column = Ended;
            if (_slots[link].Keys == 0)
            {
                Free(link);
            }
            else
            {
                hasKeys = true;
            }
        }

        return hasKeys;
    }

    // The largest candidate against the smallest link shown, and so on while it is worth it.
    private void Exchange()
    {
        FillPlaces();
        Rank(_challengers, candidates: true);
        if (_challengers.Count == 0)
        {
            return;
        }

        Rank(_smallest, candidates: false);
        for (int i = 0; i < _smallest.Count && i < _challengers.Count; i++)
        {
            int challenger = _challengers.Count - 1 - i;
            if (_challengers.Bytes[challenger] / Advantage <= _smallest.Bytes[i])
            {
                break;
            }

            Fold(_smallest.Links[i], _challengers.Links[challenger]);
        }
    }

    // Places may be free since links ended.
    private void FillPlaces()
    {
        for (int i = 0; i < _slots.Count && _shown < _limits.MaxLinks && _candidates > 0; i++)
        {
            if (_slots[i].Column == -1 && _slots[i].Keys > 0)
            {
                _candidates--;
                MoveOpen(i, Columns.Add(_slots[i].Identity));
            }
        }
    }

    private void Fold(int link, int challenger)
    {
        ref Slot slot = ref _slots[link];
        int column = slot.Column;
        var totals = new LinkTotals
        {
            SentBytes = Columns.SentBytes[column],
            ReceivedBytes = Columns.ReceivedBytes[column],
            Opened = Columns.Opened[column],
            Closed = Columns.Closed[column],
            Failed = Columns.Failed[column],
            Open = Columns.Open[column],
        };
        slot.Column = -1;
        slot.CandidateBytes = 0;
        _shown--;
        _ledger.FoldedLinks++;
        AddToColumn(OtherColumn(slot.Identity.Role), in totals);
        Columns.Replace(column, _slots[challenger].Identity);
        MoveOpen(challenger, column);
        if (slot.Keys == 0)
        {
            _byIdentity.Remove(slot.Identity);
            Free(link);
        }
        else
        {
            _candidates++;
        }

        _candidates--;
    }

    // A candidate's open connections are counted in the link other until it is shown.
    private void MoveOpen(int candidate, int column)
    {
        ref Slot slot = ref _slots[candidate];
        if (slot.Open != 0)
        {
            int other = OtherColumn(slot.Identity.Role);
            Columns.Open[other] -= slot.Open;
            Columns.Open[column] += slot.Open;
        }

        slot.CandidateBytes = 0;
        Show(candidate, column);
    }

    private void Rank(LinkRanking ranking, bool candidates)
    {
        ranking.Clear(_slots.Count);
        for (int i = 0; i < _slots.Count; i++)
        {
            ref Slot slot = ref _slots[i];
            if (candidates && slot.Column == -1 && slot.Keys > 0)
            {
                ranking.Add(slot.CandidateBytes, i);
            }
            else if (!candidates && slot.Column >= 0)
            {
                ranking.Add(Columns.SentBytes[slot.Column] + Columns.ReceivedBytes[slot.Column], i);
            }
        }

        ranking.Sort();
    }

    private void Show(int link, int column)
    {
        _slots[link].Column = column;
        Columns.FirstSeen[column] = _slots[link].FirstSeen;
        Columns.LastSeen[column] = Tenths(_slots[link].LastActive);
        SetSlotOfColumn(column, link);
        _shown++;
    }

    private void SetSlotOfColumn(int column, int link)
    {
        if (column >= _slotOfColumn.Length)
        {
            Array.Resize(ref _slotOfColumn, Math.Max(64, column * 2));
        }

        _slotOfColumn[column] = link;
    }

    private void RemoveColumn(int column)
    {
        int last = Columns.Count - 1;
        Columns.RemoveBySwap(column);
        if (column == last)
        {
            return;
        }

        int moved = _slotOfColumn[last];
        _slotOfColumn[column] = moved;
        if (moved >= 0)
        {
            _slots[moved].Column = column;
        }
        else
        {
            _otherColumns[Columns.Identities[column].Role] = column;
        }
    }

    private int ColumnOf(ref Slot slot) => slot.Column >= 0 ? slot.Column : OtherColumn(slot.Identity.Role);

    private int OtherColumn(byte role)
    {
        ref int column = ref _otherColumns[role];
        if (column < 0)
        {
            column = Columns.Add(new LinkIdentity(_resolver.Other, _resolver.Other, 0, role));
            SetSlotOfColumn(column, -1);
            Columns.FirstSeen[column] = Columns.LastSeen[column] = Columns.Now;
        }

        return column;
    }

    private void AddToColumn(int column, in LinkTotals totals)
    {
        Columns.SentBytes[column] += totals.SentBytes;
        Columns.ReceivedBytes[column] += totals.ReceivedBytes;
        Columns.Opened[column] += totals.Opened;
        Columns.Closed[column] += totals.Closed;
        Columns.Failed[column] += totals.Failed;
        Columns.Open[column] += totals.Open;
    }

    // Fine enough for people, and good for 13 years.
    private uint Tenths(long now) => (uint)(_time.GetElapsedTime(_madeAt, now).Ticks / (TimeSpan.TicksPerSecond / 10));

    private int Take()
    {
        if (_free >= 0)
        {
            int taken = _free;
            _free = _slots[taken].Keys;
            return taken;
        }

        return _slots.Add();
    }

    private void Free(int link)
    {
        // Neither shown nor a candidate; the next free place is kept where keys are counted otherwise.
        _slots[link] = new Slot { Column = Ended, Keys = _free };
        _free = link;
    }

    private struct Slot
    {
        public LinkIdentity Identity;
        public long LastActive;
        public ulong CandidateBytes;
        public long Open;
        public uint FirstSeen;
        public int Column;      // -1: candidate; Ended: ended or free
        public int Keys;
    }
}
