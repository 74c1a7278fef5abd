using System.Globalization;

namespace Caretta.Aot.Tests.Kubernetes;

/// <summary>Objects as an API server writes them, made up.</summary>
internal static class Samples
{
    public static string Uid(int number) => string.Create(CultureInfo.InvariantCulture, $"{number:x8}-0000-4000-8000-{number:x12}");

    public static string Pod(int number, int version = 1, string extraMetadata = "", string? address = null) => $$$"""
        {"metadata":{"name":"pod-{{{number}}}","namespace":"shop","uid":"{{{Uid(number)}}}","resourceVersion":"{{{version}}}","creationTimestamp":"2024-05-06T07:08:09Z"{{{extraMetadata}}}},"spec":{"nodeName":"node-1"},"status":{"phase":"Running","podIP":"{{{address ?? Address(number)}}}"}}
        """;

    public static string List(string items, string version = "100", string next = "") =>
        $$$"""{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"{{{version}}}","continue":"{{{next}}}"},"items":[{{{items}}}]}""";

    public static string Event(string type, string item) => $$$"""{"type":"{{{type}}}","object":{{{item}}}}""" + "\n";

    private const string EndAnnotation = ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}";

    public static string Bookmark(int version, bool end = false) => Event(
        "BOOKMARK",
        $$$"""{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"{{{version}}}","creationTimestamp":null{{{(end ? EndAnnotation : "")}}}},"spec":{"containers":null},"status":{}}""");

    public static string Gone => Event("ERROR", """{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version","reason":"Expired","code":410}""");

    /// <summary>A pod with everything a kubelet and its controllers leave in it: about 6 KB.</summary>
    public static string FullPod(int number)
    {
        string env = string.Join(',', Enumerable.Range(0, 20).Select(i => $$$"""{"name":"SETTING_{{{i}}}","value":"value of the setting {{{i}}} of pod {{{number}}}"}"""));
        string fields = string.Join(',', Enumerable.Range(0, 60).Select(i => $$$"""
            "f:field{{{i}}}":{"f:inner":{},"f:other":{".":{} } }
            """));
        return $$$"""
            {"metadata":{"name":"workload-{{{number / 3}}}-7d4b9c6f5d-{{{number:x5}}}","generateName":"workload-{{{number / 3}}}-7d4b9c6f5d-","namespace":"namespace-{{{number % 50}}}","uid":"{{{Uid(number)}}}","resourceVersion":"{{{1000 + number}}}","creationTimestamp":"2024-05-06T07:08:09Z","labels":{"app":"workload-{{{number / 3}}}","pod-template-hash":"7d4b9c6f5d"},"annotations":{"example.com/checksum":"{{{new string('c', 64)}}}","example.com/text":"line\nanother \"line\""},"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"workload-{{{number / 3}}}-7d4b9c6f5d","uid":"{{{Uid(1_000_000 + (number / 3))}}}","controller":true,"blockOwnerDeletion":true}],"managedFields":[{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2024-05-06T07:08:09Z","fieldsType":"FieldsV1","fieldsV1":{ {{{fields}}} }}]},"spec":{"volumes":[{"name":"token","projected":{"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}}],"defaultMode":420}}],"containers":[{"name":"main","image":"registry.example.com/team/workload:1.2.3","ports":[{"containerPort":8080,"protocol":"TCP"}],"env":[{{{env}}}],"resources":{"limits":{"cpu":"1","memory":"512Mi"}},"livenessProbe":{"httpGet":{"path":"/healthz","port":8080,"scheme":"HTTP"},"periodSeconds":10}}],"restartPolicy":"Always","nodeName":"node-{{{number % 500}}}","tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}]},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True","lastProbeTime":null,"lastTransitionTime":"2024-05-06T07:08:19Z"}],"hostIP":"192.168.{{{number % 500 / 250}}}.{{{number % 250}}}","podIP":"10.{{{number >> 16 & 255}}}.{{{number >> 8 & 255}}}.{{{number & 255}}}","podIPs":[{"ip":"10.{{{number >> 16 & 255}}}.{{{number >> 8 & 255}}}.{{{number & 255}}}"}],"startTime":"2024-05-06T07:08:09Z","containerStatuses":[{"name":"main","state":{"running":{"startedAt":"2024-05-06T07:08:10Z"}},"ready":true,"restartCount":0,"image":"registry.example.com/team/workload:1.2.3","containerID":"containerd://{{{new string('d', 64)}}}"}],"qosClass":"Burstable"}}
            """;
    }

    private static string Address(int number) => $"10.0.{number / 250}.{(number % 250) + 1}";
}
