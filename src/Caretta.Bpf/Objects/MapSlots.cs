namespace Caretta.Bpf.Objects;

/// <summary>Where a map with initial values has them: pointers of 8 bytes from <paramref name="Start"/> up to <paramref name="End"/>.</summary>
/// <param name="MapIndex">The map.</param>
/// <param name="Start">Bytes from the start of the section <c>.maps</c>.</param>
/// <param name="End">Likewise, behind the last.</param>
internal readonly record struct MapSlots(int MapIndex, ulong Start, ulong End);
