using Caretta.Bpf.Elf;

namespace Caretta.Bpf;

/// <summary>Finds functions in executables and libraries, as uprobes want them: by the byte in the file.</summary>
public static class UserSymbols
{
    private const int HeaderSize = 64;
    private const int SectionHeaderSize = 64;
    private const int ProgramHeaderSize = 56;
    private const int SymbolSize = 24;
    private const uint SymbolTable = 2;
    private const uint DynamicSymbolTable = 11;
    private const uint LoadSegment = 1;
    private const uint ExecutableSegment = 1;

    /// <summary>The place of a function's first instruction.</summary>
    /// <param name="file">A 64-bit little-endian ELF file; of another mount namespace through /proc/PID/root.</param>
    /// <param name="function">As the symbol table spells it, mangled where the language does; without version.</param>
    /// <returns>Bytes from the file's start, for <see cref="BpfLink.AttachUprobe"/>.</returns>
    /// <exception cref="KeyNotFoundException">No symbol table has it; stripped files only know what they export.</exception>
    /// <exception cref="BadImageException">The file is no such ELF file.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ulong FindOffset(string file, string function)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        ArgumentException.ThrowIfNullOrEmpty(function);
        (NativeBytes buffer, int length) = NativeBytes.ReadFile(file);
        using IDisposable owner = buffer;
        return FindOffset(buffer.GetSpan()[..length], file, System.Text.Encoding.UTF8.GetBytes(function))
            ?? throw new KeyNotFoundException($"{file} has no function {function} in its symbol tables");
    }

    internal static ulong? FindOffset(ReadOnlySpan<byte> image, string name, ReadOnlySpan<byte> function)
    {
        // include/uapi/linux/elf.h, Elf64_Ehdr.
        var reader = new SpanReader(image, name);
        ReadOnlySpan<byte> header = reader.Take(HeaderSize);
        if (!header.StartsWith("\u007fELF\u0002\u0001"u8))
        {
            throw new BadImageException($"{name}: not a 64-bit little-endian ELF file");
        }

        ulong sections = Word64(header, 40);
        int count = Word16(header, 60);
        if (Word16(header, 58) != SectionHeaderSize || Word16(header, 54) is not (ProgramHeaderSize or 0))
        {
            throw new BadImageException($"{name}: headers of unknown size");
        }

        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> section = Slice(image, sections + ((ulong)i * SectionHeaderSize), SectionHeaderSize, name);
            if (Word32(section, 4) is not (SymbolTable or DynamicSymbolTable))
            {
                continue;
            }

            ReadOnlySpan<byte> symbols = Slice(image, Word64(section, 24), Word64(section, 32), name);
            ReadOnlySpan<byte> link = Slice(image, sections + ((ulong)Word32(section, 40) * SectionHeaderSize), SectionHeaderSize, name);
            ReadOnlySpan<byte> strings = Slice(image, Word64(link, 24), Word64(link, 32), name);
            if (FindAddress(symbols, strings, function) is { } address)
            {
                return ToOffset(image, header, address, name);
            }
        }

        return null;
    }

    private static ulong? FindAddress(ReadOnlySpan<byte> symbols, ReadOnlySpan<byte> strings, ReadOnlySpan<byte> function)
    {
        for (; symbols.Length >= SymbolSize; symbols = symbols[SymbolSize..])
        {
            // st_name, st_info, st_other, st_shndx, st_value, st_size. Type FUNC or GNU_IFUNC; section 0 is somebody else's symbol.
            uint at = Word32(symbols, 0);
            bool isFunction = (symbols[4] & 15) is (byte)ElfSymbolType.Function or 10 && Word16(symbols, 6) != 0;
            if (isFunction && at < (uint)strings.Length
                && strings[(int)at..].StartsWith(function) && (uint)(at + function.Length) < (uint)strings.Length
                && strings[(int)at + function.Length] is 0 or (byte)'@')
            {
                return Word64(symbols, 8);
            }
        }

        return null;
    }

    private static ulong ToOffset(ReadOnlySpan<byte> image, ReadOnlySpan<byte> header, ulong address, string name)
    {
        ulong segments = Word64(header, 32);
        for (int i = 0; i < Word16(header, 56); i++)
        {
            // Elf64_Phdr: p_type, p_flags, p_offset, p_vaddr, p_paddr, p_filesz.
            ReadOnlySpan<byte> segment = Slice(image, segments + ((ulong)i * ProgramHeaderSize), ProgramHeaderSize, name);
            ulong start = Word64(segment, 16);
            if (Word32(segment, 0) == LoadSegment && (Word32(segment, 4) & ExecutableSegment) != 0
                && address >= start && address - start < Word64(segment, 32))
            {
                return address - start + Word64(segment, 8);
            }
        }

        throw new BadImageException($"{name}: no executable segment holds address 0x{address:x}");
    }

    private static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> image, ulong offset, ulong length, string name) =>
        offset <= (ulong)image.Length && length <= (ulong)image.Length - offset
            ? image.Slice((int)offset, (int)length)
            : throw new BadImageException($"{name}: {length} bytes at 0x{offset:x} are outside of the file");

    private static ushort Word16(ReadOnlySpan<byte> bytes, int at) => System.Buffers.Binary.BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint Word32(ReadOnlySpan<byte> bytes, int at) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ulong Word64(ReadOnlySpan<byte> bytes, int at) => System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
