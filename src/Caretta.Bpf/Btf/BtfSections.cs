namespace Caretta.Bpf.Btf;

/// <summary>Where the parts of an image are, in bytes from its start. Images before the layout section have an empty one.</summary>
internal readonly record struct BtfSections(
    int TypesStart, int TypesLength, int StringsStart, int StringsLength, int LayoutStart, int LayoutLength);
