namespace Caretta.Aot.Export;

/// <summary>An answer of <c>/api/links</c>.</summary>
internal sealed record SeenMap
{
    /// <summary><c>node</c> or <c>cluster</c>.</summary>
    public required string Scope { get; init; }

    /// <summary>When it was made, in seconds since 1970.</summary>
    public double Time { get; init; }

    /// <summary>Begin of the range.</summary>
    public double From { get; init; }

    /// <summary>End of the range.</summary>
    public double To { get; init; }

    /// <summary>Seconds that rates cover.</summary>
    public double RateSeconds { get; init; }

    /// <summary>Whether the agent has a store to ask.</summary>
    public bool Store { get; init; }

    /// <summary>Links that were too many for the answer.</summary>
    public double OmittedLinks { get; init; }

    /// <summary>Links whose totals may lack what they counted before they ended and came back.</summary>
    public double IncompleteLinks { get; init; }

    /// <summary>Who counted.</summary>
    public IReadOnlyList<SeenAgent> Agents { get; init; } = [];

    /// <summary>The array <c>agents</c> as it came, to be passed on.</summary>
    public string AgentsJson { get; init; } = "[]";

    /// <summary>The links, in the order of the answer.</summary>
    public required IReadOnlyList<SeenLink> Links { get; init; }

    /// <summary>Whether it is of the whole cluster.</summary>
    public bool IsCluster => Scope == "cluster";
}
