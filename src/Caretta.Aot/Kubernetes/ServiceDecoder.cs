using System.Text.Json;
using Caretta.Aot.Identity.Objects;

namespace Caretta.Aot.Kubernetes;

/// <summary>Services (<c>v1</c>).</summary>
internal sealed class ServiceDecoder : ObjectDecoder<ServiceObject>
{
    private const int MaxAddresses = 256;

    private const int ClusterAddressField = FirstOwnField;
    private const int AddressField = FirstOwnField + 1;

    private static readonly JsonShape Service = ObjectWith(
        ("spec", JsonShape.Object(
            0,
            ("clusterIP", JsonShape.Scalar(ClusterAddressField)),
            ("clusterIPs", JsonShape.Array(0, JsonShape.Scalar(ClusterAddressField))),
            ("externalIPs", JsonShape.Array(0, JsonShape.Scalar(AddressField))))),
        ("status", JsonShape.Object(
            0,
            ("loadBalancer", JsonShape.Object(
                0,
                ("ingress", JsonShape.Array(0, JsonShape.Object(0, ("ip", JsonShape.Scalar(AddressField))))))))));

    private bool _headless;

    /// <inheritdoc/>
    public override JsonShape Shape => Service;

    /// <inheritdoc/>
    public override void Clear()
    {
        base.Clear();
        _headless = false;
    }

    /// <inheritdoc/>
    public override void Value(int field, ref Utf8JsonReader reader)
    {
        switch (field)
        {
            case ClusterAddressField:
                _headless |= reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("None"u8);
                AddAddress(ref reader, MaxAddresses);
                break;
            case AddressField:
                AddAddress(ref reader, MaxAddresses);
                break;
            default:
                base.Value(field, ref reader);
                break;
        }
    }

    /// <inheritdoc/>
    protected override ServiceObject Create() => new(Uid, Name, Namespace, TakeAddresses(), _headless);
}
