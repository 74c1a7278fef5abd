using System.Buffers.Binary;

namespace Caretta.Traffic.Wire;

/// <summary>What the client asks of the server in one exchange.</summary>
[Flags]
internal enum FrameFlags : byte
{
    None = 0,

    /// <summary>The server answers through sendfile; <see cref="Frame.ResponseBytes"/> is then <see cref="Payload.FileBytes"/>.</summary>
    ResponseFromFile = 1,

    /// <summary>Request and response flow at the same time.</summary>
    Duplex = 2,

    /// <summary>The request ends with the client's FIN; the server answers only after it has seen it, then closes.</summary>
    HalfClose = 4,

    /// <summary>The server closes first, after its response.</summary>
    ServerCloses = 8,

    /// <summary>The server resets, after the client has confirmed with one byte that it read everything.</summary>
    ServerResets = 16,
}

/// <summary>
/// The head of an exchange, sent by the client. On the wire, little endian: flags u8, 7 bytes zero, request bytes u64, response bytes u64;
/// then the request. The response has no head.
/// </summary>
internal readonly record struct Frame(FrameFlags Flags, long RequestBytes, long ResponseBytes)
{
    /// <summary>Length of the head in bytes.</summary>
    public const int HeadBytes = 24;

    public void WriteTo(Span<byte> head)
    {
        head[..HeadBytes].Clear();
        head[0] = (byte)Flags;
        BinaryPrimitives.WriteInt64LittleEndian(head[8..], RequestBytes);
        BinaryPrimitives.WriteInt64LittleEndian(head[16..], ResponseBytes);
    }

    public static Frame ReadFrom(ReadOnlySpan<byte> head) => new(
        (FrameFlags)head[0],
        BinaryPrimitives.ReadInt64LittleEndian(head[8..]),
        BinaryPrimitives.ReadInt64LittleEndian(head[16..]));
}
