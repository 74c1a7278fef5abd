namespace Caretta.Bpf.Btf;

/// <summary>
/// Ids of named types by the hash of their essential name, as two flat arrays: the ids grouped by bucket, and where each bucket
/// starts. Ids within a bucket ascend.
/// </summary>
internal sealed class BtfNameIndex
{
    private readonly int[] _starts;
    private readonly uint[] _ids;

    private BtfNameIndex(int[] starts, uint[] ids)
    {
        _starts = starts;
        _ids = ids;
    }

    /// <summary>Indexes the own types of <paramref name="types"/>.</summary>
    public static BtfNameIndex Build(BtfTypes types)
    {
        // A counting sort, so that the order depends on the image alone. The buckets are kept from the first pass: hashing is the work.
        int total = types.Count - (int)types.FirstId + 1;
        int[] bucketOf = new int[total];
        int named = 0;
        int buckets = 1;
        while (buckets < total / 2)
        {
            buckets *= 2;
        }

        int[] starts = new int[buckets + 1];
        for (int index = 0; index < total; index++)
        {
            BtfType type = types[types.FirstId + (uint)index];
            bucketOf[index] = -1;
            if (type.NameOffset == 0 || type.Kind is BtfKind.DeclarationTag or BtfKind.TypeTag)
            {
                continue;
            }

            int bucket = (int)(Hash(BtfName.Essential(type.Name)) & (uint)(buckets - 1));
            bucketOf[index] = bucket;
            starts[bucket + 1]++;
            named++;
        }

        for (int bucket = 0; bucket < buckets; bucket++)
        {
            starts[bucket + 1] += starts[bucket];
        }

        // Filling from behind turns each bucket's end into its start: starts[b + 1] walks down to where bucket b begins.
        uint[] ids = new uint[named];
        for (int index = total - 1; index >= 0; index--)
        {
            if (bucketOf[index] >= 0)
            {
                ids[--starts[bucketOf[index] + 1]] = types.FirstId + (uint)index;
            }
        }

        return new BtfNameIndex(starts, ids);
    }

    /// <summary>Ids of the types whose essential name may be <paramref name="essentialName"/>; the caller compares.</summary>
    public ReadOnlySpan<uint> Bucket(ReadOnlySpan<byte> essentialName)
    {
        int bucket = (int)(Hash(essentialName) & (uint)(_starts.Length - 2));
        int start = _starts[bucket + 1];
        int end = bucket + 2 < _starts.Length ? _starts[bucket + 2] : _ids.Length;
        return _ids.AsSpan(start, end - start);
    }

    /// <summary>FNV-1a with the high bits folded in: names differ mostly in their last characters.</summary>
    private static uint Hash(ReadOnlySpan<byte> name)
    {
        uint hash = 2166136261;
        foreach (byte b in name)
        {
            hash = (hash ^ b) * 16777619;
        }

        return hash ^ (hash >> 15);
    }
}
