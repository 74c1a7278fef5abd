namespace Caretta.Bpf.CoreRelocation;

/// <summary>One step of a <see cref="CoreAccess"/>.</summary>
/// <param name="IsMember">Whether this is a named member, not an element of an array or the root.</param>
/// <param name="TypeId">The struct or union with the member; the type of the element.</param>
/// <param name="Index">Number of the member, element or enumeration value.</param>
internal readonly record struct CoreAccessor(bool IsMember, uint TypeId, int Index);
