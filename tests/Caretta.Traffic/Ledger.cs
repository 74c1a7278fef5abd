using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Caretta.Traffic;

/// <summary>How a socket spells its addresses.</summary>
internal enum AddressForm
{
    /// <summary>An IPv4 socket.</summary>
    V4,

    /// <summary>An IPv6 socket between IPv6 addresses.</summary>
    V6,

    /// <summary>An IPv6 socket that talks IPv4.</summary>
    Mapped,
}

/// <summary>Which end of the connection counts, as the metrics number it.</summary>
internal enum Role
{
    Client = 1,
    Server = 2,
}

/// <summary>All connections of one end that share addresses, server port and role.</summary>
internal readonly record struct LedgerKey(AddressForm Form, IPAddress Local, IPAddress Remote, int ServerPort, Role Role)
{
    /// <summary>The key of a connected socket.</summary>
    public static LedgerKey Of(Socket socket, Role role)
    {
        var local = (IPEndPoint)socket.LocalEndPoint!;
        var remote = (IPEndPoint)socket.RemoteEndPoint!;
        return new LedgerKey(FormOf(remote.Address), local.Address, remote.Address, role == Role.Server ? local.Port : remote.Port, role);
    }

    public static AddressForm FormOf(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork ? AddressForm.V4
        : address.IsIPv4MappedToIPv6 ? AddressForm.Mapped
        : AddressForm.V6;
}

/// <summary>What the application counted under one key. Any thread may add.</summary>
internal sealed class LedgerEntry
{
    private long _sent, _received, _opened, _closed, _failed;

    public long SentBytes => Volatile.Read(ref _sent);
    public long ReceivedBytes => Volatile.Read(ref _received);
    public long Opened => Volatile.Read(ref _opened);
    public long Closed => Volatile.Read(ref _closed);
    public long Failed => Volatile.Read(ref _failed);

    public void AddSent(long bytes) => Interlocked.Add(ref _sent, bytes);
    public void AddReceived(long bytes) => Interlocked.Add(ref _received, bytes);
    public void AddOpened() => Interlocked.Increment(ref _opened);
    public void AddClosed() => Interlocked.Increment(ref _closed);
    public void AddFailed() => Interlocked.Increment(ref _failed);
}

/// <summary>The application's own books: every byte and every connection, counted where the socket call returned. Thread safe.</summary>
internal sealed class Ledger
{
    private readonly ConcurrentDictionary<LedgerKey, LedgerEntry> _entries = new();

    public LedgerEntry this[LedgerKey key] => _entries.GetOrAdd(key, static _ => new LedgerEntry());

    public IEnumerable<KeyValuePair<LedgerKey, LedgerEntry>> Entries => _entries;
}
