using System.Buffers.Binary;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Caretta.Bpf;

/// <summary>
/// A little-endian cursor over bytes that nobody has checked yet. It never reads outside of them and never copies.
/// </summary>
/// <param name="bytes">The image, or the part of it that may be read.</param>
/// <param name="what">Name of the image for messages, for example <c>caretta.bpf.o .BTF</c>.</param>
/// <remarks>
/// A <see langword="ref struct"/>: pass it by reference, because a copy does not advance the original.
/// Every failure is a <see cref="BadImageException"/> with the name, the offset and the sizes.
/// </remarks>
internal ref struct SpanReader(ReadOnlySpan<byte> bytes, string what)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private readonly string _what = what;

    /// <summary>Position of the next read, in bytes from the start of the image.</summary>
    public int Offset { get; private set; }

    /// <summary>Bytes between <see cref="Offset"/> and the end.</summary>
    public readonly int Remaining => _bytes.Length - Offset;

    /// <summary>Reads one byte.</summary>
    /// <exception cref="BadImageException">Nothing remains.</exception>
    public byte ReadU8() => Take(sizeof(byte))[0];

    /// <summary>Reads an unsigned 16-bit number.</summary>
    /// <exception cref="BadImageException">Fewer than 2 bytes remain.</exception>
    public ushort ReadU16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));

    /// <summary>Reads an unsigned 32-bit number.</summary>
    /// <exception cref="BadImageException">Fewer than 4 bytes remain.</exception>
    public uint ReadU32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

    /// <summary>Reads a signed 32-bit number in two's complement.</summary>
    /// <exception cref="BadImageException">Fewer than 4 bytes remain.</exception>
    public int ReadI32() => BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)));

    /// <summary>Reads an unsigned 64-bit number.</summary>
    /// <exception cref="BadImageException">Fewer than 8 bytes remain.</exception>
    public ulong ReadU64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    /// <summary>Returns the next <paramref name="count"/> bytes as a view, without copying.</summary>
    /// <exception cref="BadImageException">Fewer than <paramref name="count"/> bytes remain.</exception>
    public ReadOnlySpan<byte> Take(int count)
    {
        if ((uint)count > (uint)Remaining)      // also rejects negative counts
        {
            ThrowTruncated(count);
        }

        ReadOnlySpan<byte> view = _bytes.Slice(Offset, count);
        Offset += count;
        return view;
    }

    /// <summary>Moves on by <paramref name="count"/> bytes.</summary>
    /// <exception cref="BadImageException">Fewer than <paramref name="count"/> bytes remain.</exception>
    public void Skip(int count) => Take(count);

    /// <summary>Returns <paramref name="count"/> bytes from <paramref name="offset"/> as a view; the position stays where it is.</summary>
    /// <param name="offset">Bytes from the start of the image, as an image says it: any 64-bit number.</param>
    /// <param name="count">Length in bytes, likewise unchecked.</param>
    /// <exception cref="BadImageException">The range is not inside the image.</exception>
    public readonly ReadOnlySpan<byte> Slice(ulong offset, ulong count)
    {
        ulong length = (ulong)_bytes.Length;
        if (offset > length || count > length - offset)
        {
            ThrowOutside(offset, count);
        }

        return _bytes.Slice((int)offset, (int)count);
    }

    /// <summary>Reads the text up to the next NUL and moves behind that NUL.</summary>
    /// <returns>The bytes before the NUL; possibly none.</returns>
    /// <exception cref="BadImageException">No NUL follows.</exception>
    public ReadOnlySpan<byte> ReadCString()
    {
        ReadOnlySpan<byte> rest = _bytes[Offset..];
        int length = rest.IndexOf((byte)0);
        if (length < 0)
        {
            ThrowUnterminated();
        }

        Offset += length + 1;
        return rest[..length];
    }

    [DoesNotReturn, StackTraceHidden]
    private readonly void ThrowTruncated(int count) =>
        throw new BadImageException($"{_what}: need {count} bytes at offset 0x{Offset:x}, only {Remaining} left");

    [DoesNotReturn, StackTraceHidden]
    private readonly void ThrowOutside(ulong offset, ulong count) =>
        throw new BadImageException($"{_what}: {count} bytes at offset 0x{offset:x} are outside of its {_bytes.Length} bytes");

    [DoesNotReturn, StackTraceHidden]
    private readonly void ThrowUnterminated() =>
        throw new BadImageException($"{_what}: the text at offset 0x{Offset:x} does not end within the remaining {Remaining} bytes");
}
