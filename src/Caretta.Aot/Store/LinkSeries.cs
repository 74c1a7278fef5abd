using System.Globalization;
using Caretta.Aot.Json;

namespace Caretta.Aot.Store;

/// <summary>Reads series with the labels of links.</summary>
internal sealed class LinkSeries(StringCache strings, Action<ObservedEnds, double, double> sample)
    : SeriesReader(strings, StoreQueries.LinkLabels.Split(','))
{
    private int _series;
    private ObservedEnds _ends;
    private bool _isLink;

    /// <inheritdoc/>
    protected override void Sample(double time, double value)
    {
        if (_series != SeriesCount)
        {
            _series = SeriesCount;
            _isLink = TryReadEnds(out _ends);
        }

        if (_isLink && !double.IsNaN(value))
        {
            sample(_ends, time, value);
        }
    }

    // What other programs may write under our names is not for the map.
    private bool TryReadEnds(out ObservedEnds ends)
    {
        ends = default;
        if (!ushort.TryParse(Label(7), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) || Label(8) is not ("1" or "2"))
        {
            return false;
        }

        ends = new ObservedEnds(
            Label(0), Label(1), Label(2), Label(3), Label(4), Label(5), Label(6), port, (byte)(Label(8) == "1" ? 1 : 2));
        return true;
    }
}
