namespace Caretta.Aot.Map;

/// <summary>One link on the map: client, server and port, as both ends counted it.</summary>
internal struct MapLink
{
    /// <summary>Bit of <see cref="SeenBy"/>: the client's end counted.</summary>
    public const byte Client = 1;

    /// <summary>Bit of <see cref="SeenBy"/>: the server's end counted.</summary>
    public const byte Server = 2;

    /// <summary>Number of the client in the map's nodes.</summary>
    public int ClientNode;

    /// <summary>Number of the server in the map's nodes.</summary>
    public int ServerNode;

    /// <summary>Port the server listens on.</summary>
    public ushort Port;

    /// <summary>Which ends counted.</summary>
    public byte SeenBy;

    /// <summary>Totals of the range.</summary>
    public LinkAccount Totals;

    /// <summary>What was added in the last <see cref="RateSeconds"/>.</summary>
    public LinkAccount Recent;

    /// <summary>What rates are to be computed over; 0 for no rates.</summary>
    public double RateSeconds;

    /// <summary>Connections open at the end of the range.</summary>
    public long Open;

    /// <summary>When it was first seen, in seconds since 1970.</summary>
    public double FirstSeen;

    /// <summary>When it was last seen, in seconds since 1970.</summary>
    public double LastSeen;

    /// <summary>Bytes both ways.</summary>
    public readonly double Bytes => Totals.BytesToServer + Totals.BytesToClient;
}
