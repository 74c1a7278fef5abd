using System.Buffers;

namespace Caretta.Aot.Http;

/// <summary>
/// Finds the end of a request's head as bytes arrive and enforces its limits, looking at each byte once.
/// A mutable struct: keep it in a field.
/// </summary>
internal struct HeadScanner
{
    private const int TlsHandshake = 0x16;

    private long _scanned;
    private long _start;
    private long _lineStart;
    private int _lines;

    /// <summary>Continues the scan.</summary>
    /// <param name="reader">At the first byte of the request, the same byte on every call for it.</param>
    /// <param name="limits">The limits on request line, head and header count.</param>
    /// <param name="start">Where the request line begins: behind an empty line that may precede it (RFC 9112 §2.2).</param>
    /// <param name="length">Bytes from <paramref name="start"/> through the empty line at the end; 0 while that has not arrived.</param>
    /// <returns>Not <see cref="HttpReject.None"/> as soon as the request cannot become valid.</returns>
    public HttpReject Scan(ref SequenceReader<byte> reader, HttpServerOptions limits, out long start, out int length)
    {
        length = 0;
        start = _start;
        reader.Advance(_scanned);
        while (reader.TryAdvanceTo((byte)'\n'))
        {
            long end = reader.Consumed;
            _scanned = end;
            HttpReject reject = CheckFirstByte(reader.Sequence);
            if (reject != HttpReject.None)
            {
                return reject;
            }

            if (end - _lineStart < 2 || ByteAt(reader.Sequence, end - 2) != '\r')
            {
                return HttpReject.LineEnding;
            }

            bool empty = end - _lineStart == 2;
            if (empty && _lines == 0)
            {
                if (_start > 0)
                {
                    return HttpReject.RequestLine;
                }

                _start = _lineStart = end;
                continue;
            }

            if (_lines == 0 && end - _lineStart > limits.MaxRequestLineBytes)
            {
                return HttpReject.RequestLineTooLong;
            }

            if (end - _start > limits.MaxHeadBytes || (!empty && _lines > limits.MaxHeaders))
            {
                return HttpReject.HeadersTooLarge;
            }

            if (empty)
            {
                start = _start;
                length = (int)(end - _start);
                this = default;
                return HttpReject.None;
            }

            _lines++;
            _lineStart = end;
        }

        _scanned = reader.Length;
        if (_lines == 0 && _scanned - _lineStart > limits.MaxRequestLineBytes)
        {
            return HttpReject.RequestLineTooLong;
        }

        return _scanned - _start > limits.MaxHeadBytes ? HttpReject.HeadersTooLarge : CheckFirstByte(reader.Sequence);
    }

    /// <summary>A client that speaks something else should not have to wait for the time limit to learn it.</summary>
    private readonly HttpReject CheckFirstByte(in ReadOnlySequence<byte> bytes)
    {
        if (_lines > 0 || bytes.Length <= _start)
        {
            return HttpReject.None;
        }

        byte first = ByteAt(bytes, _start);
        return first == TlsHandshake ? HttpReject.Tls
            : HttpRequestParser.IsTokenByte(first) || first is (byte)'\r' or (byte)'\n' ? HttpReject.None
            : HttpReject.NotHttp;
    }

    private static byte ByteAt(in ReadOnlySequence<byte> bytes, long offset) => bytes.Slice(offset, 1).FirstSpan[0];
}
