using System.Text.Json.Nodes;

using Caretta.Testing;

namespace Caretta.Chart.Tests.Support;

/// <summary>
/// The first container of a pod, run as a kubelet and its runtime run it: the image's root and configuration, and of the pod's
/// specification the capabilities, privileges, seccomp profile, mounts, namespaces, environment and hosts. What the specification says
/// and this does not know makes it fail. Needs root and runc.
/// </summary>
internal sealed class PodContainer : ChildProcess
{
    private const string AccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

    private static readonly HashSet<string> KnownPodFields =
    [
        "affinity", "automountServiceAccountToken", "containers", "dnsPolicy", "enableServiceLinks", "hostPID", "nodeName", "preemptionPolicy", "priority",
        "restartPolicy", "schedulerName", "securityContext", "serviceAccount", "serviceAccountName", "terminationGracePeriodSeconds", "tolerations", "volumes",
    ];

    private static readonly HashSet<string> KnownContainerFields =
    [
        "env", "image", "imagePullPolicy", "livenessProbe", "name", "ports", "readinessProbe", "resources", "securityContext",
        "terminationMessagePath", "terminationMessagePolicy", "volumeMounts",
    ];

    private readonly TemporaryDirectory _files;
    private readonly string _id;

    private PodContainer(TemporaryDirectory files, string id)
        : base("runc", ["--root", files["state"], "run", "--bundle", files["."], id])
    {
        _files = files;
        _id = id;
    }

    /// <summary>Starts it.</summary>
    /// <param name="pod">As the API server has it.</param>
    /// <param name="account">Of the pod.</param>
    /// <param name="networkPath">Of the pod's network namespace.</param>
    /// <param name="hosts">Lines for <c>/etc/hosts</c>, which a kubelet writes for every pod.</param>
    /// <param name="arguments">After the image's entry point.</param>
    public static PodContainer Start(JsonObject pod, PodAccount account, string networkPath, string hosts, params string[] arguments)
    {
        var files = new TemporaryDirectory();
        File.WriteAllText(files["hosts"], "127.0.0.1 localhost\n" + hosts);
        File.WriteAllText(files["resolv.conf"], "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");

        // A copy, for the runtime makes mount points in it.
        Command.Run("cp", "-a", AgentImage.Root, files["rootfs"]);
        File.WriteAllText(files["config.json"], Describe(pod, account, networkPath, files, arguments).ToJsonString());
        return new PodContainer(files, $"caretta-{Guid.NewGuid():N}");
    }

    /// <summary>Runs another program of the image in it, as <c>kubectl exec</c> does.</summary>
    /// <returns>Its exit code and what it wrote.</returns>
    public async Task<(int Code, string Output)> ExecuteAsync(CancellationToken cancellation, params string[] command)
    {
        await using var process = new ChildProcess("runc", ["--root", _files["state"], "exec", _id, .. command]);
        int code = await process.WaitAsync(cancellation);
        return (code, process.Log);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await using (var delete = new ChildProcess("runc", ["--root", _files["state"], "delete", "--force", _id]))
        {
            await delete.WaitAsync(CancellationToken.None);
        }

        _files.Dispose();
        GC.SuppressFinalize(this);
    }

    private static JsonObject Describe(JsonObject pod, PodAccount account, string networkPath, TemporaryDirectory files, string[] arguments)
    {
        JsonObject spec = pod["spec"]!.AsObject();
        JsonObject container = spec["containers"]![0]!.AsObject();
        Expect(spec, KnownPodFields);
        Expect(container, KnownContainerFields);
        JsonObject image = AgentImage.Configuration;
        JsonNode security = container["securityContext"]!;
        string[] capabilities = [.. security.At("capabilities/add")!.AsArray().Select(static name => "CAP_" + name)];
        bool dropsAll = security.At("capabilities/drop")?.ToJsonString() == """["ALL"]""";
        if (!dropsAll || (bool?)security["privileged"] == true)
        {
            throw new NotSupportedException("only what drops all capabilities and names those it wants");
        }

        return new JsonObject
        {
            ["ociVersion"] = "1.0.2",
            ["hostname"] = (string)pod["metadata"]!["name"]!,
            ["root"] = new JsonObject { ["path"] = "rootfs", ["readonly"] = (bool?)security["readOnlyRootFilesystem"] == true },
            ["process"] = new JsonObject
            {
                ["cwd"] = "/",
                ["user"] = new JsonObject { ["uid"] = Number(security["runAsUser"]), ["gid"] = Number(security["runAsGroup"]) },
                ["args"] = new JsonArray([.. image["Entrypoint"]!.AsArray().Select(static word => (JsonNode)(string)word!), .. arguments.Select(static word => (JsonNode)word)]),
                ["env"] = new JsonArray([.. Environment(image, spec, container).Select(static pair => (JsonNode)pair)]),
                ["noNewPrivileges"] = (bool?)security["allowPrivilegeEscalation"] == false,
                ["capabilities"] = new JsonObject
                {
                    ["bounding"] = Words(capabilities),
                    ["effective"] = Words(capabilities),
                    ["permitted"] = Words(capabilities),
                },
            },
            ["mounts"] = Mounts(spec, container, account, files),
            ["linux"] = new JsonObject
            {
                ["namespaces"] = Namespaces(spec, networkPath),
                ["seccomp"] = (string?)security.At("seccompProfile/type") == "RuntimeDefault" ? Seccomp.RuntimeDefault(capabilities) : null,
                ["maskedPaths"] = Words("/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
                    "/proc/sched_debug", "/proc/scsi", "/sys/firmware"),
                ["readonlyPaths"] = Words("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"),
            },
        };
    }

    private static void Expect(JsonObject map, HashSet<string> known)
    {
        string[] unknown = [.. map.Select(static member => member.Key).Where(name => !known.Contains(name))];
        if (unknown.Length > 0)
        {
            throw new NotSupportedException($"the pod says what this does not do: {string.Join(", ", unknown)}");
        }
    }

    private static IEnumerable<string> Environment(JsonObject image, JsonObject spec, JsonObject container)
    {
        foreach (JsonNode? pair in image["Env"]?.AsArray() ?? [])
        {
            yield return (string)pair!;
        }

        // As every container has them.
        yield return $"KUBERNETES_SERVICE_HOST={PodNetwork.ApiServerAddress}";
        yield return "KUBERNETES_SERVICE_PORT=443";
        foreach (JsonNode? variable in container["env"]?.AsArray() ?? [])
        {
            string? field = (string?)variable.At("valueFrom/fieldRef/fieldPath");
            string value = field switch
            {
                null => (string)variable!["value"]!,
                "spec.nodeName" => (string)spec["nodeName"]!,
                _ => throw new NotSupportedException(field),
            };
            yield return $"{variable!["name"]}={value}";
        }
    }

    private static JsonArray Mounts(JsonObject spec, JsonObject container, PodAccount account, TemporaryDirectory files)
    {
        JsonArray mounts =
        [
            Mount("/proc", "proc", "proc"),
            Mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
            Mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
            Mount("/etc/hosts", "bind", files["hosts"], "rbind"),
            Mount("/etc/resolv.conf", "bind", files["resolv.conf"], "rbind"),
            Mount(AccountFolder, "bind", account.Directory, "rbind", "ro"),
        ];
        foreach (JsonNode? mount in container["volumeMounts"]?.AsArray() ?? [])
        {
            JsonNode volume = spec["volumes"]!.AsArray().Single(one => (string?)one!["name"] == (string?)mount!["name"])!;
            string source = (string?)volume.At("hostPath/path") ?? throw new NotSupportedException(volume.ToJsonString());
            mounts.Add(Mount((string)mount!["mountPath"]!, "bind", source, "rbind", (bool?)mount["readOnly"] == true ? "ro" : "rw"));
        }

        return mounts;
    }

    private static JsonArray Namespaces(JsonObject spec, string networkPath)
    {
        JsonArray namespaces =
        [
            new JsonObject { ["type"] = "mount" },
            new JsonObject { ["type"] = "ipc" },
            new JsonObject { ["type"] = "uts" },
            new JsonObject { ["type"] = "network", ["path"] = networkPath },
        ];
        if ((bool?)spec["hostPID"] != true)
        {
            namespaces.Add(new JsonObject { ["type"] = "pid" });
        }

        return namespaces;
    }

    private static JsonObject Mount(string destination, string type, string source, params string[] options) => new()
    {
        ["destination"] = destination,
        ["type"] = type,
        ["source"] = source,
        ["options"] = Words(options),
    };

    private static long Number(JsonNode? node) => long.Parse(node?.ToJsonString() ?? "0", System.Globalization.CultureInfo.InvariantCulture);

    private static JsonArray Words(params string[] words) => [.. words.Select(static word => (JsonNode)word)];
}
