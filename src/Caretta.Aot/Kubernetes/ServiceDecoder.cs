using System.Text.Json;
using Caretta.Aot.Identity.Objects;
using Caretta.Aot.Json;

namespace Caretta.Aot.Kubernetes;

/// <summary>Services (<c>v1</c>).</summary>
internal sealed class ServiceDecoder : ObjectDecoder<ServiceObject>
{
    private const int MaxAddresses = 256;
    private const int MaxPorts = 1024;

    private const int ClusterAddressField = FirstOwnField;
    private const int AddressField = FirstOwnField + 1;
    private const int PortEntryField = FirstOwnField + 2;
    private const int PortField = FirstOwnField + 3;
    private const int ProtocolField = FirstOwnField + 4;

    private static readonly JsonShape Service = ObjectWith(
        ("spec", JsonShape.Object(
            0,
            ("clusterIP", JsonShape.Scalar(ClusterAddressField)),
            ("clusterIPs", JsonShape.Array(0, JsonShape.Scalar(ClusterAddressField))),
            ("externalIPs", JsonShape.Array(0, JsonShape.Scalar(AddressField))),
            ("ports", JsonShape.Array(0, JsonShape.Object(
                PortEntryField,
                ("port", JsonShape.Scalar(PortField)),
                ("protocol", JsonShape.Scalar(ProtocolField))))))),
        ("status", JsonShape.Object(
            0,
            ("loadBalancer", JsonShape.Object(
                0,
                ("ingress", JsonShape.Array(0, JsonShape.Object(0, ("ip", JsonShape.Scalar(AddressField))))))))));

    private readonly List<ushort> _ports = [];
    private bool _headless;
    private bool _isShared;
    private bool _isTcp;
    private ushort _port;

    /// <inheritdoc/>
    public override JsonShape Shape => Service;

    /// <inheritdoc/>
    public override void Clear()
    {
        base.Clear();
        _ports.Clear();
        _headless = false;
        _isShared = false;
    }

    /// <inheritdoc/>
    public override void Begin(int field)
    {
        base.Begin(field);
        if (field == PortEntryField)
        {
            _port = 0;
            _isTcp = true;      // the default
        }
    }

    /// <inheritdoc/>
    public override void End(int field)
    {
        base.End(field);
        if (field == PortEntryField && _isTcp && _port != 0 && _ports.Count < MaxPorts)
        {
            _ports.Add(_port);
        }
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
                _isShared = true;
                AddAddress(ref reader, MaxAddresses);
                break;
            case PortField:
                _port = reader.TokenType == JsonTokenType.Number && reader.TryGetUInt16(out ushort port) ? port : (ushort)0;
                break;
            case ProtocolField:
                _isTcp = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("TCP"u8);
                break;
            default:
                base.Value(field, ref reader);
                break;
        }
    }

    /// <inheritdoc/>
    protected override ServiceObject Create() => new(Uid, Name, Namespace, TakeAddresses(), _headless, _isShared ? [.. _ports] : []);
}
