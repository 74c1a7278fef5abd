namespace Caretta.Bpf;

/// <summary>A global or static variable of an object and the place where it lives.</summary>
/// <param name="Name">Name in C; of a static variable inside a function, <c>function.variable</c>.</param>
/// <param name="MapIndex">Index into <see cref="BpfObject.Maps"/> of its data section.</param>
/// <param name="Offset">Bytes from the start of element 0 of that map.</param>
/// <param name="Size">Bytes it occupies.</param>
/// <param name="TypeId">Its type in <see cref="BpfObject.Btf"/>, 0 if the object does not say.</param>
public readonly record struct BpfVariable(string Name, int MapIndex, uint Offset, uint Size, uint TypeId);
