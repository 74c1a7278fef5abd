using System.Text.Json;
using Caretta.Aot.Identity.Objects;
using Caretta.Aot.Json;

namespace Caretta.Aot.Kubernetes;

/// <summary>Nodes (<c>v1</c>).</summary>
internal sealed class NodeDecoder : ObjectDecoder<NodeObject>
{
    private const int MaxAddresses = 256;

    private const int AddressField = FirstOwnField;

    private static readonly JsonShape Node = ObjectWith(
        ("status", JsonShape.Object(
            0,
            ("addresses", JsonShape.Array(0, JsonShape.Object(0, ("address", JsonShape.Scalar(AddressField))))))));

    /// <inheritdoc/>
    public override JsonShape Shape => Node;

    /// <inheritdoc/>
    public override void Value(int field, ref Utf8JsonReader reader)
    {
        if (field == AddressField)
        {
            AddAddress(ref reader, MaxAddresses);
        }
        else
        {
            base.Value(field, ref reader);
        }
    }

    /// <inheritdoc/>
    protected override NodeObject Create() => new(Uid, Name, TakeAddresses());
}
