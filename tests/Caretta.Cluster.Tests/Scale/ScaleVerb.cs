namespace Caretta.Cluster.Tests.Scale;

/// <summary>What a request wants, in the words of RBAC.</summary>
internal enum ScaleVerb
{
    Get,
    List,
    Watch,
}
