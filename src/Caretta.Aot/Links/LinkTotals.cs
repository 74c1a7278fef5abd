namespace Caretta.Aot.Links;

/// <summary>Sums over a link, or over what waits to be one.</summary>
internal struct LinkTotals
{
    /// <summary>Bytes sent.</summary>
    public ulong SentBytes;

    /// <summary>Bytes received.</summary>
    public ulong ReceivedBytes;

    /// <summary>Connections established.</summary>
    public ulong Opened;

    /// <summary>Connections closed.</summary>
    public ulong Closed;

    /// <summary>Connects that failed.</summary>
    public ulong Failed;

    /// <summary>Connections that opened or were adopted, less those that closed.</summary>
    public long Open;

    /// <summary>Adds what was drained.</summary>
    public void Add(in LinkDelta delta)
    {
        SentBytes += delta.SentBytes;
        ReceivedBytes += delta.ReceivedBytes;
        Opened += delta.Opened;
        Closed += delta.Closed;
        Failed += delta.Failed;
        Open += unchecked((long)(delta.Opened + delta.Adopted - delta.Closed));
    }
}
