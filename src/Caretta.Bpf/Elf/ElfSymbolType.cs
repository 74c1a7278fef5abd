namespace Caretta.Bpf.Elf;

/// <summary>What a symbol names (<c>include/uapi/linux/elf.h, STT_*</c>).</summary>
internal enum ElfSymbolType : byte
{
    /// <summary>Not said: externs, labels, and functions of compilers before LLVM 8.</summary>
    None = 0,

    /// <summary>A variable or a map.</summary>
    Object = 1,

    /// <summary>A function.</summary>
    Function = 2,

    /// <summary>A section as a whole; it has no name of its own.</summary>
    Section = 3,

    /// <summary>The name of the source file.</summary>
    File = 4,
}
