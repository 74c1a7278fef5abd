namespace Caretta.Cluster.Tests.Scale;

/// <summary>The server ends the connection on purpose.</summary>
internal sealed class CutException : Exception;
