namespace Caretta.Bpf.Elf;

/// <summary>
/// One relocation (<c>include/uapi/linux/elf.h, struct elf64_rel</c>): at <paramref name="Offset"/> bytes of the section the symbol is
/// referred to. The addend is in the bytes there.
/// </summary>
/// <param name="Offset">Bytes from the start of the section; not checked.</param>
/// <param name="SymbolIndex">Index into the symbol table; checked when the symbol is asked for.</param>
/// <param name="Type"><c>R_BPF_*</c>; what to do follows from the instruction, so it is only for messages.</param>
internal readonly record struct ElfRelocation(ulong Offset, uint SymbolIndex, uint Type)
{
    /// <summary>Size of an entry in bytes.</summary>
    public const int EntrySize = 16;
}
