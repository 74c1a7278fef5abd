using System.Text;
using System.Text.Json;
using Caretta.Aot.Json;

namespace Caretta.Aot.Kubernetes;

/// <summary>
/// What lists, watches and single objects have in common: their objects go through a decoder. An object that cannot be used is counted and
/// left out, the rest goes on.
/// </summary>
/// <param name="decoder">Makes the objects.</param>
internal abstract class ObjectStream<T>(ObjectDecoder<T> decoder) : JsonConsumer
    where T : class
{
    /// <summary>The field number of an object as a whole.</summary>
    public const int ItemField = 99;

    /// <summary>First field number of derived classes: what surrounds the objects.</summary>
    public const int FirstField = 100;

    /// <summary>Whether what comes now is part of an object.</summary>
    protected bool InItem { get; private set; }

    /// <summary>Objects left out since the beginning.</summary>
    public long Skipped { get; protected set; }

    /// <summary>The decoder of the objects.</summary>
    protected ObjectDecoder<T> Decoder => decoder;

    /// <inheritdoc/>
    public override void Begin(int field)
    {
        if (field == ItemField)
        {
            InItem = true;
            decoder.Clear();
        }
        else if (InItem)
        {
            decoder.Begin(field);
        }
    }

    /// <inheritdoc/>
    public override void End(int field)
    {
        if (field == ItemField)
        {
            InItem = false;
            EndItem();
        }
        else if (InItem)
        {
            decoder.End(field);
        }
    }

    /// <inheritdoc/>
    public override void Value(int field, ref Utf8JsonReader reader) => decoder.Value(field, ref reader);

    /// <inheritdoc/>
    public override void WrongType(int field)
    {
        if (InItem)
        {
            decoder.WrongType(field);
        }
        else if (field == ItemField)
        {
            Skipped++;
        }
        else
        {
            throw new BadResponseException("the response is not what was asked for: a part of it has the wrong type");
        }
    }

    /// <summary>An object is complete in the decoder.</summary>
    protected abstract void EndItem();

    /// <summary>Text around the objects, limited.</summary>
    protected static string ReadText(ref Utf8JsonReader reader, int maxBytes)
    {
        if (reader.TokenType != JsonTokenType.String || reader.ValueSpan.Length > maxBytes)
        {
            throw new BadResponseException("the response is not what was asked for: expected a short text");
        }

        if (!reader.ValueIsEscaped)
        {
            return Encoding.UTF8.GetString(reader.ValueSpan);
        }

        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new BadResponseException("the response is not what was asked for: text that is not Unicode");
        }
    }
}
