using System.Globalization;
using System.Text;

namespace Caretta.Cluster.Tests.Scale;

/// <summary>The way of an answer to the client: counts what goes out, and frames the body in chunks (RFC 9112, section 7.1).</summary>
internal sealed class AnswerStream(Stream network, Action<int> count) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Sends status line and headers.</summary>
    public Task SendHeadAsync(string head, CancellationToken cancellation) => SendAsync(Encoding.ASCII.GetBytes(head), cancellation);

    /// <summary>Says that the body is complete.</summary>
    public Task EndBodyAsync(CancellationToken cancellation) => SendAsync("0\r\n\r\n"u8.ToArray(), cancellation);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
        {
            return;     // would end the body
        }

        byte[] size = Encoding.ASCII.GetBytes(buffer.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n");
        await SendAsync(size, cancellationToken);
        await SendAsync(buffer, cancellationToken);
        await SendAsync("\r\n"u8.ToArray(), cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => network.FlushAsync(cancellationToken);

    public override void Flush() => network.Flush();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        await network.WriteAsync(bytes, cancellation);
        count(bytes.Length);
    }
}
