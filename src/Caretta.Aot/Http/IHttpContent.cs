using System.Buffers;

namespace Caretta.Aot.Http;

/// <summary>
/// A response body of unknown length that is produced piece by piece, so that a large page never sits in memory.
/// </summary>
/// <remarks>
/// Called by one thread at a time, though not always the same. Seconds may pass between two calls when the client is slow: hold on to a
/// snapshot, not to a lock.
/// </remarks>
internal interface IHttpContent
{
    /// <summary>Value of the Content-Type header.</summary>
    ReadOnlySpan<byte> ContentType { get; }

    /// <summary>
    /// Writes the next piece, best up to some 16 KB; false says that it was the last one, true that it was not empty and more follows.
    /// </summary>
    bool WriteNext(IBufferWriter<byte> writer);

    /// <summary>Ends the use of this object, after the last piece or before. Called exactly once per response, also for HEAD.</summary>
    void Release();
}
