namespace Caretta.Aot.Cluster;

/// <summary>Names that some object bears, as one bit each; made anew when asked after the index has changed. Poll thread only.</summary>
internal sealed class LiveWorkloads
{
    private ulong[] _bits = [];
    private long _epoch = -1;

    /// <summary>Whether some object that exists bears the name.</summary>
    public bool Contains(int workload, long epoch, ObjectSlots objects)
    {
        if (epoch != _epoch)
        {
            _epoch = epoch;
            Mark(objects);
        }

        int word = workload >> 6;
        return word < _bits.Length && (_bits[word] >> (workload & 63) & 1) != 0;
    }

    private void Mark(ObjectSlots objects)
    {
        Array.Clear(_bits);
        foreach (ref readonly IndexedObject item in objects.All)
        {
            if (item.Uid.IsNone || item.IsGone || item.Workload < 0)
            {
                continue;
            }

            int word = item.Workload >> 6;
            if (word >= _bits.Length)
            {
                Array.Resize(ref _bits, Math.Max(word + 1, _bits.Length * 2));
            }

            _bits[word] |= 1ul << (item.Workload & 63);
        }
    }
}
