using System.Buffers;

namespace Caretta.Cluster.Tests.Scale;

/// <summary>A kind of objects, as the server lists it.</summary>
/// <param name="Path">Of the collection over all namespaces.</param>
/// <param name="ApiVersion">Say <c>apps/v1</c>.</param>
/// <param name="Kind">Say <c>ReplicaSet</c>.</param>
/// <param name="Places">How many objects there are at most; some may be missing.</param>
/// <param name="Write">Writes the object at a place as of a version; false if there is none. The last argument adds apiVersion and kind.</param>
internal sealed record ScaleKind(string Path, string ApiVersion, string Kind, int Places, Func<int, long, IBufferWriter<byte>, bool, bool> Write)
{
    /// <summary>In paths and rules, say <c>replicasets</c>.</summary>
    public string Plural => Path[(Path.LastIndexOf('/') + 1)..];
}
