using System.Diagnostics;
using System.Text.Json.Nodes;

using Caretta.Testing;

namespace Caretta.Chart.Tests.Support;

/// <summary>The real helm.</summary>
internal static class Helm
{
    /// <summary>The Kubernetes that charts are rendered for unless a test says otherwise.</summary>
    public const string KubeVersion = "1.34.0";

    /// <summary>The chart of this repository.</summary>
    public static string Chart { get; } = Path.Combine(Repository.Root, "charts", "caretta");

    /// <summary>Runs it to its end.</summary>
    /// <returns>Exit code, and what it wrote to standard output and standard error.</returns>
    public static async Task<(int Code, string Output, string Error)> RunAsync(CancellationToken cancellation, params string[] arguments)
    {
        using var home = new TemporaryDirectory();
        var start = new ProcessStartInfo(ChartTools.Find("helm"), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string variable in (string[])["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"])
        {
            start.Environment[variable] = home[variable];
        }

        using Process helm = Process.Start(start)!;
        Task<string> output = helm.StandardOutput.ReadToEndAsync(cancellation);
        Task<string> error = helm.StandardError.ReadToEndAsync(cancellation);
        await helm.WaitForExitAsync(cancellation);
        return (helm.ExitCode, await output, await error);
    }

    /// <summary>Runs it to its end, which must be a good one.</summary>
    /// <returns>What it wrote to standard output.</returns>
    /// <exception cref="InvalidOperationException">It failed; the message has what it said.</exception>
    public static async Task<string> ExpectAsync(CancellationToken cancellation, params string[] arguments)
    {
        (int code, string output, string error) = await RunAsync(cancellation, arguments);
        return code == 0 ? output : throw new InvalidOperationException($"helm {string.Join(' ', arguments)}: {error}{output}");
    }

    /// <summary>Renders the chart as release and namespace <c>caretta</c>.</summary>
    /// <param name="cancellation">Ends the wait.</param>
    /// <param name="options">Of helm, say <c>--set</c> and its argument; a <c>--kube-version</c> among them wins.</param>
    /// <returns>The manifests.</returns>
    public static async Task<IReadOnlyList<JsonObject>> TemplateAsync(CancellationToken cancellation, params string[] options)
    {
        string[] version = options.Contains("--kube-version") ? [] : ["--kube-version", KubeVersion];
        string output = await ExpectAsync(cancellation, ["template", "caretta", Chart, "--namespace", "caretta", .. version, .. options]);
        return [.. Yaml.ParseAll(output).OfType<JsonObject>()];
    }

    /// <summary>Renders the chart with values as YAML.</summary>
    public static async Task<IReadOnlyList<JsonObject>> TemplateWithAsync(string values, CancellationToken cancellation, params string[] options)
    {
        using var files = new TemporaryDirectory();
        await File.WriteAllTextAsync(files["values.yaml"], values, cancellation);
        return await TemplateAsync(cancellation, ["--values", files["values.yaml"], .. options]);
    }

    /// <summary>The one manifest of a kind and name.</summary>
    public static JsonObject Get(this IReadOnlyList<JsonObject> manifests, string kind, string name) =>
        manifests.SingleOrDefault(one => (string?)one["kind"] == kind && (string?)one["metadata"]!["name"] == name)
            ?? throw new KeyNotFoundException(
                $"no {kind} {name}; there are {string.Join(", ", manifests.Select(static one => $"{one["kind"]} {one["metadata"]!["name"]}"))}");

    /// <summary>What a path of members and indexes leads to; null where it ends early.</summary>
    /// <param name="node">Where it begins.</param>
    /// <param name="path">Say <c>spec/template/spec/containers/0/image</c>; <c>~1</c> stands for a slash (RFC 6901).</param>
    public static JsonNode? At(this JsonNode? node, string path)
    {
        foreach (string step in path.Split('/'))
        {
            string name = step.Replace("~1", "/", StringComparison.Ordinal);
            node = node switch
            {
                JsonObject map => map[name],
                JsonArray list when int.TryParse(name, out int index) && index < list.Count => list[index],
                _ => null,
            };
        }

        return node;
    }
}
