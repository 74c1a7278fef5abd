namespace Caretta.Aot.Store;

/// <summary>The samples of one counter that began anew in between. Times are seconds since 1970.</summary>
internal sealed class SampleRuns
{
    private readonly List<(double Time, double Value)> _samples = [];

    /// <summary>Copies samples, in the order of their times; what is no number is left out.</summary>
    public SampleRuns(IReadOnlyList<(double Time, double Value)> samples)
    {
        foreach ((double time, double value) in samples)
        {
            if (double.IsFinite(value))
            {
                _samples.Add((time, value));
            }
        }
    }

    /// <summary>Adds the times of the last samples before the counter fell.</summary>
    public void FindEnds(List<double> ends)
    {
        for (int i = 1; i < _samples.Count; i++)
        {
            if (_samples[i].Value < _samples[i - 1].Value)
            {
                ends.Add(_samples[i - 1].Time);
            }
        }
    }

    /// <summary>
    /// What it counted after <paramref name="from"/>: the growth of each run, the first one's since its last sample up to then.
    /// </summary>
    /// <param name="from">Begin of the range.</param>
    /// <param name="ends">When runs ended, in order, by whatever counter of the same link: all began anew together.</param>
    public double Growth(double from, List<double> ends)
    {
        int end = 0;
        double sum = 0;
        double before = 0;      // what this run had at the sample before, or at `from`
        double last = double.NegativeInfinity;
        foreach ((double time, double value) in _samples)
        {
            while (end < ends.Count && ends[end] < last)
            {
                end++;
            }

            if (end < ends.Count && ends[end] < time)
            {
                before = 0;
            }

            sum += time > from ? value - before : 0;
            (before, last) = (value, time);
        }

        return sum;
    }

    /// <summary>What <see cref="PromQl.Growth"/> makes of it.</summary>
    public double Difference(double from)
    {
        double before = 0;
        double last = 0;
        foreach ((double time, double value) in _samples)
        {
            before = time <= from ? value : before;
            last = time > from ? value : last;
        }

        return last >= before ? last - before : last;
    }
}
