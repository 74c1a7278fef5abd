using System.Globalization;
using System.Text;
using Caretta.Aot.Export;

namespace Caretta.Aot.Policies;

/// <summary>Writes policies as YAML that can be applied as it is.</summary>
internal static class PolicyYaml
{
    private const double ShortSeconds = 24 * 3600;

    /// <summary>Writes everything.</summary>
    /// <param name="plan">The policies.</param>
    /// <param name="map">What they follow from.</param>
    /// <param name="gaps">What could not be read of the cluster.</param>
    public static string Write(PolicyPlan plan, SeenMap map, IReadOnlyList<string> gaps)
    {
        var yaml = new StringBuilder();
        WriteHead(yaml, plan, map, gaps);
        foreach (PlannedPolicy policy in plan.Policies)
        {
            WritePolicy(yaml, policy);
        }

        return yaml.ToString();
    }

    private static void WriteHead(StringBuilder yaml, PolicyPlan plan, SeenMap map, IReadOnlyList<string> gaps)
    {
        double seconds = map.To - map.From;
        Comment(yaml, $"NetworkPolicies from what caretta saw from {Units.Time(map.From)} to {Units.Time(map.To)}, {Units.Duration(seconds)}, "
            + (map.IsCluster ? "in the whole cluster." : "on one node."));
        Comment(yaml, "WARNING: whatever did not happen in that time is not allowed. Read before applying, most of all lines with \"not allowed\".");
        if (seconds < ShortSeconds)
        {
            Comment(yaml, "WARNING: that is less than a day: what happens nightly, weekly or at the next rollout is missing.");
        }

        if (!map.IsCluster)
        {
            Comment(yaml, "WARNING: one node's view: what the same workloads do on other nodes is missing. Ask for scope=cluster to have it.");
        }

        if (map.OmittedLinks > 0)
        {
            Comment(yaml, $"WARNING: {Units.Exact(map.OmittedLinks)} links were too many for the answer and are missing.");
        }

        SortedDictionary<string, int> tiers = new(StringComparer.Ordinal);
        double lost = 0;
        foreach (SeenAgent agent in map.Agents)
        {
            string tier = agent.Tier ?? "unknown";
            tiers[tier] = tiers.TryGetValue(tier, out int count) ? count + 1 : 1;
            lost += agent.LostUpdates + agent.LostConnections + agent.MissedEvents;
            if (agent.HasLosses)
            {
                Comment(yaml, $"WARNING: the agent on {agent.Node ?? "a node"} lost {Units.Exact(agent.LostUpdates)} updates, "
                    + $"{Units.Exact(agent.LostConnections)} connections and {Units.Exact(agent.LostBytes)} bytes and missed "
                    + $"{Units.Exact(agent.MissedEvents)} events: links may be missing.");
            }

            if (agent.StartTime is { } start && start > map.From + 1)
            {
                Comment(yaml, $"WARNING: the agent on {agent.Node ?? "a node"} began only at {Units.Time(start)}.");
            }
        }

        List<string> counts = [];
        foreach ((string tier, int count) in tiers)
        {
            counts.Add(string.Create(CultureInfo.InvariantCulture, $"{count} of tier {tier}"));
        }

        Comment(yaml, $"Agents: {(counts.Count > 0 ? string.Join(", ", counts) : "none that is known")}; lost or missed: {Units.Exact(lost)}.");
        Comment(yaml, "Only TCP is watched. UDP is allowed to the cluster's DNS alone, and so is DNS over TCP.");
        foreach (string gap in gaps)
        {
            Comment(yaml, "WARNING: " + gap);
        }

        foreach (string note in plan.Notes)
        {
            Comment(yaml, note);
        }

        if (plan.Left.Count > 0)
        {
            Comment(yaml, "Without a policy:");
            foreach (string left in plan.Left)
            {
                Comment(yaml, "  " + left);
            }
        }

        if (plan.Policies.Count == 0)
        {
            Comment(yaml, "No workload was seen that gets a policy.");
        }
    }

    private static void WritePolicy(StringBuilder yaml, PlannedPolicy policy)
    {
        yaml.Append("---\n");
        Comment(yaml, $"{policy.Workload.Kind} {policy.Workload.Namespace}/{policy.Workload.Name}");
        foreach (string warning in policy.Warnings)
        {
            Comment(yaml, "NOTE: " + warning);
        }

        yaml.Append("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: ").Append(YamlText.Scalar(policy.Name));
        yaml.Append("\n  namespace: ").Append(YamlText.Scalar(policy.Workload.Namespace));
        yaml.Append("\n  labels:\n    app.kubernetes.io/managed-by: caretta\nspec:\n  podSelector:\n");
        WriteSelector(yaml, policy.Selector, "    ");
        yaml.Append("  policyTypes:\n    - Ingress\n    - Egress\n");
        WriteRules(yaml, "ingress", "from", policy.Ingress.Values);
        WriteRules(yaml, "egress", "to", policy.Egress.Values);
    }

    private static void WriteRules(StringBuilder yaml, string direction, string peers, SortedDictionary<string, PolicyRule>.ValueCollection rules)
    {
        yaml.Append("  ").Append(direction);
        if (rules.Count == 0)
        {
            yaml.Append(": []\n");
            return;
        }

        yaml.Append(":\n");
        foreach (PolicyRule rule in rules)
        {
            foreach (string name in rule.Names)
            {
                yaml.Append("    # ").Append(TextGuard.Line(name)).Append('\n');
            }

            yaml.Append("    - ").Append(peers).Append(":\n");
            WritePeer(yaml, rule.Peer);
            yaml.Append("      ports:\n");
            foreach (PolicyPort port in rule.Ports)
            {
                yaml.Append("        - protocol: ").Append(port.Protocol).Append("\n          port: ");
                yaml.Append(port.Number != int.MaxValue ? port.Port : YamlText.Scalar(port.Port)).Append('\n');
            }
        }
    }

    private static void WritePeer(StringBuilder yaml, PolicyPeer peer)
    {
        if (peer.Pods is null)
        {
            yaml.Append("        - ipBlock:\n            cidr: ").Append(YamlText.Scalar(peer.Block!)).Append('\n');
            return;
        }

        string lead = "        - ";
        if (peer.Namespace is not null)
        {
            yaml.Append("        - namespaceSelector:\n            matchLabels:\n              kubernetes.io/metadata.name: ");
            yaml.Append(YamlText.Scalar(peer.Namespace)).Append('\n');
            lead = "          ";
        }

        yaml.Append(lead).Append("podSelector:\n");
        WriteSelector(yaml, peer.Pods, "            ");
    }

    private static void WriteSelector(StringBuilder yaml, PodSelector selector, string indent)
    {
        if (selector.Labels.Count > 0)
        {
            yaml.Append(indent).Append("matchLabels:\n");
            foreach ((string key, string value) in selector.Labels)
            {
                yaml.Append(indent).Append("  ").Append(YamlText.Scalar(key)).Append(": ").Append(YamlText.Scalar(value)).Append('\n');
            }
        }

        if (selector.Requirements.Count == 0)
        {
            return;
        }

        yaml.Append(indent).Append("matchExpressions:\n");
        foreach (LabelRequirement requirement in selector.Requirements)
        {
            yaml.Append(indent).Append("  - key: ").Append(YamlText.Scalar(requirement.Key)).Append('\n');
            yaml.Append(indent).Append("    operator: ").Append(YamlText.Scalar(requirement.Operator)).Append('\n');
            if (requirement.Values.Count > 0)
            {
                yaml.Append(indent).Append("    values:\n");
                foreach (string value in requirement.Values)
                {
                    yaml.Append(indent).Append("      - ").Append(YamlText.Scalar(value)).Append('\n');
                }
            }
        }
    }

    private static void Comment(StringBuilder yaml, string text) => yaml.Append("# ").Append(TextGuard.Line(text)).Append('\n');
}
