namespace Caretta.Bpf.Btf;

/// <summary>
/// What the compiler left for the loader to fill into an object's BTF: where the linker put its variables.
/// </summary>
internal interface IBtfSymbols
{
    /// <summary>Size in bytes of the section called <paramref name="section"/>; of the virtual <c>.kconfig</c>, of its map's value.</summary>
    bool TryGetSectionSize(ReadOnlySpan<byte> section, out uint size);

    /// <summary>
    /// Distance in bytes of a global variable from the start of its section; for those of <c>.kconfig</c>, of the map's value.
    /// </summary>
    /// <param name="section">Name of the section.</param>
    /// <param name="name">Name of the variable.</param>
    /// <param name="offset">The distance.</param>
    /// <param name="isHidden">Whether the symbol's visibility is hidden or internal, which makes it static to the kernel.</param>
    bool TryGetVariable(ReadOnlySpan<byte> section, ReadOnlySpan<byte> name, out uint offset, out bool isHidden);

    /// <summary>
    /// Whether the visibility of the function called <paramref name="name"/> is hidden or internal, so that the kernel verifies it as
    /// part of its callers and not on its own.
    /// </summary>
    bool IsHiddenFunction(ReadOnlySpan<byte> name);
}
