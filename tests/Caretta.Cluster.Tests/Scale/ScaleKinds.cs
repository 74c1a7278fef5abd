using System.Buffers;
using System.Text.Json.Nodes;

namespace Caretta.Cluster.Tests.Scale;

/// <summary>Writes the objects of a <see cref="ScaleCluster"/> as an API server does: a pod takes 6 KB, as they do in practice.</summary>
internal sealed class ScaleKinds
{
    private const int KeptReplicaSets = 4;     // the present one and three to roll back to; the default would keep eleven
    private const int KeptJobs = 4;
    private const int ImagesPerNode = 50;     // a kubelet reports so many

    private readonly ScaleCluster _cluster;
    private readonly ObjectTemplate[,] _pods;

    public ScaleKinds(ScaleCluster cluster)
    {
        _cluster = cluster;
        _pods = PodTemplates();
        ScaleShape shape = cluster.Shape;
        Pods = new ScaleKind("/api/v1/pods", "v1", "Pod", shape.Pods, WritePod);
        All = new[]
        {
            Pods,
            Simple("/api/v1/services", "v1", "Service", shape.Workloads, ObjectTemplate.Read("service"), ScaleCluster.DescribeService),
            Simple("/api/v1/nodes", "v1", "Node", shape.Nodes, NodeJson(), ScaleCluster.DescribeNode),
            Owners("/apis/apps/v1/replicasets", "apps/v1", "ReplicaSet", KeptReplicaSets),
            Owners("/apis/apps/v1/deployments", "apps/v1", "Deployment", 1),
            Owners("/apis/apps/v1/statefulsets", "apps/v1", "StatefulSet", 1),
            Owners("/apis/apps/v1/daemonsets", "apps/v1", "DaemonSet", 1),
            Owners("/apis/batch/v1/jobs", "batch/v1", "Job", KeptJobs),
            Owners("/apis/batch/v1/cronjobs", "batch/v1", "CronJob", 1),
        }.ToDictionary(static kind => kind.Path);
    }

    public ScaleKind Pods { get; }

    /// <summary>The nine kinds, by path.</summary>
    public IReadOnlyDictionary<string, ScaleKind> All { get; }

    /// <summary>Writes a pod, also one that is gone.</summary>
    public void WritePod(ScalePod pod, IBufferWriter<byte> output, bool typed) =>
        _pods[(int)pod.State, typed ? 1 : 0].Write(output, _cluster.Describe(pod));

    private bool WritePod(int place, long version, IBufferWriter<byte> output, bool typed)
    {
        ScalePod pod = _cluster.PodAt(place, version);
        if (pod.State == ScalePodState.Gone)
        {
            return false;
        }

        WritePod(pod, output, typed);
        return true;
    }

    private static ScaleKind Simple(string path, string apiVersion, string kind, int places, JsonObject json, Func<int, ObjectFields> describe)
    {
        ObjectTemplate[] templates = Templates(json, apiVersion, kind);
        return new ScaleKind(path, apiVersion, kind, places, (place, _, output, typed) =>
        {
            templates[typed ? 1 : 0].Write(output, describe(place));
            return true;
        });
    }

    private ScaleKind Owners(string path, string apiVersion, string kind, int generations)
    {
        JsonObject owned = WorkloadJson(kind);
        JsonObject top = owned.DeepClone().AsObject();
        top["metadata"]!.AsObject().Remove("ownerReferences");
        ObjectTemplate[] ownedTemplates = Templates(owned, apiVersion, kind);
        ObjectTemplate[] topTemplates = Templates(top, apiVersion, kind);
        return new ScaleKind(path, apiVersion, kind, _cluster.Shape.Workloads * generations, (place, _, output, typed) =>
        {
            if (ScaleCluster.DescribeOwner(place / generations, kind, place % generations) is not { } fields)
            {
                return false;
            }

            ObjectTemplate[] templates = fields[ObjectField.Owner].Length > 0 ? ownedTemplates : topTemplates;
            templates[typed ? 1 : 0].Write(output, fields);
            return true;
        });
    }

    // Lists leave apiVersion and kind out of their items.
    private static ObjectTemplate[] Templates(JsonObject json, string apiVersion, string kind)
    {
        var typed = new JsonObject { ["kind"] = kind, ["apiVersion"] = apiVersion };
        foreach ((string name, JsonNode? value) in json)
        {
            typed[name] = value?.DeepClone();
        }

        return [ObjectTemplate.Of(json), ObjectTemplate.Of(typed)];
    }

    private static ObjectTemplate[,] PodTemplates()
    {
        JsonObject running = ObjectTemplate.Read("pod");
        JsonObject terminating = running.DeepClone().AsObject();
        terminating["metadata"]!["deletionTimestamp"] = "2025-03-01T10:00:30Z";
        terminating["metadata"]!["deletionGracePeriodSeconds"] = 30;
        JsonObject pending = running.DeepClone().AsObject();
        JsonObject status = pending["status"]!.AsObject();
        status["phase"] = "Pending";
        foreach (string later in (string[])["podIP", "podIPs", "containerStatuses"])
        {
            status.Remove(later);
        }

        var templates = new ObjectTemplate[4, 2];
        foreach ((ScalePodState state, JsonObject json) in ((ScalePodState, JsonObject)[])[
            (ScalePodState.Running, running), (ScalePodState.Terminating, terminating), (ScalePodState.Gone, terminating), (ScalePodState.Pending, pending)])
        {
            (templates[(int)state, 0], templates[(int)state, 1]) = Templates(json, "v1", "Pod") is [var plain, var typed] ? (plain, typed) : default;
        }

        return templates;
    }

    private static JsonObject NodeJson()
    {
        JsonObject node = ObjectTemplate.Read("node");
        JsonArray images = node["status"]!["images"]!.AsArray();
        for (int i = 0; i < ImagesPerNode; i++)
        {
            string name = $"registry.example.org/team-{i % 40:00}/app-{i * 37 % 2000:0000}";
            images.Add(new JsonObject
            {
                ["names"] = new JsonArray($"{name}@sha256:{(ulong)i * 0x9E3779B97F4A7C15:x16}{(ulong)i * 0xBF58476D1CE4E5B9:x48}", $"{name}:2.14.3"),
                ["sizeBytes"] = 41_000_000 + (i * 977_353),
            });
        }

        return node;
    }

    // A workload says how to make its pods: the pod's specification without what the scheduler and the server added.
    private static JsonObject WorkloadJson(string kind)
    {
        JsonObject workload = ObjectTemplate.Read("workload");
        JsonObject pod = ObjectTemplate.Read("pod");
        JsonObject specification = pod["spec"]!.DeepClone().AsObject();
        foreach (string added in (string[])["nodeName", "priority", "preemptionPolicy", "enableServiceLinks", "tolerations"])
        {
            specification.Remove(added);
        }

        var template = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["labels"] = pod["metadata"]!["labels"]!.DeepClone(),
                ["annotations"] = pod["metadata"]!["annotations"]!.DeepClone(),
            },
            ["spec"] = specification,
        };
        workload["metadata"]!["managedFields"]!.AsArray().Add(pod["metadata"]!["managedFields"]![0]!.DeepClone());
        JsonObject spec = workload["spec"]!.AsObject();
        if (kind == "CronJob")
        {
            spec["jobTemplate"] = new JsonObject { ["spec"] = new JsonObject { ["template"] = template } };
            spec["schedule"] = "0 * * * *";
        }
        else
        {
            spec["template"] = template;
        }

        return workload;
    }
}
