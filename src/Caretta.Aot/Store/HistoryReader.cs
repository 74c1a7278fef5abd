using Caretta.Aot.Map;

namespace Caretta.Aot.Store;

/// <summary>Reads how links went over time.</summary>
internal sealed class HistoryReader(StoreConnection connection, StoreLimits limits)
{
    private const string ByLink =
        "client_name,client_namespace,client_kind,client_owner,server_name,server_namespace,server_kind,server_port";

    /// <summary>Points of the links that the question selects.</summary>
    /// <exception cref="MapException">No answer.</exception>
    public async Task<LinkHistory> ReadAsync(MapQuestion question, CancellationToken cancel)
    {
        double from = Math.Round(question.From!.Value, 3);
        double to = Math.Round(question.To!.Value, 3);

        double step = Math.Max(LinkHistory.MinStep, Math.Ceiling((to - from) / (LinkHistory.MaxPoints - 1)));
        int points = (int)Math.Floor((to - from) / step) + 1;
        var history = new LinkHistory(from, to, step, points);
        string links = Selector(question);
        await AskAsync(history.BytesToServer, Both("caretta_links_observed", "caretta_link_received_bytes_total")).ConfigureAwait(false);
        await AskAsync(history.BytesToClient, Both("caretta_link_received_bytes_total", "caretta_links_observed")).ConfigureAwait(false);
        await AskAsync(history.Opened, Both("caretta_link_connections_opened_total", "caretta_link_connections_opened_total")).ConfigureAwait(false);
        await AskAsync(history.Failed, Both("caretta_link_connections_failed_total", "caretta_link_connections_failed_total")).ConfigureAwait(false);
        history.FillFailed();
        return history;

        // What both ends counted, joined as in the map: the larger account of each link.
        string Both(string atClient, string atServer) =>
            $"sum(max by ({ByLink})({Grown(atClient, 1)} or {Grown(atServer, 2)}))";

        string Grown(string metric, int role) =>
            $"sum by ({PromQl.LinkLabels})({PromQl.Growth($"{metric}{{role=\"{role}\"{links}}}", step, PromQl.Lookback)})";

        Task AskAsync(double[] values, string query)
        {
            var series = new SeriesReader([], limits.MaxSeries, reader =>
            {
                foreach ((double time, double value) in reader.Points)
                {
                    int index = (int)Math.Round((time - from) / step);
                    if (index >= 0 && index < values.Length && double.IsFinite(value))
                    {
                        values[index] = value / step;
                    }
                }
            });
            return connection.QueryRangeAsync(query, from, from + ((points - 1) * step), step, series, cancel);
        }
    }

    private static string Selector(MapQuestion question)
    {
        string selector = "";
        if (question.Client is { } client)
        {
            selector += $",client_name={PromQl.Quote(client.Name)},client_namespace={PromQl.Quote(client.Namespace)}";
        }

        if (question.Server is { } server)
        {
            selector += $",server_name={PromQl.Quote(server.Name)},server_namespace={PromQl.Quote(server.Namespace)}";
        }

        return question.Port is { } port ? $"{selector},server_port=\"{port}\"" : selector;
    }
}
