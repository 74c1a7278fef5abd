namespace Caretta.Aot.Map;

/// <summary>The state of one agent. Null where it is not known.</summary>
internal sealed class MapAgent
{
    /// <summary>Node it runs on.</summary>
    public string? Node { get; set; }

    /// <summary>Pod it runs in.</summary>
    public string? Pod { get; set; }

    /// <summary>Whether it answers.</summary>
    public bool? Up { get; set; }

    /// <summary>Its version.</summary>
    public string? Version { get; set; }

    /// <summary>Release of its kernel.</summary>
    public string? Kernel { get; set; }

    /// <summary>Tier that runs.</summary>
    public string? Tier { get; set; }

    /// <summary>Why no better one does; null for the best.</summary>
    public string? TierReason { get; set; }

    /// <summary>When it started, in seconds since 1970.</summary>
    public double? StartTime { get; set; }

    /// <summary>Polls that succeeded.</summary>
    public double? Polls { get; set; }

    /// <summary>Polls that failed.</summary>
    public double? FailedPolls { get; set; }

    /// <summary>How long the last poll took.</summary>
    public double? PollSeconds { get; set; }

    /// <summary>Seconds from one poll to the next.</summary>
    public double? PollInterval { get; set; }

    /// <summary>TCP sockets tracked.</summary>
    public double? LiveSockets { get; set; }

    /// <summary>Links shown, each end counted.</summary>
    public double? Links { get; set; }

    /// <summary>Links that may be shown.</summary>
    public double? LinkBudget { get; set; }

    /// <summary>Updates that found the kernel's map full.</summary>
    public double? LostUpdates { get; set; }

    /// <summary>Connections that could not be tracked.</summary>
    public double? LostConnections { get; set; }

    /// <summary>Bytes that could not be added to a link.</summary>
    public double? LostBytes { get; set; }

    /// <summary>Runs of programs that the kernel skipped.</summary>
    public double? MissedEvents { get; set; }

    /// <summary>Bytes that wait for names.</summary>
    public double? PendingBytes { get; set; }

    /// <summary>Resident memory.</summary>
    public double? ResidentBytes { get; set; }

    /// <summary>Memory of its BPF maps.</summary>
    public double? MapBytes { get; set; }
}
