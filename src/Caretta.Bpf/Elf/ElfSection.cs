namespace Caretta.Bpf.Elf;

/// <summary>One section header (<c>include/uapi/linux/elf.h, struct elf64_shdr</c>); a view, the bytes stay in the image.</summary>
/// <remarks><see cref="Offset"/> and <see cref="Size"/> were checked against the image unless the section is <see cref="IsNoBits"/>.</remarks>
internal readonly record struct ElfSection(
    int Index,
    uint NameOffset,
    uint Type,
    ulong Flags,
    ulong Offset,
    ulong Size,
    uint Link,
    uint Info,
    ulong EntrySize)
{
    /// <summary>Size of a section header in bytes.</summary>
    public const int HeaderSize = 64;

    /// <summary><c>SHT_PROGBITS</c>: code or data.</summary>
    public const uint ProgramBits = 1;

    /// <summary><c>SHT_SYMTAB</c>.</summary>
    public const uint SymbolTable = 2;

    /// <summary><c>SHT_STRTAB</c>.</summary>
    public const uint StringTable = 3;

    /// <summary><c>SHT_RELA</c>: relocations with an addend of their own, which BPF does not use.</summary>
    public const uint RelocationWithAddend = 4;

    /// <summary><c>SHT_NOBITS</c>: zeroes that take no place in the image.</summary>
    public const uint NoBits = 8;

    /// <summary><c>SHT_REL</c>: relocations whose addend is in the instruction.</summary>
    public const uint Relocation = 9;

    /// <summary><c>SHF_COMPRESSED</c>.</summary>
    public const ulong CompressedFlag = 0x800;

    private const ulong ExecutableFlag = 0x4;

    /// <summary>Whether the section holds instructions: PROGBITS, executable and not empty.</summary>
    public bool IsCode => Type == ProgramBits && (Flags & ExecutableFlag) != 0 && Size != 0;

    /// <summary>Whether the section holds bytes that are not instructions.</summary>
    public bool IsData => Type == ProgramBits && (Flags & ExecutableFlag) == 0;

    /// <summary>Whether the section is all zero and has only a size.</summary>
    public bool IsNoBits => Type == NoBits;

    /// <summary>Whether the bytes are compressed (<c>SHF_COMPRESSED</c>), which no BPF toolchain does to a section that loads.</summary>
    public bool IsCompressed => (Flags & CompressedFlag) != 0;
}
