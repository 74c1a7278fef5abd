namespace Caretta.Aot.Store;

/// <summary>What one end of a link counted within a range, summed over all agents.</summary>
/// <param name="ends">Which link, seen from which end.</param>
internal sealed class ObservedLink(ObservedEnds ends)
{
    private readonly double[] _growth = new double[(int)LinkCounter.Failed + 1];

    /// <summary>Which link, seen from which end.</summary>
    public ObservedEnds Ends { get; } = ends;

    /// <summary>What a counter grew by.</summary>
    public ref double this[LinkCounter counter] => ref _growth[(int)counter];

    /// <summary>Connections open at the end of the range.</summary>
    public double Open { get; set; }

    /// <summary>First sample in the range, in seconds since 1970; 0 where it is not known.</summary>
    public double FirstSeen { get; set; }

    /// <summary>Last sample in the range, in seconds since 1970; 0 where it is not known.</summary>
    public double LastSeen { get; set; }
}
