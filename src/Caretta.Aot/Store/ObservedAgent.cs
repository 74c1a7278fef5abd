namespace Caretta.Aot.Store;

/// <summary>An agent as the store heard of it. Texts are empty where nothing is known.</summary>
internal sealed class ObservedAgent
{
    private readonly double?[] _values = new double?[StoreQueries.AgentFamilies.Length];

    /// <summary>Node it runs on, or where it was scraped.</summary>
    public string Node { get; init; } = "";

    /// <summary>Pod it runs in.</summary>
    public string Pod { get; init; } = "";

    /// <summary>Whether it answered lately.</summary>
    public bool IsUp { get; set; }

    /// <summary>Its version.</summary>
    public string Version { get; set; } = "";

    /// <summary>Release of its kernel.</summary>
    public string Kernel { get; set; } = "";

    /// <summary>Tier that runs.</summary>
    public string Tier { get; set; } = "";

    /// <summary>Why no better one does.</summary>
    public string TierReason { get; set; } = "";

    /// <summary>Value of a metric, over all its series; null where it is not known.</summary>
    public double? this[string family] => Array.IndexOf(StoreQueries.AgentFamilies, family) is >= 0 and int index ? _values[index] : null;

    /// <summary>Adds the value of one series of a metric.</summary>
    public void Add(string family, double value)
    {
        if (Array.IndexOf(StoreQueries.AgentFamilies, family) is >= 0 and int index && !double.IsNaN(value))
        {
            _values[index] = (_values[index] ?? 0) + value;
        }
    }
}
