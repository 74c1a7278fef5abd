namespace Caretta.Aot.Store;

/// <summary>What one end of a link counted within a range, summed over all agents.</summary>
internal struct ObservedLink
{
    /// <summary>Number of the client in <see cref="ObservedLinks.Nodes"/>.</summary>
    public int Client;

    /// <summary>Number of the server.</summary>
    public int Server;

    /// <summary>Port the server listens on.</summary>
    public ushort Port;

    /// <summary>1 counted at the client, 2 at the server.</summary>
    public byte Role;

    /// <summary>Bytes that this end sent.</summary>
    public double Sent;

    /// <summary>Bytes that this end received.</summary>
    public double Received;

    /// <summary>Connections established.</summary>
    public double Opened;

    /// <summary>Connections closed.</summary>
    public double Closed;

    /// <summary>Connects that failed.</summary>
    public double Failed;

    /// <summary>Connections open at the end of the range.</summary>
    public double Open;

    /// <summary>First sample in seconds since 1970; 0 where none was found.</summary>
    public double FirstSeen;

    /// <summary>Last sample; 0 where none was found.</summary>
    public double LastSeen;
}
