using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Caretta.Aot.Json;

namespace Caretta.Aot.Store;

/// <summary>
/// Takes the series of an answer of the Prometheus query API one by one, without a string for any label. One answer at a time.
/// </summary>
internal sealed class SeriesReader : JsonConsumer
{
    private const int Status = 1;
    private const int ErrorType = 2;
    private const int Error = 3;
    private const int Result = 4;
    private const int Series = 5;
    private const int Sample = 6;
    private const int Samples = 7;
    private const int Point = 8;
    private const int Number = 9;
    private const int Other = 10;
    private const int FirstLabel = 16;

    private readonly int _labels;
    private readonly int _maxSeries;
    private readonly Action<SeriesReader> _take;
    private readonly List<(double Time, double Value)> _points = [];
    private readonly (int Begin, int Length)[] _places;
    private byte[] _text = new byte[1024];
    private int _used;
    private int _position;
    private double _time;
    private bool _hasResult;

    /// <summary>Reads nothing yet.</summary>
    /// <param name="labels">Names of the labels wanted; others are skipped.</param>
    /// <param name="maxSeries">Most series in an answer.</param>
    /// <param name="take">Hears of every series when all of it was read.</param>
    public SeriesReader(string[] labels, int maxSeries, Action<SeriesReader> take)
    {
        _labels = labels.Length;
        _maxSeries = maxSeries;
        _take = take;
        _places = new (int, int)[labels.Length];
        var members = new (string, JsonShape)[labels.Length];
        for (int i = 0; i < labels.Length; i++)
        {
            members[i] = (labels[i], JsonShape.Scalar(FirstLabel + i));
        }

        JsonShape point = JsonShape.Array(Point, JsonShape.Scalar(Number));
        Shape = JsonShape.Object(
            Other,
            ("status", JsonShape.Scalar(Status)),
            ("errorType", JsonShape.Scalar(ErrorType)),
            ("error", JsonShape.Scalar(Error)),
            ("data", JsonShape.Object(Other, ("result", JsonShape.Array(Result, JsonShape.Object(
                Series,
                ("metric", JsonShape.Object(Other, members)),
                ("value", JsonShape.Array(Sample, JsonShape.Scalar(Number))),
                ("values", JsonShape.Array(Samples, point))))))));
    }

    /// <summary>What is wanted of an answer.</summary>
    public JsonShape Shape { get; }

    /// <summary>Series read.</summary>
    public int Count { get; private set; }

    /// <summary>Whether all that belongs to an answer was there, and it says that it succeeded.</summary>
    public bool IsComplete => _hasResult && Succeeded;

    /// <summary>Whether it says so.</summary>
    public bool Succeeded { get; private set; }

    /// <summary>The store's word for what went wrong; empty where it had none.</summary>
    public string FailureType { get; private set; } = "";

    /// <summary>The store's explanation.</summary>
    public string Failure { get; private set; } = "";

    /// <summary>The value of the last sample.</summary>
    public double LastValue => _points.Count == 0 ? double.NaN : _points[^1].Value;

    /// <summary>All samples of the series.</summary>
    public IReadOnlyList<(double Time, double Value)> Points => _points;

    /// <summary>Value of a label in UTF-8; empty where the series has none. Until the next series.</summary>
    public ReadOnlySpan<byte> Label(int index) => _text.AsSpan(_places[index].Begin, _places[index].Length);

    /// <summary>As the other, as text.</summary>
    public string Text(int index) => Encoding.UTF8.GetString(Label(index));

    /// <summary>Begins another answer.</summary>
    public void Reset()
    {
        Count = 0;
        _hasResult = Succeeded = false;
        FailureType = Failure = "";
    }

    /// <inheritdoc/>
    public override void Begin(int field)
    {
        switch (field)
        {
            case Series:
                if (++Count > _maxSeries)
                {
                    throw StoreFailure.TooLarge($"more than {_maxSeries} series");
                }

                Array.Clear(_places);
                _used = 0;
                _points.Clear();
                break;
            case Sample or Point:
                _position = 0;
                break;
        }
    }

    /// <inheritdoc/>
    public override void End(int field)
    {
        switch (field)
        {
            case Series:
                _take(this);
                break;
            case Result:
                _hasResult = true;
                break;
        }
    }

    /// <inheritdoc/>
    public override void Value(int field, ref Utf8JsonReader reader)
    {
        switch (field)
        {
            case >= FirstLabel when reader.TokenType == JsonTokenType.String:
                Keep(field - FirstLabel, ref reader);
                break;
            case Status:
                Succeeded = reader.ValueTextEquals("success"u8);
                break;
            case ErrorType:
                FailureType = reader.GetString() ?? "";
                break;
            case Error:
                Failure = reader.GetString() ?? "";
                break;
            case Number:
                TakeNumber(ref reader);
                break;
        }
    }

    /// <inheritdoc/>
    public override void WrongType(int field)
    {
        if (field is not (ErrorType or Error or Status))
        {
            throw new BadResponseException("the answer has not the form of the Prometheus query API");
        }
    }

    private void Keep(int label, ref Utf8JsonReader reader)
    {
        int most = reader.ValueSpan.Length;
        if (_text.Length < _used + most)
        {
            Array.Resize(ref _text, Math.Max(_text.Length * 2, _used + most));
        }

        int length = reader.CopyString(_text.AsSpan(_used));
        _places[label] = (_used, length);
        _used += length;
    }

    // A sample is [seconds, "value"].
    private void TakeNumber(ref Utf8JsonReader reader)
    {
        if (_position++ == 0)
        {
            _time = reader.TokenType == JsonTokenType.Number ? reader.GetDouble() : throw Malformed();
            return;
        }

        if (_position > 2 || reader.TokenType != JsonTokenType.String)
        {
            throw Malformed();
        }

        bool isNumber = Utf8Parser.TryParse(reader.ValueSpan, out double value, out int used) && used == reader.ValueSpan.Length;
        _points.Add((_time, isNumber ? value : double.NaN));
    }

    private static BadResponseException Malformed() => new("a sample has not the form of the Prometheus query API");
}
