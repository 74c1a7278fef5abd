using Caretta.Aot.Identity;
using Caretta.Aot.Identity.Objects;

namespace Caretta.Aot.Cluster;

/// <summary>
/// What the cluster says about pods, services and nodes: who holds an address, who held it last, and what each is called. Built for
/// 20,000 pods on every node. Poll thread only: changes wait in <see cref="ClusterChanges"/> until the bytes counted so far are named.
/// <para>An address belongs to the pod that was created last among those that have not ended; a pod that is being deleted keeps it until it
/// is gone or another takes it; a pod in the node's network never holds the node's address. An address without a holder is
/// <em>vacant</em> and remembers its last one for a while.</para>
/// </summary>
internal sealed class WorkloadIndex
{
    /// <summary>Kind of a pod that goes by its own name.</summary>
    public const string PodKind = "pod";

    /// <summary>Namespace and kind of nodes.</summary>
    public const string Node = "node";

    private const string ServiceKind = "Service";
    private const int Types = 4;

    private readonly WorkloadTable _workloads;
    private readonly IOwnerSource _owners;
    private readonly NamingRules _rules;
    private readonly ObjectSlots _slots = new();
    private readonly AddressClaims _claims;
    private readonly ServicePorts _ports = new();
    private readonly ServiceBackends _backends = new();
    private readonly LiveWorkloads _live = new();
    private readonly ushort[] _generations = new ushort[Types];
    private readonly bool[] _isKnown = new bool[Types];
    private readonly int[] _counts = new int[Types];
    private long _epoch;

    /// <summary>Starts with nothing known.</summary>
    /// <param name="workloads">Gives out the numbers of names.</param>
    /// <param name="owners">Knows what stands above a controller.</param>
    /// <param name="time">Clock for forgetting.</param>
    /// <param name="rules">What users choose about names.</param>
    /// <param name="timings">How long what is gone is remembered.</param>
    public WorkloadIndex(WorkloadTable workloads, IOwnerSource owners, TimeProvider time, NamingRules rules, ClusterTimings? timings = null)
    {
        _workloads = workloads;
        _owners = owners;
        _rules = rules;
        _claims = new AddressClaims(_slots, time, (timings ?? new ClusterTimings()).Departed);
        _isKnown[(int)ClusterObjectType.EndpointSlice] = !rules.ServiceAsWorkload;
    }

    /// <summary>Grows whenever an answer given before may have changed.</summary>
    public long Epoch => _epoch + _claims.Epoch + _owners.Epoch;

    /// <summary>Whether every type was listed once, or given up.</summary>
    public bool IsReady { get; private set; }

    /// <summary>Addresses known, vacant ones included.</summary>
    public int AddressCount => _claims.Count;

    /// <summary>Objects that are gone and still remembered.</summary>
    public int DepartedCount => _slots.Count - _counts[(int)ClusterObjectType.Pod] - _counts[(int)ClusterObjectType.Node]
        - _counts[(int)ClusterObjectType.Service];

    /// <summary>Objects of a type that exist.</summary>
    public int CountOf(ClusterObjectType type) => type == ClusterObjectType.EndpointSlice ? _backends.Count : _counts[(int)type];

    /// <summary>Whether pods are not known at all and waiting for one is in vain.</summary>
    public bool HasNoPods { get; private set; }

    /// <summary>Waits no longer for a type that cannot be had, such as one that the agent may not list. A complete list takes it back.</summary>
    public void GiveUp(ClusterObjectType type)
    {
        HasNoPods |= type == ClusterObjectType.Pod;
        SetKnown(type);
    }

    /// <summary>Applies a change of the pods.</summary>
    public void Apply(ObjectChangeKind kind, PodObject? pod)
    {
        if (!ApplyCommon(kind, ClusterObjectType.Pod, pod?.Uid ?? default) || pod is null)
        {
            return;
        }

        if (pod.IsTerminated && !_slots.TryFind(pod.Uid, out _))
        {
            return;     // finished jobs may be many, and never talk again
        }

        // The controller of a static pod is its node, which is no workload.
        OwnerReference? controller = pod.Controller is { Kind: "Node", ApiVersion: "v1" } ? null : pod.Controller;
        int index = Upsert(ClusterObjectType.Pod, pod.Uid, pod.Namespace,
            controller is null || !_rules.TraverseUpHierarchy ? pod.Name : null, controller, pod.CreatedSeconds);
        _claims.Set(index, pod.HostNetwork ? [] : pod.Addresses, !pod.IsTerminated, pod.IsTerminating);
        if (!pod.ConfigHash.IsNone)
        {
            _slots.SetAlias(pod.ConfigHash, index);
        }
    }

    /// <summary>Applies a change of the services.</summary>
    public void Apply(ObjectChangeKind kind, ServiceObject? service)
    {
        if (ApplyCommon(kind, ClusterObjectType.Service, service?.Uid ?? default) && service is not null)
        {
            int index = Upsert(ClusterObjectType.Service, service.Uid, service.Namespace, service.Name, null, 0);
            _claims.Set(index, service.Addresses, holds: true, isTerminating: false);
            _epoch += _ports.Set(index, service) ? 1 : 0;
        }
    }

    /// <summary>Applies a change of the nodes.</summary>
    public void Apply(ObjectChangeKind kind, NodeObject? node)
    {
        if (ApplyCommon(kind, ClusterObjectType.Node, node?.Uid ?? default) && node is not null)
        {
            int index = Upsert(ClusterObjectType.Node, node.Uid, "", node.Name, null, 0);
            _claims.Set(index, node.Addresses, holds: true, isTerminating: false);
        }
    }

    /// <summary>Applies a change of the endpoint slices.</summary>
    public void Apply(ObjectChangeKind kind, EndpointSliceObject? slice)
    {
        _backends.Apply(kind, slice);
        _epoch++;
        if (kind == ObjectChangeKind.Synced)
        {
            SetKnown(ClusterObjectType.EndpointSlice);
        }
    }

    /// <summary>Forgets what has been gone for long. Once per poll.</summary>
    public void Forget() => _claims.Forget();

    /// <summary>Looks for a pod by the uid in its control groups.</summary>
    public bool TryFindPod(Uid uid, out int index) =>
        (_slots.TryFind(uid, out index) && _slots[index].Type == ClusterObjectType.Pod) || _slots.TryFindAlias(uid, out index);

    /// <summary>Looks for who holds an address, or held it last.</summary>
    /// <param name="address">The address.</param>
    /// <param name="index">Of the holder.</param>
    /// <param name="isVacant">Whether it holds the address no longer and nobody else does.</param>
    /// <param name="port">Tells services that share the address apart; 0 for any of them.</param>
    public bool TryFindAddress(NetAddress address, out int index, out bool isVacant, ushort port = 0)
    {
        isVacant = false;
        if (!_claims.TryFind(address, out index))
        {
            return false;
        }

        if (_slots[index].Type == ClusterObjectType.Service && _ports.TryFind(address, port, out int sharing))
        {
            index = sharing;
        }

        ref IndexedObject found = ref _slots[index];
        found.IsUsed = true;
        isVacant = !found.Holds(address);
        return true;
    }

    /// <summary>A number for an object that was found which no other object ever has, unless 256 have had its place.</summary>
    public long HolderOf(int index) => ((long)index << 8 | _slots[index].Life) + 1;

    /// <summary>Looks for the object that was given this number.</summary>
    public bool TryFindHolder(long holder, out int index)
    {
        index = (int)((holder - 1) >> 8);
        return holder > 0 && index < _slots.Used && !_slots[index].Uid.IsNone && HolderOf(index) == holder;
    }

    /// <summary>The type of an object that was found.</summary>
    public ClusterObjectType TypeOf(int index) => _slots[index].Type;

    /// <summary>Whether a pod is about to take an address from another object, so that bytes counted so far are not its own.</summary>
    public bool IsTakenOver(PodObject pod)
    {
        if (pod.HostNetwork || pod.IsTerminated)
        {
            return false;
        }

        foreach (NetAddress address in pod.Addresses)
        {
            if (_claims.TryFind(address, out int index) && _slots[index].Uid != pod.Uid)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether links depend on who holds this address now. Does not count as use.</summary>
    public bool IsUsed(NetAddress address) => _claims.TryFind(address, out int index) && _slots[index].IsUsed;

    /// <summary>Whether links depend on the object with this uid.</summary>
    public bool IsUsed(Uid uid) => _slots.TryFind(uid, out int index) && _slots[index].IsUsed;

    /// <summary>
    /// Whether an unknown address lies among those of pods (same /16 for IPv4, /64 for IPv6), so that it may be a pod's which the API
    /// server has not told of yet.
    /// </summary>
    public bool MayBecomePod(NetAddress address) => _claims.IsAmongPods(address);

    /// <summary>Says what an object is called.</summary>
    /// <param name="index">Of an object that was found.</param>
    /// <param name="mustName">Name it by the next best thing rather than not at all.</param>
    /// <param name="workload">Number of the name.</param>
    /// <returns>False while its owner is being looked up; never with <paramref name="mustName"/>.</returns>
    public bool TryName(int index, bool mustName, out int workload)
    {
        ref IndexedObject item = ref _slots[index];
        item.IsUsed = true;
        if (item.Workload >= 0 && !(_rules.ServiceAsWorkload && item.Type == ClusterObjectType.Service))
        {
            workload = item.Workload;
            return true;
        }

        switch (item.Type)
        {
            case ClusterObjectType.Node:
                workload = item.Workload = _workloads.Intern(item.Name!, Node, Node);
                return true;
            case ClusterObjectType.Service:
                item.Workload = _workloads.Intern(item.Name!, item.Namespace, ServiceKind);
                workload = item.Workload;
                return !_rules.ServiceAsWorkload || TryNameBehind(ref item, mustName, out workload);
            default:
                return TryNamePod(ref item, mustName, out workload);
        }
    }

    /// <summary>
    /// Whether no object is left that goes by this name. A pod whose owner was never asked for counts as one of its workload when the name
    /// of its controller begins with the workload's.
    /// </summary>
    public bool IsGone(int workload)
    {
        if (_live.Contains(workload, Epoch, _slots))
        {
            return false;
        }

        Workload name = _workloads[workload];
        for (int i = 0; i < _slots.Used; i++)
        {
            ref readonly IndexedObject item = ref _slots[i];
            if (!item.Uid.IsNone && !item.IsGone && item.Workload < 0 && item.Controller is { } controller
                && item.Namespace == name.Namespace && controller.Name.StartsWith(name.Name, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Forgets the numbers of names that are not in <paramref name="used"/>: they are looked up again when needed.</summary>
    public void ForgetNames(WorkloadSet used)
    {
        for (int i = 0; i < _slots.Used; i++)
        {
            ref IndexedObject item = ref _slots[i];
            if (!item.Uid.IsNone && item.Workload >= 0 && !used.Contains(item.Workload))
            {
                item.Workload = -1;
            }
        }

        _epoch++;
    }

    private bool TryNamePod(ref IndexedObject pod, bool mustName, out int workload)
    {
        if (pod.Controller is null || !_rules.TraverseUpHierarchy)
        {
            workload = pod.Workload = _workloads.Intern(pod.Name!, pod.Namespace, PodKind, pod.Controller?.Name);
            return true;
        }

        if (_owners.TryGetTop(pod.Namespace, pod.Controller, out OwnerReference? top))
        {
            workload = pod.Workload = _workloads.Intern(top.Name, pod.Namespace, top.Kind);
            return true;
        }

        workload = mustName ? _workloads.Intern(pod.Controller.Name, pod.Namespace, pod.Controller.Kind) : -1;
        return mustName;
    }

    // The workload behind a service where all its endpoints have one owner, else the service. Worked out once as long as nothing changes.
    private bool TryNameBehind(ref IndexedObject service, bool mustName, out int workload)
    {
        workload = service.Workload;
        ServiceSlice? first = _backends.Find(service.Namespace, service.Name!);
        if (first is null)
        {
            return true;
        }

        long epoch = Epoch;
        if (first.BehindEpoch != epoch)
        {
            if (!TryFindBehind(first, mustName, out int behind))
            {
                return false;
            }

            if (mustName)
            {
                workload = behind >= 0 ? behind : workload;     // perhaps by a stand-in, which is not to last
                return true;
            }

            (first.Behind, first.BehindEpoch) = (behind, epoch);
        }

        workload = first.Behind >= 0 ? first.Behind : workload;
        return true;
    }

    // Negative for several, or none.
    private bool TryFindBehind(ServiceSlice? slice, bool mustName, out int common)
    {
        common = -1;
        for (; slice is not null; slice = slice.Next)
        {
            for (int i = 0; i < slice.Count; i++)
            {
                int index;
                bool found = slice.IsPod(i) ? TryFindPod(slice.PodAt(i), out index) : _claims.TryFind(slice.AddressAt(i), out index);
                if (!found && slice.IsPod(i))
                {
                    continue;       // one that the API server is yet to tell of, most likely of the same owner
                }

                if (!found || _slots[index].Type != ClusterObjectType.Pod)
                {
                    common = -1;
                    return true;    // a backend outside the cluster
                }

                if (!TryName(index, mustName, out int backend))
                {
                    return false;
                }

                if (common >= 0 && common != backend)
                {
                    common = -1;
                    return true;
                }

                common = backend;
            }
        }

        return true;
    }

    // Returns whether there is an object to take over.
    private bool ApplyCommon(ObjectChangeKind kind, ClusterObjectType type, Uid uid)
    {
        switch (kind)
        {
            case ObjectChangeKind.Reset:
                _generations[(int)type]++;
                return false;
            case ObjectChangeKind.Synced:
                for (int i = 0; i < _slots.Used; i++)
                {
                    ref IndexedObject item = ref _slots[i];
                    if (!item.Uid.IsNone && !item.IsGone && item.Type == type && item.Generation != _generations[(int)type])
                    {
                        Delete(i);
                    }
                }

                HasNoPods &= type != ClusterObjectType.Pod;
                SetKnown(type);
                return false;
            case ObjectChangeKind.Deleted:
                if (_slots.TryFind(uid, out int index) && !_slots[index].IsGone && _slots[index].Type == type)
                {
                    Delete(index);
                }

                return false;
            default:
                return !uid.IsNone && (!_slots.TryFind(uid, out index) || _slots[index].Type == type);
        }
    }

    private int Upsert(ClusterObjectType type, Uid uid, string space, string? name, OwnerReference? controller, long createdSeconds)
    {
        int index = _slots.GetOrAdd(uid, out bool existed);
        ref IndexedObject item = ref _slots[index];
        if (!existed || item.IsGone)
        {
            item.Life += (byte)(item.IsGone ? 1 : 0);
            item.IsGone = false;
            _counts[(int)type]++;
            _epoch++;
        }

        if (!existed || item.Controller?.Uid != controller?.Uid || (name is not null && name != item.Name))
        {
            item.Workload = -1;
            item.Name = name;
            item.Controller = controller;
            _epoch++;
        }

        item.Type = type;
        item.Namespace = space;
        item.CreatedSeconds = (uint)Math.Clamp(createdSeconds, 0, uint.MaxValue);
        item.Generation = _generations[(int)type];
        return index;
    }

    private void Delete(int index)
    {
        ref IndexedObject item = ref _slots[index];
        _counts[(int)item.Type]--;
        item.IsGone = true;
        _ports.Remove(index);
        _claims.Depart(index);
        _epoch++;
    }

    private void SetKnown(ClusterObjectType type)
    {
        if (!_isKnown[(int)type])
        {
            _isKnown[(int)type] = true;
            IsReady = !_isKnown.AsSpan().Contains(false);
            _epoch++;
        }
    }
}
