using System.Text.Json;

namespace Caretta.Aot.Json;

/// <summary>
/// Reads JSON of any length from a stream through one buffer of a fixed size, and hands over what is wanted as soon as it is there. A string
/// that does not fit the buffer is read as an empty one: nothing that is wanted is that long, and annotations may be. A stream may hold
/// several values one after the other (a watch does). One document at a time; used again for the next.
/// </summary>
/// <param name="limits">What it puts up with.</param>
internal sealed class JsonStream(JsonLimits limits)
{
    private readonly byte[] _buffer = new byte[limits.BufferBytes];
    private readonly JsonShape?[] _open = new JsonShape?[limits.MaxDepth + 1];

    private JsonReaderState _state;
    private JsonShape _root = JsonShape.Scalar(0);
    private JsonShape? _next;
    private int _depth;         // containers open and wanted
    private int _skipTo = -1;   // depth at which an unwanted container ends
    private int _filled;
    private bool _inLongString;
    private bool _escaped;      // the last byte of the long string was a backslash that counts
    private long _longBytes;
    private long _valueBytes;
    private long _offset;

    /// <summary>Values read completely since <see cref="ReadAsync"/> began.</summary>
    public long Values { get; private set; }

    /// <summary>Strings that were too long to be kept, ever.</summary>
    public long LongStrings { get; private set; }

    /// <summary>Reads to the end of the stream.</summary>
    /// <param name="stream">Bytes; not disposed of.</param>
    /// <param name="shape">What is wanted of every value.</param>
    /// <param name="consumer">Takes it.</param>
    /// <param name="cancel">Ends the reading between two pieces.</param>
    /// <exception cref="BadResponseException">Malformed, cut off, or beyond a limit.</exception>
    public async Task ReadAsync(Stream stream, JsonShape shape, JsonConsumer consumer, CancellationToken cancel)
    {
        Begin(shape);
        while (true)
        {
            int read = await stream.ReadAsync(_buffer.AsMemory(_filled), cancel).ConfigureAwait(false);
            _filled += read;
            Take(consumer, read == 0);
            if (read == 0)
            {
                return;
            }
        }
    }

    private void Begin(JsonShape shape)
    {
        _state = new JsonReaderState(new JsonReaderOptions { MaxDepth = limits.MaxDepth, AllowMultipleValues = true });
        _root = shape;
        _next = null;
        _depth = 0;
        _skipTo = -1;
        _filled = 0;
        _inLongString = false;
        _valueBytes = 0;
        _offset = 0;
        Values = 0;
    }

    private void Take(JsonConsumer consumer, bool last)
    {
        do
        {
            if (_inLongString && !SkipLongString())
            {
                break;
            }

            Parse(consumer, last);
        }
        while (_filled == _buffer.Length && BeginLongString());

        if (last && (_inLongString || _filled > 0 || _depth > 0 || _skipTo >= 0))
        {
            throw new BadResponseException($"the JSON ends too early, after {_offset + _filled} bytes");
        }
    }

    private void Parse(JsonConsumer consumer, bool last)
    {
        var reader = new Utf8JsonReader(_buffer.AsSpan(0, _filled), last, _state);
        try
        {
            while (reader.Read())
            {
                Dispatch(consumer, ref reader);
            }
        }
        catch (JsonException)
        {
            throw new BadResponseException($"the JSON is malformed or nested deeper than {limits.MaxDepth}, near byte {_offset + reader.BytesConsumed}");
        }

        _state = reader.CurrentState;
        Drop((int)reader.BytesConsumed);
        if (_valueBytes > limits.MaxValueBytes)
        {
            throw new BadResponseException($"a JSON value is longer than {limits.MaxValueBytes} bytes");
        }
    }

    private void Dispatch(JsonConsumer consumer, ref Utf8JsonReader reader)
    {
        JsonTokenType token = reader.TokenType;
        if (_skipTo >= 0)
        {
            if (reader.CurrentDepth == _skipTo && token is JsonTokenType.EndObject or JsonTokenType.EndArray)
            {
                _skipTo = -1;
                EndValue(ref reader);
            }

            return;
        }

        switch (token)
        {
            case JsonTokenType.PropertyName:
                _next = _open[_depth - 1]!.Find(ref reader);
                return;
            case JsonTokenType.StartObject or JsonTokenType.StartArray:
                JsonShape? container = Expected();
                if (container is not null && container.Start == token)
                {
                    _open[_depth++] = container;
                    consumer.Begin(container.Field);
                    return;
                }

                _skipTo = reader.CurrentDepth;
                if (container is not null)
                {
                    consumer.WrongType(container.Field);
                }

                return;
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                consumer.End(_open[--_depth]!.Field);
                break;
            default:
                JsonShape? scalar = Expected();
                if (scalar is not null && token != JsonTokenType.Null)
                {
                    if (scalar.Start == JsonTokenType.None)
                    {
                        consumer.Value(scalar.Field, ref reader);
                    }
                    else
                    {
                        consumer.WrongType(scalar.Field);
                    }
                }

                break;
        }

        EndValue(ref reader);
    }

    private JsonShape? Expected()
    {
        JsonShape? parent = _depth == 0 ? null : _open[_depth - 1];
        return parent is null ? _root : parent.Start == JsonTokenType.StartArray ? parent.Element : _next;
    }

    private void EndValue(ref Utf8JsonReader reader)
    {
        if (reader.CurrentDepth == 0)
        {
            Values++;
            _valueBytes = -reader.BytesConsumed;    // Drop adds what was consumed up to here
        }
    }

    private void Drop(int count)
    {
        _offset += count;
        _valueBytes += count;
        _filled -= count;
        _buffer.AsSpan(count, _filled).CopyTo(_buffer);
    }

    // The buffer is full and no token ends in it. What may stand before a string is kept, and the string is cut down to its first quote.
    private bool BeginLongString()
    {
        ReadOnlySpan<byte> bytes = _buffer.AsSpan(0, _filled);
        int quote = bytes.IndexOfAnyExcept(" \t\r\n,"u8);
        if (quote < 0 || bytes[quote] != (byte)'"')
        {
            throw new BadResponseException($"a JSON token is longer than {_buffer.Length} bytes, at byte {_offset}");
        }

        LongStrings++;
        _inLongString = true;
        _escaped = false;
        _longBytes = 0;
        return SkipString(quote + 1);
    }

    private bool SkipLongString() => SkipString(_buffer.AsSpan(0, _filled).IndexOf((byte)'"') + 1);

    // Removes the inside of the string that begins at `start`, as far as it is here. Returns whether its end is here.
    private bool SkipString(int start)
    {
        ReadOnlySpan<byte> inside = _buffer.AsSpan(start, _filled - start);
        int at = 0;
        bool ended = false;
        while (at < inside.Length)
        {
            if (_escaped)
            {
                _escaped = false;
                at++;
                continue;
            }

            int special = inside[at..].IndexOfAny((byte)'"', (byte)'\\');
            if (special < 0)
            {
                at = inside.Length;
                break;
            }

            at += special;
            if (inside[at] == (byte)'"')
            {
                ended = true;
                break;
            }

            _escaped = true;
            at++;
        }

        inside[at..].CopyTo(_buffer.AsSpan(start));
        _filled -= at;
        _offset += at;
        _valueBytes += at;
        _longBytes += at;
        if (_longBytes > limits.MaxStringBytes)
        {
            throw new BadResponseException($"a JSON string is longer than {limits.MaxStringBytes} bytes, near byte {_offset}");
        }

        _inLongString = !ended;
        return ended;
    }
}
