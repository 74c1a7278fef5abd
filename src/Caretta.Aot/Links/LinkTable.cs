using System.Runtime.InteropServices;
using Caretta.Aot.Snapshots;

namespace Caretta.Aot.Links;

/// <summary>
/// Turns what the kernel drained into totals per named link. A total never falls for the life of the process: not when a name is
/// corrected, not when a key is forgotten. Poll thread only; a poll in which nothing new appears allocates nothing.
/// </summary>
internal sealed class LinkTable
{
    /// <summary>Keys kept at rest before idle ones are forgotten, unless the caller says otherwise: about 12 MB at worst.</summary>
    public const int DefaultMaxKeys = 65536;

    // Polls without activity after which a key without open connections counts as idle.
    private const int IdlePolls = 16;

    private readonly ILinkResolver _resolver;
    private readonly bool _skipLoopback;
    private readonly int _maxKeys;
    private readonly Dictionary<LinkKey, KeyState> _keys = [];
    private readonly Dictionary<LinkIdentity, int> _links = [];
    private long _loopback;
    private int _poll;
    private int _trimAbove;

    /// <summary>Makes an empty table.</summary>
    /// <param name="resolver">Names the ends of new keys.</param>
    /// <param name="skipLoopback">Count loopback connections but make no links of them, as a cluster wants it.</param>
    /// <param name="maxKeys">Keys above which idle ones are forgotten; keys with open connections always stay.</param>
    public LinkTable(ILinkResolver resolver, bool skipLoopback = false, int maxKeys = DefaultMaxKeys)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxKeys);
        _resolver = resolver;
        _skipLoopback = skipLoopback;
        _maxKeys = maxKeys;
        _trimAbove = maxKeys;
    }

    /// <summary>The links and their totals.</summary>
    public LinkColumns Columns { get; } = new();

    /// <summary>Distinct kernel keys remembered.</summary>
    public int KeyCount => _keys.Count;

    /// <summary>Ends of connections on loopback addresses that are open now, shown as links or not.</summary>
    public long LoopbackConnections => Math.Max(0, _loopback);

    /// <summary>Connections closed since launch, those on skipped loopback keys included.</summary>
    public ulong ClosedConnections { get; private set; }

    /// <summary>Adds one drained batch. May be called several times per poll; the spans are not kept.</summary>
    /// <exception cref="ArgumentException">The spans differ in length.</exception>
    public void Apply(ReadOnlySpan<LinkKey> keys, ReadOnlySpan<LinkDelta> deltas)
    {
        if (keys.Length != deltas.Length)
        {
            throw new ArgumentException($"{keys.Length} keys and {deltas.Length} deltas");
        }

        for (int i = 0; i < keys.Length; i++)
        {
            Apply(in keys[i], in deltas[i]);
        }
    }

    /// <summary>Ends a poll: the moment at which idle keys may be forgotten.</summary>
    public void EndPoll()
    {
        _poll++;
        if (_keys.Count > _trimAbove)
        {
            Trim(IdlePolls);
            if (_keys.Count > _maxKeys)
            {
                Trim(1);
            }

            // Where most keys are in use, walking them all at every poll would be work for nothing: wait until they have doubled.
            _trimAbove = Math.Max(_maxKeys, _keys.Count * 2);
        }
    }

    private void Apply(in LinkKey key, in LinkDelta delta)
    {
        long opened = unchecked((long)(delta.Opened + delta.Adopted - delta.Closed));
        ClosedConnections += delta.Closed;
        if (key.IsLoopback)
        {
            _loopback += opened;
            if (_skipLoopback)
            {
                return;
            }
        }

        ref KeyState state = ref CollectionsMarshal.GetValueRefOrAddDefault(_keys, key, out bool known);
        if (!known || state.Provisional)
        {
            Resolve(in key, ref state, known);
        }

        state.LastPoll = _poll;
        state.Open += opened;
        int link = state.Link;
        Columns.SentBytes[link] += delta.SentBytes;
        Columns.ReceivedBytes[link] += delta.ReceivedBytes;
        Columns.Opened[link] += delta.Opened;
        Columns.Closed[link] += delta.Closed;
        Columns.Failed[link] += delta.Failed;
        Columns.Open[link] += opened;
    }

    private void Resolve(in LinkKey key, ref KeyState state, bool known)
    {
        LinkEnds ends = _resolver.Resolve(in key);
        var identity = new LinkIdentity(ends.Client, ends.Server, key.ServerPort, (byte)key.Role);
        ref int link = ref CollectionsMarshal.GetValueRefOrAddDefault(_links, identity, out bool existed);
        if (!existed)
        {
            link = Columns.Add(identity);
        }

        if (known && state.Link != link)
        {
            // What was counted stays where it was shown, since totals never fall; connections still open move to the better name.
            Columns.Open[state.Link] -= state.Open;
            Columns.Open[link] += state.Open;
        }

        state.Link = link;
        state.Provisional = ends.Provisional;
    }

    private void Trim(int idlePolls)
    {
        // Removing while enumerating is allowed for Dictionary and keeps its storage for the keys to come.
        foreach (KeyValuePair<LinkKey, KeyState> entry in _keys)
        {
            // A key with open connections must keep its link: their closing has to be counted where their opening was.
            if (entry.Value.Open <= 0 && _poll - entry.Value.LastPoll > idlePolls)
            {
                _keys.Remove(entry.Key);
            }
        }
    }

    private struct KeyState
    {
        public int Link;
        public int LastPoll;
        public long Open;
        public bool Provisional;
    }
}
