namespace Caretta.Aot.Store;

/// <summary>Rates over time; NaN where the store has nothing.</summary>
/// <param name="step">Seconds from one point to the next.</param>
/// <param name="points">Number of points.</param>
internal sealed class ObservedHistory(double step, int points)
{
    private readonly double[][] _lines = [Line(points), Line(points), Line(points), Line(points)];

    /// <summary>Seconds from one point to the next.</summary>
    public double Step { get; } = step;

    /// <summary>The points of a line, the first at the beginning of the range.</summary>
    public double[] this[HistoryLine line] => _lines[(int)line];

    private static double[] Line(int points)
    {
        double[] line = new double[points];
        Array.Fill(line, double.NaN);
        return line;
    }
}
