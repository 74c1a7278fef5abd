using System.Buffers.Text;
using Microsoft.Win32.SafeHandles;

namespace Caretta.Aot.Host;

/// <summary>
/// A small file of procfs that is read again and again: each read at offset 0 makes the kernel write it anew. Allocates nothing after it
/// was opened. Not thread-safe.
/// </summary>
internal sealed class ProcFile : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly byte[] _buffer = new byte[1024];

    /// <summary>Opens the file.</summary>
    /// <exception cref="IOException">There is no such file, or it may not be read.</exception>
    public ProcFile(string path) => _handle = File.OpenHandle(path);

    /// <summary>Its text now, at most 1024 bytes of it; valid until the next call.</summary>
    /// <exception cref="IOException">What it describes is gone.</exception>
    public ReadOnlySpan<byte> Read() => _buffer.AsSpan(0, RandomAccess.Read(_handle, _buffer, 0));

    /// <summary>The number that follows <paramref name="label"/> and white space, or 0 if there is none.</summary>
    /// <exception cref="IOException">What it describes is gone.</exception>
    public long ReadNumberAfter(ReadOnlySpan<byte> label)
    {
        ReadOnlySpan<byte> text = Read();
        int start = text.IndexOf(label);
        if (start < 0)
        {
            return 0;
        }

        text = text[(start + label.Length)..].TrimStart(" \t"u8);
        return Utf8Parser.TryParse(text, out long number, out _) ? number : 0;
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}
