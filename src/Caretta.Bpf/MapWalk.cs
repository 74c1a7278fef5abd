using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>A walk over a map key by key, for kernels and maps that have no batches.</summary>
internal static unsafe class MapWalk
{
    // A key that is gone when the next is asked for sends a hash back to its start. While others add and remove, that may go on for ever.
    private const long MoreSteps = 1024;

    /// <summary>Copies some entries. The caller keeps room for <paramref name="room"/> keys and values pinned. Allocates nothing.</summary>
    /// <returns>Entries copied, or <c>-errno</c>.</returns>
    public static int Next(BpfMap map, ref MapCursor cursor, void* keys, void* values, int room, bool removes)
    {
        int keySize = map.Shape.KeySize;
        int valueSize = map.Shape.TransferSize;
        Span<byte> next = ((Span<byte>)cursor.Token)[..keySize];
        Span<byte> current = stackalloc byte[MapCursor.MaxKeySize];
        current = current[..keySize];
        int count = 0;
        if (!cursor.Started)
        {
            cursor.Started = true;
            int result = map.Element(bpf_cmd.BPF_MAP_GET_NEXT_KEY, default, next, 0);
            if (result < 0)
            {
                cursor.Ended = result == -Errno.ENOENT;
                return cursor.Ended ? 0 : result;
            }
        }

        while (count < room && !cursor.Ended)
        {
            // The key behind is asked for while this one is there: an entry that is removed has none.
            next.CopyTo(current);
            int result = map.Element(bpf_cmd.BPF_MAP_GET_NEXT_KEY, current, next, 0);
            if (result < 0 && result != -Errno.ENOENT)
            {
                return count > 0 ? count : result;
            }

            cursor.Ended = result == -Errno.ENOENT || ++cursor.Steps > (2L * map.Shape.MaxEntries) + MoreSteps;

            // Both spans are within what the caller has pinned.
            var value = new Span<byte>((byte*)values + ((nint)count * valueSize), valueSize);
            result = map.Element(bpf_cmd.BPF_MAP_LOOKUP_ELEM, current, value, 0);
            if (result == -Errno.ENOENT)
            {
                // Somebody else has removed it.
                continue;
            }

            if (result >= 0 && removes)
            {
                result = map.Element(bpf_cmd.BPF_MAP_DELETE_ELEM, current, default, 0);
            }

            if (result < 0 && result != -Errno.ENOENT)
            {
                return result;
            }

            current.CopyTo(new Span<byte>((byte*)keys + ((nint)count * keySize), keySize));
            count++;
        }

        return count;
    }
}
