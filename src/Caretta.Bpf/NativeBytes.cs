using System.Buffers;
using System.Runtime.InteropServices;

namespace Caretta.Bpf;

/// <summary>
/// A large buffer outside the managed heap, for what is needed once: freeing it gives the memory back to the system at once, where a
/// dead array would stay in the process for its whole life.
/// </summary>
/// <remarks>Spans and memories over it are invalid after <see cref="IDisposable.Dispose"/>; the owner sees to it that none is left.</remarks>
internal sealed unsafe class NativeBytes(int length) : MemoryManager<byte>
{
    private byte* _pointer = (byte*)NativeMemory.Alloc((nuint)length);

    /// <summary>Reads a whole file, also one that does not know its length beforehand.</summary>
    public static (NativeBytes Buffer, int Length) ReadFile(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        var buffer = new NativeBytes((int)Math.Clamp(file.Length + 1, 64 * 1024, int.MaxValue));
        int filled = 0;
        try
        {
            while (true)
            {
                int read = file.Read(buffer.GetSpan()[filled..]);
                filled += read;
                if (read == 0)
                {
                    return (buffer, filled);
                }

                if (filled == buffer.Length)
                {
                    NativeBytes larger = new(checked(buffer.Length * 2));
                    buffer.GetSpan().CopyTo(larger.GetSpan());
                    ((IDisposable)buffer).Dispose();
                    buffer = larger;
                }
            }
        }
        catch
        {
            ((IDisposable)buffer).Dispose();
            throw;
        }
    }

    /// <summary>Bytes allocated.</summary>
    public int Length { get; } = length;

    /// <inheritdoc/>
    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_pointer is null, this);

        // Exactly what was allocated.
        return new Span<byte>(_pointer, Length);
    }

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)Length);
        return new MemoryHandle(_pointer + elementIndex);
    }

    /// <inheritdoc/>
    public override void Unpin()
    {
        // Native memory does not move.
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        NativeMemory.Free(_pointer);
        _pointer = null;
    }
}
