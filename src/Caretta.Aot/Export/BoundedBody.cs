namespace Caretta.Aot.Export;

/// <summary>Reads a body of unknown length.</summary>
internal static class BoundedBody
{
    /// <summary>Reads to the end; null if there is more than <paramref name="maxBytes"/>.</summary>
    public static async Task<byte[]?> ReadAsync(Stream body, int maxBytes, CancellationToken cancel)
    {
        byte[] buffer = new byte[32 * 1024];
        int length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                if (length > maxBytes)
                {
                    return null;
                }

                Array.Resize(ref buffer, (int)Math.Min(length * 2L, maxBytes + 1L));
            }

            int read = await body.ReadAsync(buffer.AsMemory(length), cancel).ConfigureAwait(false);
            if (read == 0)
            {
                break;
            }

            length += read;
            if (length > maxBytes)
            {
                return null;
            }
        }

        return buffer[..length];
    }
}
