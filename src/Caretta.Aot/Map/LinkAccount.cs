namespace Caretta.Aot.Map;

/// <summary>What one or both ends counted of a link, by direction and not by end.</summary>
internal struct LinkAccount
{
    /// <summary>Bytes from the client to the server.</summary>
    public double BytesToServer;

    /// <summary>Bytes from the server to the client.</summary>
    public double BytesToClient;

    /// <summary>Connections established.</summary>
    public double Opened;

    /// <summary>Connections closed.</summary>
    public double Closed;

    /// <summary>Connects that failed.</summary>
    public double Failed;

    /// <summary>Takes the larger of both in each: an end that was watched for less time, or not at all, counts less.</summary>
    public void Join(in LinkAccount other)
    {
        BytesToServer = Math.Max(BytesToServer, other.BytesToServer);
        BytesToClient = Math.Max(BytesToClient, other.BytesToClient);
        Opened = Math.Max(Opened, other.Opened);
        Closed = Math.Max(Closed, other.Closed);
        Failed = Math.Max(Failed, other.Failed);
    }

    /// <summary>Adds what another agent counted.</summary>
    public void Add(in LinkAccount other)
    {
        BytesToServer += other.BytesToServer;
        BytesToClient += other.BytesToClient;
        Opened += other.Opened;
        Closed += other.Closed;
        Failed += other.Failed;
    }

    /// <summary>What was added since <paramref name="before"/>; all of it where the counting began anew.</summary>
    public readonly LinkAccount Since(in LinkAccount before)
    {
        bool anew = BytesToServer < before.BytesToServer || BytesToClient < before.BytesToClient || Opened < before.Opened
            || Closed < before.Closed || Failed < before.Failed;
        return anew ? this : new LinkAccount
        {
            BytesToServer = BytesToServer - before.BytesToServer,
            BytesToClient = BytesToClient - before.BytesToClient,
            Opened = Opened - before.Opened,
            Closed = Closed - before.Closed,
            Failed = Failed - before.Failed,
        };
    }
}
