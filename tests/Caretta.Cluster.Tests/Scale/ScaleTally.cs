namespace Caretta.Cluster.Tests.Scale;

/// <summary>What requests of one kind cost.</summary>
/// <param name="Requests">How many came.</param>
/// <param name="Bytes">Sent as answers, with heads and framing, after compression and before TLS.</param>
internal readonly record struct ScaleTally(long Requests, long Bytes);
