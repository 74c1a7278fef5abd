using Caretta.Aot.Json;

namespace Caretta.Aot.Store;

/// <summary>Reads what agents say about themselves.</summary>
internal sealed class AgentSeries(StringCache strings, Dictionary<ScrapedTarget, ObservedAgent> agents)
    : SeriesReader(strings, ["__name__", "instance", "job", "caretta_pod", "caretta_node", "version", "kernel", "tier", "reason"])
{
    /// <summary>Whether what is read comes from agents that answer now.</summary>
    public bool IsUp { get; init; }

    /// <inheritdoc/>
    protected override void Sample(double time, double value)
    {
        var target = new ScrapedTarget(Label(1), Label(2), Label(3));
        if (IsUp)
        {
            if (agents.TryGetValue(target, out ObservedAgent? known))
            {
                known.IsUp = true;
            }

            return;
        }

        if (!agents.TryGetValue(target, out ObservedAgent? agent))
        {
            agent = new ObservedAgent { Node = Label(4).Length > 0 ? Label(4) : target.Instance, Pod = target.Pod };
            agents.Add(target, agent);
        }

        switch (Label(0))
        {
            case "caretta_agent_build_info":
                (agent.Version, agent.Kernel) = (Label(5), Label(6));
                break;
            case "caretta_agent_tier_info":
                (agent.Tier, agent.TierReason) = (Label(7), Label(8));
                break;
            default:
                agent.Add(Label(0), value);
                break;
        }
    }
}
