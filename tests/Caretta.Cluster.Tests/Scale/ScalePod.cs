namespace Caretta.Cluster.Tests.Scale;

/// <summary>A pod at a moment.</summary>
/// <param name="Index">Its place, which successive pods take.</param>
/// <param name="Incarnation">How many had the place before; each has its own name, uid and address.</param>
/// <param name="State">How far it got.</param>
/// <param name="Version">Of its last change.</param>
internal readonly record struct ScalePod(int Index, int Incarnation, ScalePodState State, long Version);
