using System.Text.Json;
using Caretta.Aot.Json;

namespace Caretta.Aot.Kubernetes;

/// <summary>One page of a list. Used again for the next. </summary>
/// <param name="decoder">Makes the objects.</param>
/// <param name="onItem">Takes each, as soon as it is complete.</param>
internal sealed class ListPage<T>(ObjectDecoder<T> decoder, Action<T> onItem) : ObjectStream<T>(decoder)
    where T : class
{
    private const int ResourceVersionField = FirstField;
    private const int ContinueField = FirstField + 1;
    private const int ItemsField = FirstField + 2;

    // The token holds a key and a version in base64; keys in etcd are short.
    private const int MaxContinueBytes = 8 * 1024;
    private const int MaxResourceVersionBytes = 64;

    private bool _hasItems;

    /// <summary>What is wanted of a page.</summary>
    public JsonShape Shape { get; } = JsonShape.Object(
        0,
        ("metadata", JsonShape.Object(
            0,
            ("resourceVersion", JsonShape.Scalar(ResourceVersionField)),
            ("continue", JsonShape.Scalar(ContinueField)))),
        ("items", JsonShape.Array(ItemsField, decoder.Shape)));

    /// <summary>The version the list stands for.</summary>
    public string ResourceVersion { get; private set; } = "";

    /// <summary>Asks for the next page; empty on the last.</summary>
    public string Continue { get; private set; } = "";

    /// <summary>Forgets the last page.</summary>
    public void Clear()
    {
        ResourceVersion = "";
        Continue = "";
        _hasItems = false;
    }

    /// <summary>Checks that a whole page was read.</summary>
    /// <exception cref="BadResponseException">It was something else.</exception>
    public void CheckComplete(long values)
    {
        if (values != 1 || ResourceVersion.Length == 0 || !_hasItems)
        {
            throw new BadResponseException("the response is not a list: items or metadata.resourceVersion are missing");
        }
    }

    /// <inheritdoc/>
    public override void Begin(int field)
    {
        _hasItems |= field == ItemsField;
        base.Begin(field);
    }

    /// <inheritdoc/>
    public override void Value(int field, ref Utf8JsonReader reader)
    {
        switch (field)
        {
            case ResourceVersionField: ResourceVersion = ReadText(ref reader, MaxResourceVersionBytes); break;
            case ContinueField: Continue = ReadText(ref reader, MaxContinueBytes); break;
            default: base.Value(field, ref reader); break;
        }
    }

    /// <inheritdoc/>
    protected override void EndItem()
    {
        if (Decoder.Build() is T item)
        {
            onItem(item);
        }
        else
        {
            Skipped++;
        }
    }
}
