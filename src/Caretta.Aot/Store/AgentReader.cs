using System.Text;
using Caretta.Aot.Map;

namespace Caretta.Aot.Store;

/// <summary>Reads what the store knows of the agents themselves.</summary>
internal sealed class AgentReader(StoreConnection connection, StoreLimits limits)
{
    private const int Metric = 0;
    private const int FirstAgentLabel = 1;
    private const string InfoLabels = "version,kernel,tier,reason";
    private const string Metrics =
        "caretta_polls_made|caretta_agent_(build_info|tier_info|start_time_seconds|failed_polls_total|poll_duration_seconds|live_sockets|links"
        + "|link_budget|lost_updates_total|lost_connections_total|lost_bytes_total|program_missed_events_total|pending_bytes"
        + "|resident_memory_bytes|bpf_map_memory_bytes)";

    private static readonly string[] AgentLabels = PromQl.AgentLabels.Split(',');
    private static readonly string[] Labels = ["__name__", .. AgentLabels, .. InfoLabels.Split(',')];
    private static readonly int Info = FirstAgentLabel + AgentLabels.Length;

    private readonly Utf8Table _keys = new();
    private readonly List<MapAgent> _agents = [];
    private byte[] _key = new byte[512];

    /// <summary>All agents of a range.</summary>
    /// <exception cref="MapException">No answer.</exception>
    public async Task<List<MapAgent>> ReadAsync(double from, double to, CancellationToken cancel)
    {
        // What was said last, and then, where it still is, what is said at the end: an agent that was renewed says its version twice.
        string known = $"{{__name__=~\"{Metrics}\"}}";
        const string By = $"sum by (__name__,{PromQl.AgentLabels},{InfoLabels})";
        await AskAsync($"{By}({PromQl.Last(known, to - from)})").ConfigureAwait(false);
        await AskAsync($"{By}({known})").ConfigureAwait(false);
        string up = PromQl.Last(PromQl.StartTime, to - from);
        await AskAsync($"sum by (__name__,{PromQl.AgentLabels})(up and on ({PromQl.AgentLabels}) {up})").ConfigureAwait(false);
        foreach (MapAgent agent in _agents)
        {
            agent.Up ??= false;
        }

        return _agents;

        Task AskAsync(string query) => connection.QueryAsync(query, to, new SeriesReader(Labels, limits.MaxSeries, Take), cancel);
    }

    private void Take(SeriesReader series)
    {
        MapAgent agent = Find(series);
        double value = series.LastValue;
        switch (series.Text(Metric))
        {
            case "up":
                agent.Up = value > 0;
                break;
            case "caretta_agent_build_info":
                agent.Version = series.Text(Info);
                agent.Kernel = series.Text(Info + 1);
                break;
            case "caretta_agent_tier_info":
                agent.Tier = series.Text(Info + 2);
                agent.TierReason = series.Text(Info + 3);
                break;
            case PromQl.StartTime:
                agent.StartTime = value;
                break;
            case "caretta_polls_made":
                agent.Polls = value;
                break;
            case "caretta_agent_failed_polls_total":
                agent.FailedPolls = value;
                break;
            case "caretta_agent_poll_duration_seconds":
                agent.PollSeconds = value;
                break;
            case "caretta_agent_live_sockets":
                agent.LiveSockets = value;
                break;
            case "caretta_agent_links":
                agent.Links = value;
                break;
            case "caretta_agent_link_budget":
                agent.LinkBudget = value;
                break;
            case "caretta_agent_lost_updates_total":
                agent.LostUpdates = value;
                break;
            case "caretta_agent_lost_connections_total":
                agent.LostConnections = value;
                break;
            case "caretta_agent_lost_bytes_total":
                agent.LostBytes = value;
                break;
            case "caretta_agent_program_missed_events_total":
                agent.MissedEvents = value;
                break;
            case "caretta_agent_pending_bytes":
                agent.PendingBytes = value;
                break;
            case "caretta_agent_resident_memory_bytes":
                agent.ResidentBytes = value;
                break;
            case "caretta_agent_bpf_map_memory_bytes":
                agent.MapBytes = value;
                break;
        }
    }

    private MapAgent Find(SeriesReader series)
    {
        int length = 0;
        for (int i = FirstAgentLabel; i < Info; i++)
        {
            ReadOnlySpan<byte> label = series.Label(i);
            if (_key.Length < length + label.Length + 1)
            {
                Array.Resize(ref _key, Math.Max(_key.Length * 2, length + label.Length + 1));
            }

            label.CopyTo(_key.AsSpan(length));
            length += label.Length;
            _key[length++] = 0xff;      // no UTF-8 has it
        }

        int number = _keys.Add(_key.AsSpan(0, length), out bool isNew);
        if (isNew)
        {
            _agents.Add(new MapAgent { Node = First(series, "caretta_node", "node", "instance"), Pod = First(series, "caretta_pod", "pod") });
        }

        return _agents[number];
    }

    private static string? First(SeriesReader series, params ReadOnlySpan<string> labels)
    {
        foreach (string label in labels)
        {
            ReadOnlySpan<byte> value = series.Label(FirstAgentLabel + Array.IndexOf(AgentLabels, label));
            if (!value.IsEmpty)
            {
                return Encoding.UTF8.GetString(value);
            }
        }

        return null;
    }
}
