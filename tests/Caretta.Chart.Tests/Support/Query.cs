using System.Globalization;
using System.Text.Json.Nodes;

namespace Caretta.Chart.Tests.Support;

/// <summary>Asks a Prometheus or VictoriaMetrics, as Grafana does.</summary>
internal static class Query
{
    private static readonly HttpClient Http = new();

    /// <summary>Evaluates now.</summary>
    /// <returns>Members <c>metric</c> and <c>value</c> of each series.</returns>
    /// <exception cref="InvalidOperationException">The query was refused; the message says why.</exception>
    public static async Task<IReadOnlyList<JsonObject>> InstantAsync(Uri server, string expression, CancellationToken cancellation)
    {
        using var form = new FormUrlEncodedContent([new("query", expression)]);
        using HttpResponseMessage answer = await Http.PostAsync(new Uri(server, "api/v1/query"), form, cancellation);
        return Series(await answer.Content.ReadAsStringAsync(cancellation), expression);
    }

    /// <summary>Evaluates over the last minute.</summary>
    /// <returns>Members <c>metric</c> and <c>values</c> of each series.</returns>
    /// <exception cref="InvalidOperationException">The query was refused; the message says why.</exception>
    public static async Task<IReadOnlyList<JsonObject>> RangeAsync(Uri server, string expression, CancellationToken cancellation)
    {
        double now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
        using var form = new FormUrlEncodedContent([
            new("query", expression), new("start", Text(now - 60)), new("end", Text(now)), new("step", "5")]);
        using HttpResponseMessage answer = await Http.PostAsync(new Uri(server, "api/v1/query_range"), form, cancellation);
        return Series(await answer.Content.ReadAsStringAsync(cancellation), expression);
    }

    /// <summary>The targets that are scraped: members <c>labels</c>, <c>health</c> and more.</summary>
    public static async Task<IReadOnlyList<JsonObject>> TargetsAsync(Uri server, CancellationToken cancellation)
    {
        JsonNode answer = JsonNode.Parse(await Http.GetStringAsync(new Uri(server, "api/v1/targets?state=active"), cancellation))!;
        return [.. answer.At("data/activeTargets")!.AsArray().Select(static one => one!.AsObject())];
    }

    private static List<JsonObject> Series(string text, string expression)
    {
        JsonNode? answer = text.StartsWith('{') ? JsonNode.Parse(text) : null;
        return (string?)answer?["status"] == "success"
            ? [.. answer.At("data/result")!.AsArray().Select(static one => one!.AsObject())]
            : throw new InvalidOperationException($"{expression}: {text}");
    }

    private static string Text(double seconds) => seconds.ToString("F3", CultureInfo.InvariantCulture);
}
