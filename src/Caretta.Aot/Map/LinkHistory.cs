namespace Caretta.Aot.Map;

/// <summary>Rates over time: what <c>/api/history</c> answers. Each point is about the step that ends with it; NaN where nothing is known.</summary>
internal sealed class LinkHistory
{
    /// <summary>Most points.</summary>
    public const int MaxPoints = 120;

    /// <summary>Shortest step in seconds: about as often as a store is fed.</summary>
    public const double MinStep = 15;

    /// <summary>Makes one that knows nothing.</summary>
    public LinkHistory(double from, double to, double step, int points)
    {
        From = from;
        To = to;
        Step = step;
        BytesToServer = Unknown(points);
        BytesToClient = Unknown(points);
        Opened = Unknown(points);
        Failed = Unknown(points);
    }

    /// <summary>Time of the first point in seconds since 1970.</summary>
    public double From { get; }

    /// <summary>End of the range.</summary>
    public double To { get; }

    /// <summary>Seconds from one point to the next.</summary>
    public double Step { get; }

    /// <summary>Bytes to servers per second.</summary>
    public double[] BytesToServer { get; }

    /// <summary>Bytes to clients per second.</summary>
    public double[] BytesToClient { get; }

    /// <summary>Connections opened per second.</summary>
    public double[] Opened { get; }

    /// <summary>Failed connects per second.</summary>
    public double[] Failed { get; }

    /// <summary>No series of failures means none, where the link itself is known: agents write none for links that never failed.</summary>
    public void FillFailed()
    {
        for (int i = 0; i < Failed.Length; i++)
        {
            if (double.IsNaN(Failed[i]) && !double.IsNaN(BytesToServer[i]))
            {
                Failed[i] = 0;
            }
        }
    }

    private static double[] Unknown(int points)
    {
        double[] values = new double[points];
        Array.Fill(values, double.NaN);
        return values;
    }
}
