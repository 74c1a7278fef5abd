using System.Globalization;

namespace Caretta.Cluster.Tests.Scale;

/// <summary>
/// A cluster that nobody stores: every object at every version follows from its number. Version <see cref="FirstVersion"/> has all pods
/// running; each later version is one change of one pod, all pods in turn.
/// <para>Of 20 workloads one is a StatefulSet, one a DaemonSet, one a CronJob with a Job, the others are Deployments with a ReplicaSet.</para>
/// </summary>
internal sealed class ScaleCluster
{
    public const long FirstVersion = 1_000_000;

    private const string NameLetters = "bcdfghjklmnpqrstvwxz2456789";     // what Kubernetes makes names of
    private const int Stride = 7919;     // neighbours in time are not neighbours in the list
    private const int AddressesPerPod = 6;

    // When in a round each pod has its turn.
    private readonly int[] _turn;

    public ScaleCluster(ScaleShape shape)
    {
        Shape = shape;
        _turn = new int[shape.Pods];
        for (int i = 0; i < shape.Pods; i++)
        {
            _turn[PodOfTurn(i)] = i;
        }
    }

    public ScaleShape Shape { get; }

    /// <summary>The pod at a place, as of a version.</summary>
    public ScalePod PodAt(int index, long version)
    {
        (long rounds, long rest) = Math.DivRem(version - FirstVersion, Shape.Pods);
        int changes = (int)rounds + (_turn[index] < rest ? 1 : 0);
        long last = changes == 0 ? FirstVersion - Shape.Pods + index : FirstVersion + ((changes - 1L) * Shape.Pods) + _turn[index] + 1;
        return new ScalePod(index, (changes + 1) / 4, (ScalePodState)(changes % 4), last);
    }

    /// <summary>The pod that a version changed, as it was after the change.</summary>
    public ScalePod Changed(long version) => PodAt(PodOfTurn((version - FirstVersion - 1) % Shape.Pods), version);

    /// <summary>The fields of a pod. One that is gone has those of its last moment.</summary>
    public ObjectFields Describe(ScalePod pod)
    {
        int workload = pod.Index % Shape.Workloads;
        ScaleOwner owner = OwnerOf(workload);
        ulong seed = Mix(1, pod.Index, pod.Incarnation);
        int node = pod.Index % Shape.Nodes;

        // Round the few addresses of a place, so that addresses are used again.
        int host = 2 + (pod.Index / Shape.Nodes * AddressesPerPod) + (pod.Incarnation % AddressesPerPod);
        ObjectFields fields = WorkloadFields(workload);
        fields[ObjectField.Generate] = owner.Name + "-";
        fields[ObjectField.Name] = owner.Kind == "StatefulSet"
            ? $"{owner.Name}-{Text(pod.Index / Shape.Workloads)}" : $"{owner.Name}-{Letters(seed, 5)}";
        fields[ObjectField.Uid] = UidOf(seed);
        fields[ObjectField.Version] = pod.Version.ToString(CultureInfo.InvariantCulture);
        Set(fields, owner);
        fields[ObjectField.Node] = NodeName(node);
        fields[ObjectField.HostIP] = NodeAddress(node);
        fields[ObjectField.Ip] = $"10.{Text(64 + (node >> 8))}.{Text(node & 255)}.{Text(host)}";
        fields[ObjectField.Ip6] = $"fd00:64:{node:x}::{host:x}";
        fields[ObjectField.Container] = Hex(seed);
        return fields;
    }

    public static ObjectFields DescribeService(int workload)
    {
        ObjectFields fields = WorkloadFields(workload);
        fields[ObjectField.Name] = fields[ObjectField.Workload];
        fields[ObjectField.Uid] = UidOf(Mix(2, workload));
        fields[ObjectField.Version] = Text(500_000 + workload);
        fields[ObjectField.Ip] = $"10.{Text(96 + (workload >> 16))}.{Text((workload >> 8) & 255)}.{Text(workload & 255)}";
        return fields;
    }

    public static ObjectFields DescribeNode(int node)
    {
        ulong seed = Mix(3, node);
        var fields = new ObjectFields();
        fields[ObjectField.Name] = fields[ObjectField.Node] = NodeName(node);
        fields[ObjectField.Uid] = UidOf(seed);
        fields[ObjectField.Version] = Text(600_000 + node);
        fields[ObjectField.Ip] = NodeAddress(node);
        fields[ObjectField.Cidr] = $"10.{Text(64 + (node >> 8))}.{Text(node & 255)}.0/24";
        fields[ObjectField.Digest] = Hex(seed)[..17];
        return fields;
    }

    /// <summary>What stands above a workload's pods: the object at the top, or one below it.</summary>
    /// <param name="workload">Its number.</param>
    /// <param name="kind">Say <c>ReplicaSet</c>.</param>
    /// <param name="generation">0 is the present one; older ReplicaSets and Jobs are kept for a while.</param>
    /// <returns>Null if the workload has none of the kind.</returns>
    public static ObjectFields? DescribeOwner(int workload, string kind, int generation = 0)
    {
        ScaleOwner direct = OwnerOf(workload, generation);
        ScaleOwner? top = TopOf(workload);
        ScaleOwner? found = direct.Kind == kind ? direct : generation == 0 && top?.Kind == kind ? top : null;
        if (found is not { } owner)
        {
            return null;
        }

        ObjectFields fields = WorkloadFields(workload);
        fields[ObjectField.Name] = owner.Name;
        fields[ObjectField.Uid] = owner.Uid;
        fields[ObjectField.Version] = Text(700_000 + workload);
        if (top is { } above && above != owner)
        {
            Set(fields, above);
        }

        return fields;
    }

    /// <summary>The number in a name that <see cref="WorkloadName"/> made, or that of something below it.</summary>
    public int? FindWorkload(string name) =>
        name.Split('-') is ["app", var number, ..] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int workload)
            && workload < Shape.Workloads ? workload : null;

    public static string WorkloadName(int workload) => $"app-{workload:0000}";

    public static string SpaceOf(int workload) => $"team-{workload % 40:00}";

    /// <summary>The direct owner of a workload's pods.</summary>
    public static ScaleOwner OwnerOf(int workload, int generation = 0)
    {
        string name = WorkloadName(workload);
        string uid = UidOf(Mix(4, workload, generation));
        return (workload % 20) switch
        {
            0 => new ScaleOwner("apps/v1", "StatefulSet", name, uid),
            1 => new ScaleOwner("apps/v1", "DaemonSet", name, uid),
            2 => new ScaleOwner("batch/v1", "Job", $"{name}-{Text(29_012_400 - (generation * 60))}", uid),
            _ => new ScaleOwner("apps/v1", "ReplicaSet", $"{name}-{Letters(Mix(5, workload, generation), 10)}", uid),
        };
    }

    /// <summary>What controls the direct owner; null if nothing does.</summary>
    public static ScaleOwner? TopOf(int workload) => (workload % 20) switch
    {
        0 or 1 => null,
        2 => new ScaleOwner("batch/v1", "CronJob", WorkloadName(workload), UidOf(Mix(6, workload))),
        _ => new ScaleOwner("apps/v1", "Deployment", WorkloadName(workload), UidOf(Mix(6, workload))),
    };

    private static ObjectFields WorkloadFields(int workload)
    {
        var fields = new ObjectFields();
        fields[ObjectField.Workload] = WorkloadName(workload);
        fields[ObjectField.Namespace] = SpaceOf(workload);
        fields[ObjectField.Hash] = Letters(Mix(5, workload, 0), 10);
        fields[ObjectField.Digest] = Hex(Mix(7, workload));
        return fields;
    }

    private static void Set(ObjectFields fields, ScaleOwner owner)
    {
        fields[ObjectField.OwnerVersion] = owner.ApiVersion;
        fields[ObjectField.OwnerKind] = owner.Kind;
        fields[ObjectField.Owner] = owner.Name;
        fields[ObjectField.OwnerUid] = owner.Uid;
    }

    private int PodOfTurn(long turn) => (int)(turn * Stride % Shape.Pods);

    private static string NodeName(int node) => $"ip-192-168-{Text(node >> 8)}-{Text(node & 255)}";

    private static string NodeAddress(int node) => $"192.168.{Text(node >> 8)}.{Text(node & 255)}";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    // A different number for different arguments, looking random (the finaliser of SplitMix64).
    private static ulong Mix(int kind, int index, int further = 0)
    {
        ulong x = ((ulong)kind << 56) ^ ((ulong)(uint)index << 24) ^ (uint)further;
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    private static string UidOf(ulong seed) => new Guid(
        (uint)seed, (ushort)(seed >> 32), (ushort)(0x4000 | ((seed >> 48) & 0xFFF)), 0x9a, (byte)(seed >> 8), (byte)(seed >> 16), (byte)(seed >> 24),
        (byte)(seed >> 36), (byte)(seed >> 44), (byte)(seed >> 52), (byte)seed).ToString();

    private static string Hex(ulong seed) =>
        $"{seed:x16}{seed * 0x9E3779B97F4A7C15:x16}{seed * 0xBF58476D1CE4E5B9:x16}{seed * 0x94D049BB133111EB:x16}";

    private static string Letters(ulong seed, int count) => string.Create(count, seed, static (letters, rest) =>
    {
        foreach (ref char letter in letters)
        {
            letter = NameLetters[(int)(rest % (ulong)NameLetters.Length)];
            rest /= (ulong)NameLetters.Length;
        }
    });
}
