namespace Caretta.Bpf.Elf;

/// <summary>One entry of the symbol table (<c>include/uapi/linux/elf.h, struct elf64_sym</c>), 24 bytes in the image.</summary>
internal readonly record struct ElfSymbol(int Index, uint NameOffset, byte Info, byte Other, ushort SectionIndex, ulong Value, ulong Size)
{
    /// <summary>Size of an entry in bytes.</summary>
    public const int EntrySize = 24;

    /// <summary><c>SHN_UNDEF</c>: defined elsewhere.</summary>
    public const ushort UndefinedSection = 0;

    /// <summary><c>SHN_LORESERVE</c>: from here on section indexes are not indexes.</summary>
    public const ushort FirstReservedSection = 0xff00;

    /// <summary><c>STT_NOTYPE</c>, <c>STT_OBJECT</c>, <c>STT_FUNC</c>, <c>STT_SECTION</c>, …</summary>
    public ElfSymbolType Type => (ElfSymbolType)(Info & 0xf);

    /// <summary><c>STB_LOCAL</c>.</summary>
    public bool IsLocal => Info >> 4 == 0;

    /// <summary><c>STB_WEAK</c>.</summary>
    public bool IsWeak => Info >> 4 == 2;

    /// <summary>Whether another object must define it: undefined, without a type, and global or weak.</summary>
    public bool IsExtern => SectionIndex == UndefinedSection && Type == ElfSymbolType.None && !IsLocal;

    /// <summary>Whether it lies in a section of this object; <see cref="SectionIndex"/> is then an index, though perhaps out of range.</summary>
    public bool IsDefined => SectionIndex is not UndefinedSection and < FirstReservedSection;

    /// <summary>Whether it is global yet visible only within the object (<c>STV_INTERNAL</c>, <c>STV_HIDDEN</c>).</summary>
    public bool IsHidden => !IsLocal && (Other & 3) is (1 or 2);
}
