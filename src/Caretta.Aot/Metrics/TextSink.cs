using System.Buffers;
using System.Globalization;

namespace Caretta.Aot.Metrics;

/// <summary>
/// Writes one piece of text into a buffer writer's memory. The caller says how much it may need; <see cref="Dispose"/> hands over what
/// was written. Allocates nothing.
/// </summary>
internal ref struct TextSink(IBufferWriter<byte> writer, int maxLength)
{
    /// <summary>Longest text of one number, in bytes: <c>-1.7976931348623157E+308</c>.</summary>
    public const int MaxNumberLength = 24;

    private readonly Span<byte> _span = writer.GetSpan(maxLength);

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    /// <summary>Appends bytes as they are.</summary>
    public void Append(ReadOnlySpan<byte> text)
    {
        text.CopyTo(_span[Length..]);
        Length += text.Length;
    }

    /// <summary>Appends a number: decimal, or for fractions the shortest text that reads back as the same number.</summary>
    public void Append<T>(T value)
        where T : unmanaged, IUtf8SpanFormattable
    {
        _ = value.TryFormat(_span[Length..], out int written, default, CultureInfo.InvariantCulture);
        Length += written;
    }

    /// <summary>Hands what was written to the buffer writer.</summary>
    public readonly void Dispose() => writer.Advance(Length);
}
