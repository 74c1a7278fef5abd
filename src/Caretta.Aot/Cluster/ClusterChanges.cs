using Caretta.Aot.Identity.Objects;

namespace Caretta.Aot.Cluster;

/// <summary>
/// Changes on their way from the reflectors to the index. They wait here until a poll has named the bytes counted so far, so that a change
/// of an address never renames the past.
/// <para>The sinks may be used from any thread. The rest belongs to the poll thread:</para>
/// <code>
/// woken or the interval is over → WantsPoll or not? → drain the kernel → links resolve → ApplyTo(index) → links end the poll
/// </code>
/// </summary>
internal sealed class ClusterChanges : IObjectSink<PodObject>, IObjectSink<ServiceObject>, IObjectSink<NodeObject>,
    IObjectSink<EndpointSliceObject>
{
    /// <summary>Changes that wait before a poll is asked for, so that a first list never lies here whole.</summary>
    public const int MaxWaiting = 1024;

    private readonly Action _wake;
    private readonly Lock _gate = new();
    private List<Change> _waiting = [];
    private List<Change> _applying = [];
    private int _examined;
    private bool _wantsPoll;

    /// <summary>Makes an empty queue.</summary>
    /// <param name="wake">Called, on any thread, when the poll thread should ask <see cref="WantsPoll"/>. Must return at once.</param>
    public ClusterChanges(Action wake) => _wake = wake;

    /// <summary>Changes that wait.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <inheritdoc/>
    public void Apply(ObjectChangeKind kind, PodObject? item) =>
        Add(new Change(ClusterObjectType.Pod, kind, item));

    /// <inheritdoc/>
    public void Apply(ObjectChangeKind kind, ServiceObject? item) =>
        Add(new Change(ClusterObjectType.Service, kind, item));

    /// <inheritdoc/>
    public void Apply(ObjectChangeKind kind, NodeObject? item) =>
        Add(new Change(ClusterObjectType.Node, kind, item));

    /// <inheritdoc/>
    public void Apply(ObjectChangeKind kind, EndpointSliceObject? item) =>
        Add(new Change(ClusterObjectType.EndpointSlice, kind, item));

    /// <summary>
    /// Whether a poll should come at once: an object whose address links depend on has lost it, or one that came and went since the last
    /// poll, an address gets another owner, a first list is complete, or too much waits. Each change is examined once.
    /// </summary>
    public bool WantsPoll(WorkloadIndex index)
    {
        lock (_gate)
        {
            for (; _examined < _waiting.Count && !_wantsPoll; _examined++)
            {
                Change change = _waiting[_examined];
                _wantsPoll = change.Item switch
                {
                    PodObject pod => change.IsLoss ? index.IsUsed(pod.Uid) || !index.TryFindPod(pod.Uid, out _) : index.IsTakenOver(pod),
                    ServiceObject service => change.Kind == ObjectChangeKind.Deleted && index.IsUsed(service.Uid),
                    NodeObject node => change.Kind == ObjectChangeKind.Deleted && index.IsUsed(node.Uid),
                    _ => change.Kind == ObjectChangeKind.Synced && !index.IsReady,
                };
            }

            return _wantsPoll || _waiting.Count >= MaxWaiting;
        }
    }

    /// <summary>Applies what waits, right after the kernel was drained, and lets the index forget.</summary>
    /// <param name="index">What to apply it to.</param>
    /// <param name="beforeLoss">
    /// Called before an object goes, or loses an address to another, that came only just now: bytes that wait for a name are its own, if
    /// anybody's. Null for nothing.
    /// </param>
    public void ApplyTo(WorkloadIndex index, Action? beforeLoss = null)
    {
        lock (_gate)
        {
            (_waiting, _applying) = (_applying, _waiting);
            _examined = 0;
            _wantsPoll = false;
        }

        bool isNameNew = false;
        foreach (Change change in _applying)
        {
            if (isNameNew && (change.IsLoss || (change.Item is PodObject pod && index.IsTakenOver(pod))))
            {
                beforeLoss?.Invoke();
                isNameNew = false;
            }

            isNameNew |= change.Kind == ObjectChangeKind.Upserted;
            switch (change.Type)
            {
                case ClusterObjectType.Pod:
                    index.Apply(change.Kind, (PodObject?)change.Item);
                    break;
                case ClusterObjectType.Service:
                    index.Apply(change.Kind, (ServiceObject?)change.Item);
                    break;
                case ClusterObjectType.Node:
                    index.Apply(change.Kind, (NodeObject?)change.Item);
                    break;
                default:
                    index.Apply(change.Kind, (EndpointSliceObject?)change.Item);
                    break;
            }
        }

        _applying.Clear();
        if (_applying.Capacity > 4 * MaxWaiting)
        {
            _applying.Capacity = MaxWaiting;
        }

        index.Forget();
    }

    private void Add(in Change change)
    {
        bool wake;
        lock (_gate)
        {
            _waiting.Add(change);
            wake = change.IsLoss || change.Kind == ObjectChangeKind.Synced || change.Item is PodObject { Addresses.Length: > 0 }
                || _waiting.Count % MaxWaiting == 0;
        }

        if (wake)
        {
            _wake();
        }
    }

    private readonly record struct Change(ClusterObjectType Type, ObjectChangeKind Kind, object? Item)
    {
        // Whether the object's addresses are free from here on. Endpoint slices have none of their own.
        public bool IsLoss =>
            (Kind == ObjectChangeKind.Deleted && Type != ClusterObjectType.EndpointSlice) || Item is PodObject { IsTerminated: true };
    }
}
