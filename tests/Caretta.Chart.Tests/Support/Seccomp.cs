using System.Text.Json.Nodes;

namespace Caretta.Chart.Tests.Support;

/// <summary>The profile that runtimes call RuntimeDefault, from its usual source (containers/common), as the runtime applies it.</summary>
internal static class Seccomp
{
    /// <summary>The rules that are in force for a container with these capabilities (OCI runtime specification, <c>linux.seccomp</c>).</summary>
    public static JsonObject RuntimeDefault(IReadOnlyCollection<string> capabilities)
    {
        JsonObject profile = JsonNode.Parse(File.ReadAllText(ChartTools.Find("seccomp.json")))!.AsObject();
        var rules = new JsonArray();
        foreach (JsonNode? rule in profile["syscalls"]!.AsArray())
        {
            if (!IsInForce(rule!, capabilities))
            {
                continue;
            }

            var kept = new JsonObject();
            foreach (string member in (string[])["names", "action", "errnoRet", "args"])
            {
                if (rule![member] is { } value)
                {
                    kept[member] = value.DeepClone();
                }
            }

            rules.Add(kept);
        }

        var result = new JsonObject
        {
            ["defaultAction"] = profile["defaultAction"]!.DeepClone(),
            ["architectures"] = new JsonArray("SCMP_ARCH_X86_64"),
            ["syscalls"] = rules,
        };
        if (profile["defaultErrnoRet"] is { } errno)
        {
            result["defaultErrnoRet"] = errno.DeepClone();
        }

        return result;
    }

    // A rule holds if all capabilities that it includes are there and none that it excludes; likewise for architectures.
    private static bool IsInForce(JsonNode rule, IReadOnlyCollection<string> capabilities) =>
        Words(rule, "includes/caps").All(capabilities.Contains)
        && !Words(rule, "excludes/caps").Any(capabilities.Contains)
        && (Words(rule, "includes/arches") is not { Count: > 0 } arches || arches.Contains("amd64"))
        && !Words(rule, "excludes/arches").Contains("amd64");

    private static List<string> Words(JsonNode rule, string path) =>
        [.. rule.At(path)?.AsArray().Select(static word => (string)word!) ?? []];
}
