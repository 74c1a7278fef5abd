using System.Text.Json.Nodes;

using Caretta.Chart.Tests.Support;
using Caretta.Testing;

using Xunit;

namespace Caretta.Chart.Tests;

/// <summary>Each value has its effect, under the names that existing installs set.</summary>
public sealed class ValuesTests
{
    private const string Agent = "spec/template/spec/containers/0/";

    private static readonly string ValuesFolder = Path.Combine(Repository.Root, "tests", "Caretta.Chart.Tests", "Values");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_names_that_others_look_up_are_there()
    {
        IReadOnlyList<JsonObject> manifests = await Helm.TemplateAsync(Cancellation);

        JsonObject daemonSet = manifests.Get("DaemonSet", "caretta");
        JsonObject labels = daemonSet.At("spec/template/metadata/labels")!.AsObject();
        Assert.Equal("caretta", (string?)labels["app"]);
        Assert.Equal("caretta", (string?)labels["app.kubernetes.io/name"]);
        Assert.Equal(Version(), (string?)labels["app.kubernetes.io/version"]);
        Assert.Equal("prom-metrics", (string?)daemonSet.At(Agent + "ports/0/name"));
        Assert.Equal(7117, (long?)daemonSet.At(Agent + "ports/0/containerPort"));
        Assert.Equal(8428, (long?)manifests.Get("Service", "caretta-vm").At("spec/ports/0/port"));
        Assert.Equal(3000, (long?)manifests.Get("Service", "caretta-grafana").At("spec/ports/0/port"));
        Assert.Equal(3000, (long?)manifests.Get("Deployment", "caretta-grafana").At(Agent + "ports/0/containerPort"));
        Assert.NotNull(manifests.Get("ConfigMap", "caretta-grafana-dashboards").At("data/dashboard.json"));

        JsonObject secret = manifests.Get("Secret", "caretta-grafana");
        Assert.Equal("admin", Decode(secret.At("data/admin-user")));
        Assert.Equal("caretta", Decode(secret.At("data/admin-password")));
        string ini = (string)manifests.Get("ConfigMap", "caretta-grafana").At("data/grafana.ini")!;
        Assert.Contains("[auth.anonymous]\nenabled = true\norg_role = Viewer\n", ini, StringComparison.Ordinal);
        Assert.Contains("default_home_dashboard_path = /var/lib/grafana/dashboards/default/dashboard.json", ini, StringComparison.Ordinal);

        JsonNode job = Yaml.Parse((string)manifests.Get("ConfigMap", "caretta-vm-scrapeconfig").At("data/scrape.yml")!)!["scrape_configs"]![0]!;
        Assert.Equal("caretta", (string?)job["job_name"]);
        Assert.Equal(["caretta_node", "caretta_pod"], job["relabel_configs"]!.AsArray()
            .Select(static one => (string?)one!["target_label"]).Where(static name => name?.StartsWith("caretta", StringComparison.Ordinal) == true).Order());
    }

    [Fact]
    public async Task The_agent_runs_with_three_capabilities_and_nothing_writable()
    {
        JsonNode pod = (await Helm.TemplateAsync(Cancellation)).Get("DaemonSet", "caretta").At("spec/template/spec")!;

        JsonNode security = pod.At("containers/0/securityContext")!;
        Assert.Null(security["privileged"]);
        Assert.Equal("""["ALL"]""", security.At("capabilities/drop")!.ToJsonString());
        Assert.Equal("""["BPF","NET_ADMIN","PERFMON"]""", security.At("capabilities/add")!.ToJsonString());
        Assert.True((bool)security["readOnlyRootFilesystem"]!);
        Assert.False((bool)security["allowPrivilegeEscalation"]!);
        Assert.Equal("RuntimeDefault", (string?)security.At("seccompProfile/type"));
        Assert.Null(pod["hostNetwork"]);
        Assert.Null(pod["hostIPC"]);
        Assert.Equal("""[{"name":"cgroup","hostPath":{"path":"/sys/fs/cgroup","type":"Directory"}}]""", pod["volumes"]!.ToJsonString());
        Assert.Equal("""[{"name":"cgroup","mountPath":"/sys/fs/cgroup","readOnly":true}]""", pod.At("containers/0/volumeMounts")!.ToJsonString());
        Assert.Equal("/healthz", (string?)pod.At("containers/0/livenessProbe/httpGet/path"));
        Assert.Equal("/readyz", (string?)pod.At("containers/0/readinessProbe/httpGet/path"));
    }

    [Theory]
    [InlineData("1.27.9", "", "Unconfined")]
    [InlineData("1.28.0", "", "RuntimeDefault")]
    [InlineData("1.34.0", "security.openshift.io/v1", "Unconfined")]
    public async Task Seccomp_is_on_where_runtimes_let_BPF_through(string version, string api, string expected)
    {
        string[] apis = api.Length > 0 ? ["--api-versions", api] : [];
        IReadOnlyList<JsonObject> manifests = await Helm.TemplateAsync(Cancellation, ["--kube-version", version, .. apis]);

        Assert.Equal(expected, (string?)manifests.Get("DaemonSet", "caretta").At(Agent + "securityContext/seccompProfile/type"));
        Assert.Equal(api.Length > 0, manifests.Any(static one => (string?)one["kind"] == "SecurityContextConstraints"));
    }

    [Fact]
    public async Task The_originals_values_have_their_effect()
    {
        IReadOnlyList<JsonObject> manifests = await Helm.TemplateAsync(
            Cancellation, "--values", Path.Combine(ValuesFolder, "original.yaml"), "--api-versions", "security.openshift.io/v1");

        JsonObject daemonSet = manifests.Get("DaemonSet", "loggerhead");
        JsonNode pod = daemonSet.At("spec/template/spec")!;
        Dictionary<string, string> environment = Environment(pod);
        Assert.Equal("false", environment["RESOLVE_DNS"]);
        Assert.Equal("7200", environment["PROMETHEUS_PORT"]);
        Assert.Equal(7200, (long?)pod.At("containers/0/ports/0/containerPort"));
        Assert.Equal("/stats", environment["PROMETHEUS_ENDPOINT"]);
        Assert.Equal("/stats", (string?)daemonSet.At("spec/template/metadata/annotations/prometheus.io~1path"));
        Assert.Equal("15", environment["POLL_INTERVAL"]);
        Assert.Equal("false", environment["TRAVERSE_UP_HIERARCHY"]);
        Assert.DoesNotContain(manifests, static one => (string?)one["kind"] == "SecurityContextConstraints");
        Assert.Equal("registry.example.com/mirror/caretta:v9.9.9", (string?)pod.At("containers/0/image"));
        Assert.Equal("Never", (string?)pod.At("containers/0/imagePullPolicy"));
        Assert.Equal("""[{"name":"registry-key"}]""", pod["imagePullSecrets"]!.ToJsonString());
        Assert.Equal("turtle", (string?)daemonSet.At("spec/selector/matchLabels/app.kubernetes.io~1name"));
        Assert.NotNull(manifests.Get("ClusterRole", "loggerhead"));
        Assert.Equal("300Mi", (string?)pod.At("containers/0/resources/limits/memory"));
        Assert.Equal("network", (string?)manifests.Get("ServiceAccount", "links").At("metadata/annotations/example.com~1team"));
        Assert.Equal("links", (string?)pod["serviceAccountName"]);
        Assert.Equal("links", (string?)manifests.Get("ClusterRoleBinding", "loggerhead").At("subjects/0/name"));
        Assert.Equal("someone", (string?)daemonSet.At("spec/template/metadata/annotations/example.com~1owner"));
        Assert.Equal(2000, (long?)pod.At("securityContext/fsGroup"));
        Assert.True((bool)pod.At("containers/0/securityContext/privileged")!);
        Assert.False((bool)pod.At("containers/0/securityContext/readOnlyRootFilesystem")!);
        Assert.Null(pod.At("containers/0/securityContext/allowPrivilegeEscalation"));
        Assert.Equal("""[{"operator":"Exists"}]""", pod["tolerations"]!.ToJsonString());
        Assert.Equal("linux", (string?)pod.At("nodeSelector/kubernetes.io~1os"));
        Assert.NotNull(pod.At("affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution"));
        Assert.Equal("system-node-critical", (string?)pod["priorityClassName"]);

        JsonObject monitor = manifests.Get("PodMonitor", "loggerhead-podmonitor");
        Assert.Equal("monitoring", (string?)monitor.At("metadata/namespace"));
        Assert.Equal("yes", (string?)monitor.At("metadata/annotations/example.com~1monitor"));
        Assert.Equal("prometheus", (string?)monitor.At("metadata/labels/release"));
        Assert.Equal("""["caretta"]""", monitor.At("spec/namespaceSelector/matchNames")!.ToJsonString());
        JsonNode endpoint = monitor.At("spec/podMetricsEndpoints/0")!;
        Assert.Equal("prom-metrics", (string?)endpoint["port"]);
        Assert.Equal("/stats", (string?)endpoint["path"]);
        Assert.False((bool)endpoint["honorLabels"]!);
        Assert.Equal("30s", (string?)endpoint["interval"]);
        Assert.Equal("20s", (string?)endpoint["scrapeTimeout"]);
        Assert.Equal(["caretta_pod", "caretta_node"], endpoint["relabelings"]!.AsArray().Select(static one => (string?)one!["targetLabel"]));

        JsonObject server = manifests.Get("StatefulSet", "links-vm");
        Assert.Equal("32Gi", (string?)server.At("spec/volumeClaimTemplates/0/spec/resources/requests/storage"));
        Assert.NotNull(manifests.Get("Service", "links-vm"));
        JsonNode scrape = Yaml.Parse((string)manifests.Get("ConfigMap", "links-vm-scrapeconfig").At("data/scrape.yml")!)!;
        Assert.Equal("60s", (string?)scrape.At("global/scrape_interval"));
        Assert.Equal("elsewhere", (string?)scrape.At("scrape_configs/0/job_name"));

        Assert.Equal("boss", Decode(manifests.Get("Secret", "caretta-grafana").At("data/admin-user")));
        Assert.Equal("secret", Decode(manifests.Get("Secret", "caretta-grafana").At("data/admin-password")));
        JsonObject config = manifests.Get("ConfigMap", "caretta-grafana");
        Assert.Equal("http://links-vm:8428", (string?)Yaml.Parse((string)config.At("data/datasources.yaml")!).At("datasources/0/url"));
        Assert.Equal("maps", (string?)Yaml.Parse((string)config.At("data/dashboardproviders.yaml")!).At("providers/0/folder"));
        Assert.Contains("[auth.anonymous]\nenabled = false\n", (string)config.At("data/grafana.ini")!, StringComparison.Ordinal);
        Assert.Contains("default/links.json", (string)config.At("data/grafana.ini")!, StringComparison.Ordinal);
        Assert.Equal("2", (string?)manifests.Get("ConfigMap", "caretta-grafana-dashboards").At("metadata/labels/my_dashboard"));
    }

    [Fact]
    public async Task Our_own_values_have_their_effect()
    {
        IReadOnlyList<JsonObject> manifests = await Helm.TemplateAsync(
            Cancellation, "--values", Path.Combine(ValuesFolder, "all.yaml"), "--api-versions", "security.openshift.io/v1");

        JsonObject daemonSet = manifests.Get("DaemonSet", "caretta");
        JsonNode pod = daemonSet.At("spec/template/spec")!;
        Dictionary<string, string> environment = Environment(pod);
        Assert.Equal("workload", environment["SERVICE_AS"]);
        Assert.Equal("500", environment["MAX_LINKS"]);
        Assert.Equal("0", environment["LINK_TTL"]);
        Assert.Equal("caretta_links_observed,caretta_link_received_bytes_total", environment["LINK_METRICS"]);
        Assert.Equal("false", environment["MAP"]);
        Assert.Equal("https://metrics.example.com/select/0", environment["PROMETHEUS_URL"]);
        Assert.Equal("UTC", environment["TZ"]);
        Assert.StartsWith("localhost/caretta@sha256:0123", (string?)pod.At("containers/0/image"), StringComparison.Ordinal);
        string rules = manifests.Get("ClusterRole", "caretta")["rules"]!.ToJsonString();
        Assert.Contains("""{"apiGroups":["discovery.k8s.io"],"resources":["endpointslices"],"verbs":["list","watch"]}""", rules, StringComparison.Ordinal);
        Assert.Contains("""{"apiGroups":["argoproj.io"],"resources":["rollouts"],"verbs":["get"]}""", rules, StringComparison.Ordinal);
        Assert.Equal("""["NET_ADMIN","SYS_ADMIN","SYS_RESOURCE"]""", pod.At("containers/0/securityContext/capabilities/add")!.ToJsonString());
        Assert.Equal("/sys/kernel/debug", (string?)pod.At("volumes/1/hostPath/path"));
        Assert.True((bool)pod.At("containers/0/volumeMounts/1/readOnly")!);
        Assert.Equal("caretta.json", (string?)pod.At("containers/0/securityContext/seccompProfile/localhostProfile"));
        Assert.Equal("agents", (string?)daemonSet.At("spec/template/metadata/labels/example.com~1tier"));
        Assert.Equal("""{"type":"OnDelete"}""", daemonSet.At("spec/updateStrategy")!.ToJsonString());
        Assert.Equal(33, (long?)pod.At("containers/0/livenessProbe/periodSeconds"));
        Assert.Equal(44, (long?)pod.At("containers/0/readinessProbe/periodSeconds"));
        JsonObject constraints = manifests.Get("SecurityContextConstraints", "caretta");
        Assert.Equal("""["NET_ADMIN","SYS_ADMIN","SYS_RESOURCE"]""", constraints["allowedCapabilities"]!.ToJsonString());
        Assert.Equal("""["system:serviceaccount:caretta:caretta"]""", constraints["users"]!.ToJsonString());
        Assert.Equal("None", (string?)manifests.Get("Service", "caretta-agents").At("spec/clusterIP"));
        Assert.Equal("15s", (string?)manifests.Get("ServiceMonitor", "caretta-servicemonitor").At("spec/endpoints/0/interval"));
        JsonObject dashboards = manifests.Get("ConfigMap", "caretta-grafana-dashboards");
        Assert.Equal("yes", (string?)dashboards.At("metadata/labels/example.com~1dashboards"));
        Assert.Equal("Network", (string?)dashboards.At("metadata/annotations/grafana_folder"));

        JsonObject server = manifests.Get("StatefulSet", "caretta-vm");
        Assert.NotNull(manifests.Get("ClusterRoleBinding", "caretta-vm"));
        string arguments = server.At(Agent + "args")!.ToJsonString();
        Assert.Contains("--retentionPeriod=30d", arguments, StringComparison.Ordinal);
        Assert.Contains("--search.latencyOffset=1s", arguments, StringComparison.Ordinal);
        Assert.Contains(server.At("spec/template/spec/volumes")!.AsArray(), static one => (string?)one.At("persistentVolumeClaim/claimName") == "mine");
        Assert.Null(server.At("spec/volumeClaimTemplates"));
        Assert.Null(server.At("spec/template/spec/securityContext"));
        Assert.Equal(9428, (long?)manifests.Get("Service", "caretta-vm").At("spec/ports/0/port"));

        Assert.DoesNotContain(manifests, static one => (string?)one["kind"] == "Secret");
        JsonObject grafana = manifests.Get("Deployment", "caretta-grafana");
        Assert.Equal("grafana-admin", (string?)grafana.At(Agent + "env/0/valueFrom/secretKeyRef/name"));
        Assert.Equal("NodePort", (string?)manifests.Get("Service", "caretta-grafana").At("spec/type"));
        Assert.Equal("2Gi", (string?)manifests.Get("PersistentVolumeClaim", "caretta-grafana").At("spec/resources/requests/storage"));
        Assert.Contains(grafana.At(Agent + "env")!.AsArray(), static one => (string?)one!["name"] == "GF_LOG_LEVEL");
    }

    /// <summary>Endpoint slices are read for network policies, and watched only where services are shown as workloads.</summary>
    [Theory]
    [InlineData("map.enabled=true", """["list"]""")]
    [InlineData("map.enabled=false", null)]
    [InlineData("map.enabled=false,serviceAs=workload", """["list","watch"]""")]
    public async Task Endpoint_slices_are_read_where_they_are_needed(string values, string? verbs)
    {
        IReadOnlyList<JsonObject> manifests = await Helm.TemplateAsync(Cancellation, "--set", values);
        JsonNode? rule = manifests.Get("ClusterRole", "caretta")["rules"]!.AsArray()
            .SingleOrDefault(static one => (string?)one!["resources"]![0] == "endpointslices");
        Assert.Equal(verbs, rule?["verbs"]!.ToJsonString());
    }

    [Fact]
    public async Task What_is_switched_off_is_not_there()
    {
        IReadOnlyList<JsonObject> manifests = await Helm.TemplateWithAsync(
            """
            victoria-metrics-single: {enabled: false}
            grafana: {enabled: false, sidecar: {dashboards: {enabled: true}}}
            rbac: {create: false}
            serviceAccount: {create: false, name: mine}
            """,
            Cancellation);

        Assert.Equal(["ConfigMap caretta-grafana-dashboards", "DaemonSet caretta"], manifests.Select(static one => $"{one["kind"]} {one["metadata"]!["name"]}").Order());
        Assert.Equal("1", (string?)manifests.Get("ConfigMap", "caretta-grafana-dashboards").At("metadata/labels/grafana_dashboard"));
        Assert.Equal("mine", (string?)manifests.Get("DaemonSet", "caretta").At("spec/template/spec/serviceAccountName"));
    }

    [Fact]
    public void The_charts_agent_is_the_one_of_this_checkout()
    {
        JsonNode chart = Yaml.Parse(File.ReadAllText(Path.Combine(Helm.Chart, "Chart.yaml")))!;

        Assert.Equal(Version(), (string?)chart["appVersion"]);
    }

    private static string Version() =>
        System.Xml.Linq.XDocument.Load(Path.Combine(Repository.Root, "Directory.Build.props")).Descendants("Version").Single().Value;

    private static Dictionary<string, string> Environment(JsonNode pod) => pod.At("containers/0/env")!.AsArray()
        .Where(static one => one!["value"] is not null).ToDictionary(static one => (string)one!["name"]!, static one => (string)one!["value"]!);

    private static string Decode(JsonNode? data) => System.Text.Encoding.UTF8.GetString(Convert.FromBase64String((string)data!));
}
