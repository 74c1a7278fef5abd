using System.Globalization;
using System.Text;
using System.Text.Json;
using Caretta.Aot.Json;

namespace Caretta.Aot.Store;

/// <summary>
/// Takes the series of an answer (Prometheus HTTP API, "Expression queries"): labels first, then samples, one by one; nothing is collected.
/// </summary>
internal abstract class SeriesReader : JsonConsumer
{
    private const int StatusField = 1;
    private const int ErrorField = 2;
    private const int SeriesField = 3;
    private const int SampleField = 4;
    private const int NumberField = 5;
    private const int FirstLabel = 10;
    private const int MaxText = 4096;

    private readonly string[] _values;
    private double _time;
    private bool _hasTime;
    private bool _inSeries;

    /// <summary>Prepares to read.</summary>
    /// <param name="strings">Gives equal labels as one instance.</param>
    /// <param name="labels">Labels wanted; the rest is skipped.</param>
    protected SeriesReader(StringCache strings, string[] labels)
    {
        Strings = strings;
        _values = new string[labels.Length];
        var members = new (string, JsonShape)[labels.Length];
        for (int i = 0; i < labels.Length; i++)
        {
            members[i] = (labels[i], JsonShape.Scalar(FirstLabel + i));
        }

        JsonShape sample = JsonShape.Array(SampleField, JsonShape.Scalar(NumberField));
        JsonShape series = JsonShape.Object(
            SeriesField, ("metric", JsonShape.Object(0, members)), ("value", sample), ("values", JsonShape.Array(0, sample)));
        Shape = JsonShape.Object(
            0,
            ("status", JsonShape.Scalar(StatusField)),
            ("error", JsonShape.Scalar(ErrorField)),
            ("data", JsonShape.Object(0, ("result", JsonShape.Array(0, series)))));
    }

    /// <summary>What is wanted of the document.</summary>
    public JsonShape Shape { get; }

    /// <summary>Whether the store said that it succeeded.</summary>
    public bool Succeeded { get; private set; }

    /// <summary>What the store said went wrong; empty for nothing.</summary>
    public string Error { get; private set; } = "";

    /// <summary>Series read.</summary>
    public int SeriesCount { get; private set; }

    /// <summary>Most series that are taken.</summary>
    public int MaxSeries { get; set; } = int.MaxValue;

    /// <summary>Gives equal labels as one instance.</summary>
    protected StringCache Strings { get; }

    /// <summary>A label of the series reached, by its place in the list; empty where it has none.</summary>
    protected string Label(int index) => _values[index];

    /// <summary>A sample of the series reached. NaN where the store gave no number.</summary>
    protected abstract void Sample(double time, double value);

    /// <inheritdoc/>
    public override void Begin(int field)
    {
        if (field == SeriesField)
        {
            if (++SeriesCount > MaxSeries)
            {
                throw StoreException.TooLarge($"the store's answer has more than {MaxSeries} series");
            }

            Array.Fill(_values, "");
            _inSeries = true;
        }

        _hasTime = false;
    }

    /// <inheritdoc/>
    public override void Value(int field, ref Utf8JsonReader reader)
    {
        if (field == NumberField)
        {
            ReadNumber(ref reader);
        }
        else if (field >= FirstLabel)
        {
            _values[field - FirstLabel] = ReadText(ref reader);
        }
        else if (field == StatusField)
        {
            Succeeded = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("success"u8);
        }
        else if (field == ErrorField)
        {
            Error = ReadText(ref reader);
        }
    }

    /// <inheritdoc/>
    public override void WrongType(int field) => throw new BadResponseException("the JSON is not that of a Prometheus API");

    private void ReadNumber(ref Utf8JsonReader reader)
    {
        if (!_hasTime && reader.TokenType == JsonTokenType.Number && _inSeries)
        {
            _time = reader.GetDouble();
            _hasTime = true;
            return;
        }

        if (!_hasTime || reader.TokenType != JsonTokenType.String)
        {
            WrongType(NumberField);
        }

        _hasTime = false;
        bool isNumber = double.TryParse(reader.ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture, out double value);
        Sample(_time, isNumber && double.IsFinite(value) ? value : double.NaN);
    }

    private string ReadText(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            return "";
        }

        if (!reader.ValueIsEscaped)
        {
            return Strings.Get(reader.ValueSpan);
        }

        if (reader.ValueSpan.Length > MaxText)
        {
            return "";
        }

        Span<byte> text = stackalloc byte[MaxText];
        return Encoding.UTF8.GetString(text[..reader.CopyString(text)]);
    }
}
