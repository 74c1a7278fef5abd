using System.Text.Json;
using Caretta.Aot.Identity.Objects;
using Caretta.Aot.Json;

namespace Caretta.Aot.Kubernetes;

/// <summary>Pods (<c>v1</c>).</summary>
internal sealed class PodDecoder : ObjectDecoder<PodObject>
{
    // Two in practice: one of each family.
    private const int MaxAddresses = 16;

    private const int NodeNameField = FirstOwnField;
    private const int HostNetworkField = FirstOwnField + 1;
    private const int PhaseField = FirstOwnField + 2;
    private const int AddressField = FirstOwnField + 3;

    private static readonly JsonShape Pod = ObjectWith(
        ("spec", JsonShape.Object(
            0,
            ("nodeName", JsonShape.Scalar(NodeNameField)),
            ("hostNetwork", JsonShape.Scalar(HostNetworkField)))),
        ("status", JsonShape.Object(
            0,
            ("phase", JsonShape.Scalar(PhaseField)),
            ("podIP", JsonShape.Scalar(AddressField)),
            ("podIPs", JsonShape.Array(0, JsonShape.Object(0, ("ip", JsonShape.Scalar(AddressField))))))));

    private string? _nodeName;
    private bool _hostNetwork;
    private bool _terminated;

    /// <inheritdoc/>
    public override JsonShape Shape => Pod;

    /// <inheritdoc/>
    public override void Clear()
    {
        base.Clear();
        _nodeName = null;
        _hostNetwork = false;
        _terminated = false;
    }

    /// <inheritdoc/>
    public override void Value(int field, ref Utf8JsonReader reader)
    {
        switch (field)
        {
            case NodeNameField: _nodeName = ReadShared(ref reader); break;
            case HostNetworkField: _hostNetwork = ReadBool(ref reader); break;
            case PhaseField: _terminated = ReadShared(ref reader) is "Succeeded" or "Failed"; break;
            case AddressField: AddAddress(ref reader, MaxAddresses); break;
            default: base.Value(field, ref reader); break;
        }
    }

    /// <inheritdoc/>
    protected override PodObject Create() => new(
        Uid, Name, Namespace, string.IsNullOrEmpty(_nodeName) ? null : _nodeName, Controller, TakeAddresses(), _hostNetwork, _terminated, IsTerminating,
        CreatedSeconds, ConfigHash);
}
