using System.Text.Json;
using Caretta.Aot.Json;

namespace Caretta.Aot.Kubernetes;

/// <summary>The events of one watch.</summary>
/// <param name="decoder">Makes the objects.</param>
/// <param name="onEvent">Takes each event, as soon as it is complete; the object stands in the decoder.</param>
internal sealed class WatchEvents<T>(ObjectDecoder<T> decoder, Action<WatchEventKind> onEvent) : ObjectStream<T>(decoder)
    where T : class
{
    private const int EventField = FirstField;
    private const int TypeField = FirstField + 1;
    private const int CodeField = FirstField + 2;
    private const int MessageField = FirstField + 3;

    private const int MaxMessageBytes = 4096;

    private WatchEventKind _kind;
    private bool _complete;
    private int _code;
    private string _message = "";

    /// <summary>What is wanted of an event. <c>code</c> and <c>message</c> belong to the <c>Status</c> of an error.</summary>
    public JsonShape Shape { get; } = JsonShape.Object(
        EventField,
        ("type", JsonShape.Scalar(TypeField)),
        ("object", decoder.Shape.With(("code", JsonShape.Scalar(CodeField)), ("message", JsonShape.Scalar(MessageField)))));

    /// <inheritdoc/>
    public override void Begin(int field)
    {
        if (field == EventField)
        {
            _kind = WatchEventKind.Unknown;
            _complete = false;
            _code = 0;
            _message = "";
        }

        base.Begin(field);
    }

    /// <inheritdoc/>
    /// <exception cref="ApiException">The event is an error.</exception>
    public override void End(int field)
    {
        base.End(field);
        if (field != EventField)
        {
            return;
        }

        if (_kind == WatchEventKind.Error)
        {
            throw new ApiException(_code, $"the watch was ended by the server: {_code} {ApiClient.OneLine(_message)}".TrimEnd());
        }

        if (_kind == WatchEventKind.Unknown || !_complete)
        {
            Skipped++;
        }
        else
        {
            onEvent(_kind);
        }
    }

    /// <inheritdoc/>
    public override void Value(int field, ref Utf8JsonReader reader)
    {
        switch (field)
        {
            case TypeField: _kind = Kind(ref reader); break;
            case CodeField: _ = reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out _code); break;
            case MessageField: _message = ReadText(ref reader, MaxMessageBytes); break;
            default: base.Value(field, ref reader); break;
        }
    }

    /// <inheritdoc/>
    public override void WrongType(int field)
    {
        if (InItem)
        {
            base.WrongType(field);
        }
        else if (field == EventField)
        {
            Skipped++;      // a part of an event is counted at the event's end
        }
    }

    /// <summary>Makes the object of the event under way; counts it if that fails.</summary>
    public T? Build()
    {
        T? item = Decoder.Build();
        Skipped += item is null ? 1 : 0;
        return item;
    }

    /// <inheritdoc/>
    protected override void EndItem() => _complete = true;

    private static WatchEventKind Kind(ref Utf8JsonReader reader) =>
        reader.TokenType != JsonTokenType.String ? WatchEventKind.Unknown
        : reader.ValueTextEquals("ADDED"u8) ? WatchEventKind.Added
        : reader.ValueTextEquals("MODIFIED"u8) ? WatchEventKind.Modified
        : reader.ValueTextEquals("DELETED"u8) ? WatchEventKind.Deleted
        : reader.ValueTextEquals("BOOKMARK"u8) ? WatchEventKind.Bookmark
        : reader.ValueTextEquals("ERROR"u8) ? WatchEventKind.Error
        : WatchEventKind.Unknown;
}
