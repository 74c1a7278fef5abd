using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Caretta.Aot.Identity;

namespace Caretta.Aot.Dns;

/// <summary>
/// Names of addresses by reverse DNS, in the background. Never waits: an unknown name is asked for, and is there when the answer has come.
/// Cache, queue and the number of lookups at a time are bounded; what finds no room is asked for again when it is next needed. A name that
/// has expired is used until a new answer is there. <see cref="TryGetName"/> belongs to one thread; allocates nothing for known addresses.
/// </summary>
internal sealed class ReverseDns : IAddressNames, IDisposable
{
    // RFC 1035, section 2.3.4, in text form.
    private const int MaxNameLength = 253;

    private readonly Func<IPAddress, CancellationToken, Task<string?>> _lookUp;
    private readonly TimeProvider _time;
    private readonly ReverseDnsLimits _limits;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<NetAddress, Entry> _cache = [];
    private readonly Queue<NetAddress> _queue = [];
    private int _running;
    private long _epoch;

    /// <summary>Makes an empty cache.</summary>
    /// <param name="time">Clock for expiry.</param>
    /// <param name="limits">Sizes and times; null for the defaults.</param>
    /// <param name="lookUp">
    /// Asks for one name: null when there is none; may throw <see cref="SocketException"/>. Null for the system's resolver.
    /// </param>
    public ReverseDns(
        TimeProvider time, ReverseDnsLimits? limits = null, Func<IPAddress, CancellationToken, Task<string?>>? lookUp = null)
    {
        _time = time;
        _limits = limits ?? new ReverseDnsLimits();
        _lookUp = lookUp ?? AskSystem;
    }

    /// <inheritdoc/>
    public long Epoch => Volatile.Read(ref _epoch);

    /// <summary>Addresses remembered.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _cache.Count;
            }
        }
    }

    /// <summary>Lookups that failed: timeouts and servers that are away, not addresses without a name.</summary>
    public ulong Failures { get; private set; }

    /// <inheritdoc/>
    public bool TryGetName(NetAddress address, out string? name)
    {
        lock (_gate)
        {
            long now = _time.GetTimestamp();
            if (!_cache.ContainsKey(address) && _cache.Count >= _limits.MaxAddresses && !Evict(now))
            {
                name = null;
                return false;
            }

            ref Entry entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_cache, address, out _);
            name = entry.Name;
            bool isFresh = entry.IsKnown
                && _time.GetElapsedTime(entry.Since, now) < (name is null ? _limits.RememberFailure : _limits.RememberName);
            if (!isFresh && !entry.IsAsked && _queue.Count < _limits.MaxWaiting && !_stop.IsCancellationRequested)
            {
                entry.IsAsked = true;
                _queue.Enqueue(address);
                if (_running < _limits.MaxLookups)
                {
                    _running++;
                    _ = Task.Run(RunAsync);
                }
            }

            return entry.IsKnown;
        }
    }

    /// <summary>Asks for nothing more. Lookups under way end on their own.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        lock (_gate)
        {
            _queue.Clear();
        }
    }

    private static async Task<string?> AskSystem(IPAddress address, CancellationToken cancel)
    {
        IPHostEntry entry = await System.Net.Dns.GetHostEntryAsync(address.ToString(), cancel).ConfigureAwait(false);
        return entry.HostName;
    }

    private async Task RunAsync()
    {
        while (true)
        {
            NetAddress address;
            lock (_gate)
            {
                if (!_queue.TryDequeue(out address))
                {
                    _running--;
                    return;
                }
            }

            string? name = null;
            bool failed = false;
            var ip = IPAddress.Parse(address.ToString());
            try
            {
                name = await _lookUp(ip, _stop.Token).ConfigureAwait(false);
            }
            catch (SocketException exception)
            {
                failed = exception.SocketErrorCode is not (SocketError.HostNotFound or SocketError.NoData);
            }
            catch (OperationCanceledException)
            {
                failed = true;
            }

            // The system's resolver answers an address without a name with the address.
            name = name?.TrimEnd('.');
            bool isName = !string.IsNullOrWhiteSpace(name) && name.Length <= MaxNameLength && !IPAddress.TryParse(name, out _);
            lock (_gate)
            {
                Learn(address, isName ? name : null, failed);
            }
        }
    }

    private void Learn(NetAddress address, string? name, bool failed)
    {
        Failures += failed ? 1ul : 0;
        Entry entry = _cache[address];      // who was asked for is not evicted

        // A server that is away does not take a name back.
        name ??= failed ? entry.Name : null;
        bool isNews = !entry.IsKnown || entry.Name != name;
        _cache[address] = new Entry { Name = name, IsKnown = true, Since = _time.GetTimestamp() };
        if (isNews)
        {
            Volatile.Write(ref _epoch, _epoch + 1);
        }
    }

    // Makes room: everything that has expired, else a part of the rest, whichever comes first in the table.
    private bool Evict(long now)
    {
        int before = _cache.Count;
        foreach (KeyValuePair<NetAddress, Entry> entry in _cache)
        {
            if (!entry.Value.IsAsked && _time.GetElapsedTime(entry.Value.Since, now) >= _limits.RememberFailure
                && (entry.Value.Name is null || _time.GetElapsedTime(entry.Value.Since, now) >= _limits.RememberName))
            {
                _cache.Remove(entry.Key);
            }
        }

        int surplus = _cache.Count - (_limits.MaxAddresses - Math.Max(1, _limits.MaxAddresses / 8));
        foreach (KeyValuePair<NetAddress, Entry> entry in _cache)
        {
            if (surplus > 0 && !entry.Value.IsAsked)
            {
                _cache.Remove(entry.Key);
                surplus--;
            }
        }

        return _cache.Count < before;
    }

    private struct Entry
    {
        public string? Name;
        public long Since;
        public bool IsKnown;
        public bool IsAsked;
    }
}
