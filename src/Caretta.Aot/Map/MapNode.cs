namespace Caretta.Aot.Map;

/// <summary>One end of links on the map.</summary>
/// <param name="Name">Name of the workload, unit, container, process or address.</param>
/// <param name="Namespace">Namespace, or <c>host</c>, <c>node</c>, <c>external</c>.</param>
/// <param name="Kind">Kind as the metric's label has it.</param>
/// <param name="Owner">Direct controller; null where none is known.</param>
internal readonly record struct MapNode(string Name, string Namespace, string Kind, string? Owner);
