using Caretta.Aot.Identity;

namespace Caretta.Aot.Cluster;

/// <summary>Names that some object bears, made anew when asked after the index has changed. Poll thread only.</summary>
internal sealed class LiveWorkloads
{
    private readonly WorkloadSet _names = new();
    private long _epoch = -1;

    /// <summary>Whether some object that exists bears the name.</summary>
    public bool Contains(int workload, long epoch, ObjectSlots objects)
    {
        if (epoch != _epoch)
        {
            _epoch = epoch;
            Mark(objects);
        }

        return _names.Contains(workload);
    }

    private void Mark(ObjectSlots objects)
    {
        _names.Clear();
        for (int i = 0; i < objects.Used; i++)
        {
            ref readonly IndexedObject item = ref objects[i];
            if (!item.Uid.IsNone && !item.IsGone)
            {
                _names.Add(item.Workload);
            }
        }
    }
}
