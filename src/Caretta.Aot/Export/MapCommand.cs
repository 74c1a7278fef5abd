using System.Globalization;

namespace Caretta.Aot.Export;

/// <summary>The command <c>caretta map</c>: shows and exports what an agent or a store knows of who talks to whom.</summary>
internal static class MapCommand
{
    /// <summary>Runs it.</summary>
    /// <param name="arguments">What follows the command's name.</param>
    /// <param name="output">Where the map goes.</param>
    /// <param name="errors">Where remarks and complaints go.</param>
    /// <param name="openStore">Makes a source of the store at a URL.</param>
    /// <param name="terminalWidth">Width of the terminal that reads it; 0 for none.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>0 if it was shown, 1 if it could not be had, 2 for wrong arguments.</returns>
    public static async Task<int> RunAsync(
        string[] arguments, TextWriter output, TextWriter errors, Func<string, IMapSource> openStore, int terminalWidth, CancellationToken cancel)
    {
        try
        {
            MapOptions options = MapOptions.Parse(arguments, TimeProvider.System.GetUtcNow());
            if (options.WantsHelp)
            {
                await output.WriteLineAsync(MapOptions.Help).ConfigureAwait(false);
                return 0;
            }

            // Before anything is asked: a file that is not there is found at once.
            SeenMap? saved = options.DiffFile is null ? null : ReadFile(options.DiffFile);
            using IMapSource source = options.Store is { } store ? openStore(store) : new AgentReader(options.Agent);
            string text = options.Format == MapFormat.NetworkPolicy
                ? await source.GetPoliciesAsync(options.IsCluster, options.From, options.To, options.Filter.Namespaces, cancel).ConfigureAwait(false)
                : await ShowAsync(source, options, saved, errors, terminalWidth, cancel).ConfigureAwait(false);
            await output.WriteAsync(text).ConfigureAwait(false);
            return 0;
        }
        catch (FormatException exception)
        {
            await errors.WriteLineAsync($"caretta: {exception.Message}").ConfigureAwait(false);
            return 2;
        }
        catch (AgentAwayException exception)
        {
            await errors.WriteLineAsync($"caretta: map: {exception.Message}").ConfigureAwait(false);
            return 1;
        }
    }

    /// <summary>Writes a map as it is asked for.</summary>
    /// <param name="options">How.</param>
    /// <param name="map">What.</param>
    /// <param name="before">What to compare it with; null for nothing.</param>
    /// <param name="width">Width of the table; 0 for any.</param>
    /// <param name="remarks">What the reader should know beside it, each one line.</param>
    public static string Render(MapOptions options, SeenMap map, SeenMap? before, int width, List<string> remarks)
    {
        List<ExportRow> rows = before is not null ? MapDifference.Compare(map, before) : [];
        if (before is null)
        {
            foreach (SeenLink link in map.Links)
            {
                rows.Add(new ExportRow(link));
            }
        }

        int all = rows.Count;
        rows = options.Filter.Apply(rows, map.To, out int hidden);
        RowOrder.Sort(rows, options.Sort);
        if (map.OmittedLinks > 0)
        {
            remarks.Add($"{Units.Exact(map.OmittedLinks)} links were too many for the agent's answer");
        }

        if (map.IncompleteLinks > 0)
        {
            remarks.Add($"{Units.Exact(map.IncompleteLinks)} links ended and came back, and may lack what they counted before: choose a shorter range");
        }

        if (hidden > 0)
        {
            remarks.Add($"{Exact(hidden)} links of the system's and Caretta's own namespaces are left out; --system shows them");
        }

        if (options.Limit > 0 && rows.Count > options.Limit)
        {
            remarks.Add($"{Exact(rows.Count - options.Limit)} more links are beyond --limit {Exact(options.Limit)}");
            rows.RemoveRange(options.Limit, rows.Count - options.Limit);
        }

        if (rows.Count == 0)
        {
            remarks.Add(all == 0 ? "nothing was seen talking" : "no link is left after the filters");
        }

        foreach (SeenAgent agent in map.Agents)
        {
            if (agent.HasLosses)
            {
                remarks.Add($"the agent on {TextGuard.Line(agent.Node ?? "a node")} lost updates or missed events: links may be missing");
            }
        }

        bool withChange = before is not null;
        return options.Format switch
        {
            MapFormat.Json => JsonFormat.Write(map, rows, before),
            MapFormat.Csv => CsvFormat.Write(rows, withChange),
            MapFormat.Dot => DotFormat.Write(rows),
            MapFormat.Mermaid => MermaidFormat.Write(rows),
            _ => TableFormat.Write(rows, width, withChange),
        };
    }

    private static async Task<string> ShowAsync(
        IMapSource source, MapOptions options, SeenMap? saved, TextWriter errors, int terminalWidth, CancellationToken cancel)
    {
        SeenMap map = await source.GetLinksAsync(options.IsCluster, options.From, options.To, cancel).ConfigureAwait(false);
        SeenMap? before = saved;
        if (options.Diff && saved is null)
        {
            // The range before has the same length and ends where this one begins.
            double from = options.DiffFrom ?? map.From - (map.To - map.From);
            double to = options.DiffTo ?? map.From;
            before = await source.GetLinksAsync(isCluster: true, from, to, cancel).ConfigureAwait(false);
        }

        List<string> remarks = [];
        string text = Render(options, map, before, options.Width ?? terminalWidth, remarks);
        foreach (string remark in remarks)
        {
            await errors.WriteLineAsync($"caretta: {remark}").ConfigureAwait(false);
        }

        return text;
    }

    private static SeenMap ReadFile(string path)
    {
        try
        {
            return SeenMapReader.Parse(File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"--diff: {TextGuard.Line(e.Message)}", e);
        }
        catch (FormatException e)
        {
            throw new FormatException($"--diff: {TextGuard.Line(path)}: {e.Message}", e);
        }
    }

    private static string Exact(int count) => count.ToString(CultureInfo.InvariantCulture);
}
