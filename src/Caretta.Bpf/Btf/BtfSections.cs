namespace Caretta.Bpf.Btf;

/// <summary>Where the parts of an image are, in bytes from its start.</summary>
internal readonly record struct BtfSections(int TypesStart, int TypesLength, int StringsStart, int StringsLength);
