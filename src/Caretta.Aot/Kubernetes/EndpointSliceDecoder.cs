using System.Text.Json;
using Caretta.Aot.Identity;
using Caretta.Aot.Identity.Objects;
using Caretta.Aot.Json;

namespace Caretta.Aot.Kubernetes;

/// <summary>EndpointSlices (<c>discovery.k8s.io/v1</c>).</summary>
internal sealed class EndpointSliceDecoder : ObjectDecoder<EndpointSliceObject>
{
    // The API allows 1000 endpoints in a slice.
    private const int MaxEndpoints = 1000;

    private const int EndpointField = FirstOwnField;
    private const int AddressField = FirstOwnField + 1;
    private const int TargetKindField = FirstOwnField + 2;
    private const int TargetNameField = FirstOwnField + 3;
    private const int TargetUidField = FirstOwnField + 4;

    private static readonly JsonShape Slice = ObjectWith(
        ("endpoints", JsonShape.Array(0, JsonShape.Object(
            EndpointField,
            ("addresses", JsonShape.Array(0, JsonShape.Scalar(AddressField))),
            ("targetRef", JsonShape.Object(
                0,
                ("kind", JsonShape.Scalar(TargetKindField)),
                ("name", JsonShape.Scalar(TargetNameField)),
                ("uid", JsonShape.Scalar(TargetUidField))))))));

    private readonly List<ServiceEndpoint> _endpoints = [];
    private int _endpointStart;
    private string? _targetKind;
    private string? _targetName;
    private Uid _targetUid;

    /// <inheritdoc/>
    public override JsonShape Shape => Slice;

    /// <inheritdoc/>
    public override void Clear()
    {
        base.Clear();
        _endpoints.Clear();
    }

    /// <inheritdoc/>
    public override void Begin(int field)
    {
        if (field != EndpointField)
        {
            base.Begin(field);
            return;
        }

        _endpointStart = _endpoints.Count;
        _targetKind = null;
        _targetName = null;
        _targetUid = default;
    }

    /// <inheritdoc/>
    public override void End(int field)
    {
        if (field != EndpointField)
        {
            base.End(field);
            return;
        }

        // The addresses may come before the target.
        for (int i = _endpointStart; i < _endpoints.Count; i++)
        {
            _endpoints[i] = new ServiceEndpoint(_endpoints[i].Address, _targetKind, _targetName, _targetUid);
        }
    }

    /// <inheritdoc/>
    public override void Value(int field, ref Utf8JsonReader reader)
    {
        switch (field)
        {
            case AddressField:
                if (TryReadAddress(ref reader, out NetAddress address) && _endpoints.Count < MaxEndpoints)
                {
                    _endpoints.Add(new ServiceEndpoint(address, null, null, default));
                }

                break;
            case TargetKindField: _targetKind = ReadShared(ref reader); break;
            case TargetNameField: _targetName = ReadText(ref reader); break;
            case TargetUidField: _targetUid = ReadUid(ref reader); break;
            default: base.Value(field, ref reader); break;
        }
    }

    /// <inheritdoc/>
    protected override EndpointSliceObject Create() => new(Uid, Namespace, ServiceName, [.. _endpoints]);
}
