using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace Caretta.Aot.Identity;

/// <summary>
/// A 16-byte address as the kernel side writes it (<c>bpf/caretta.h</c>): network order, IPv4 as <c>::ffff:a.b.c.d</c> (RFC 4291
/// section 2.5.5.2). Blittable; the two words hold the bytes as they lie in memory.
/// </summary>
/// <param name="First">Bytes 0 to 7 in memory order.</param>
/// <param name="Second">Bytes 8 to 15 in memory order.</param>
internal readonly record struct NetAddress(ulong First, ulong Second)
{
    /// <summary>Length in bytes.</summary>
    public const int Size = 16;

    private ulong FirstInNetworkOrder => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(First) : First;

    private ulong SecondInNetworkOrder => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(Second) : Second;

    /// <summary>Whether this is an IPv4 address in its mapped form.</summary>
    public bool IsIPv4 => First == 0 && SecondInNetworkOrder >> 32 == 0xffff;

    /// <summary>Whether this is 127.0.0.0/8 or ::1: an address that never leaves its network namespace.</summary>
    public bool IsLoopback => First == 0 && (SecondInNetworkOrder == 1 || SecondInNetworkOrder >> 24 == 0xffff7f);

    /// <summary>Takes over an address of either family; scope ids are dropped.</summary>
    public static NetAddress From(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[Size];
        if (!address.MapToIPv6().TryWriteBytes(bytes, out _))
        {
            throw new ArgumentException("not an IPv4 or IPv6 address", nameof(address));
        }

        return Read(bytes);
    }

    /// <summary>Reads the first 16 bytes of <paramref name="bytes"/>, network order.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 16 bytes.</exception>
    public static NetAddress Read(ReadOnlySpan<byte> bytes) =>
        new(BitConverter.ToUInt64(bytes[..8]), BitConverter.ToUInt64(bytes[8..]));

    /// <summary>
    /// The address as text: dotted quad for IPv4, otherwise the canonical form of RFC 5952: lower case, no leading zeros, the longest
    /// run of two or more zero groups (the first of equals) as <c>::</c>. Every group is written in hexadecimal.
    /// </summary>
    public override string ToString()
    {
        ulong high = FirstInNetworkOrder;
        ulong low = SecondInNetworkOrder;
        if (IsIPv4)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{(byte)(low >> 24)}.{(byte)(low >> 16)}.{(byte)(low >> 8)}.{(byte)low}");
        }

        Span<ushort> groups = stackalloc ushort[8];
        for (int i = 0; i < 4; i++)
        {
            groups[i] = (ushort)(high >> (48 - (16 * i)));
            groups[i + 4] = (ushort)(low >> (48 - (16 * i)));
        }

        (int zerosAt, int zeros) = LongestZeroRun(groups);
        Span<char> text = stackalloc char[39];
        int length = 0;
        for (int i = 0; i < 8; i++)
        {
            if (i == zerosAt)
            {
                text[length++] = ':';
                text[length++] = ':';
                i += zeros - 1;
                continue;
            }

            if (length > 0 && text[length - 1] != ':')
            {
                text[length++] = ':';
            }

            _ = groups[i].TryFormat(text[length..], out int written, "x", CultureInfo.InvariantCulture);
            length += written;
        }

        return new string(text[..length]);
    }

    private static (int Start, int Length) LongestZeroRun(ReadOnlySpan<ushort> groups)
    {
        (int bestStart, int bestLength) = (-1, 1);
        for (int i = 0; i < groups.Length; i++)
        {
            int end = i;
            while (end < groups.Length && groups[end] == 0)
            {
                end++;
            }

            if (end - i > bestLength)
            {
                (bestStart, bestLength) = (i, end - i);
            }

            i = Math.Max(i, end - 1);
        }

        return (bestStart, bestLength);
    }
}
