using Caretta.Aot.Json;

namespace Caretta.Aot.Kubernetes;

/// <summary>The metadata of any object (<c>PartialObjectMetadata</c>, or the object itself).</summary>
internal sealed class OwnedObjectDecoder : ObjectDecoder<OwnedObject>
{
    private static readonly JsonShape Metadata = ObjectWith();

    /// <inheritdoc/>
    public override JsonShape Shape => Metadata;

    /// <inheritdoc/>
    protected override OwnedObject Create() => new(Uid, Name, Controller);
}
