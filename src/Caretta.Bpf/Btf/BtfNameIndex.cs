using System.Buffers.Binary;

namespace Caretta.Bpf.Btf;

/// <summary>
/// Ids of named types by the hash of their essential name, as two flat arrays: the ids grouped by bucket, and where each bucket
/// starts. Ids within a bucket ascend.
/// </summary>
internal sealed class BtfNameIndex
{
    private const uint FirstHash = 2166136261;
    private const uint HashFactor = 16777619;

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

        // The words themselves and not views of types: this runs for each of a kernel's 100,000.
        ReadOnlySpan<byte> words = types.TypeBytes;
        ReadOnlySpan<byte> strings = types.StringBytes;
        int[] starts = new int[buckets + 1];
        for (int index = 0; index < total; index++)
        {
            ReadOnlySpan<byte> type = words[types.OffsetOf(types.FirstId + (uint)index)..];
            uint nameOffset = BinaryPrimitives.ReadUInt32LittleEndian(type);
            BtfKind kind = BtfFormat.KindOf(BinaryPrimitives.ReadUInt32LittleEndian(type[sizeof(uint)..]));
            bucketOf[index] = -1;
            if (nameOffset == 0 || kind is BtfKind.DeclarationTag or BtfKind.TypeTag)
            {
                continue;
            }

            uint own = nameOffset - types.FirstNameOffset;
            uint hash = own < (uint)strings.Length ? HashToEnd(strings[(int)own..]) : Hash(BtfName.Essential(types.NameOf(nameOffset)));
            int bucket = (int)(hash & (uint)(buckets - 1));
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

    /// <summary>The hash of the essential part of a name that ends with NUL. Almost none has a flavour: one look at each character does.</summary>
    private static uint HashToEnd(ReadOnlySpan<byte> name)
    {
        uint hash = FirstHash;
        int underscores = 0;
        for (int i = 0; i < name.Length && name[i] != 0; i++)
        {
            hash = (hash ^ name[i]) * HashFactor;
            underscores = name[i] == '_' ? underscores + 1 : 0;
            if (underscores == 3)
            {
                return Hash(BtfName.Essential(name[..name.IndexOf((byte)0)]));
            }
        }

        return Fold(hash);
    }

    /// <summary>FNV-1a with the high bits folded in: names differ mostly in their last characters.</summary>
    private static uint Hash(ReadOnlySpan<byte> name)
    {
        uint hash = FirstHash;
        foreach (byte b in name)
        {
            hash = (hash ^ b) * HashFactor;
        }

        return Fold(hash);
    }

    private static uint Fold(uint hash) => hash ^ (hash >> 15);
}
