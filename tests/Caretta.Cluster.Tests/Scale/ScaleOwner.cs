namespace Caretta.Cluster.Tests.Scale;

/// <summary>An object that controls others.</summary>
internal readonly record struct ScaleOwner(string ApiVersion, string Kind, string Name, string Uid);
