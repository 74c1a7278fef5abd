using System.Text.Json;

namespace Caretta.Aot.Policies;

/// <summary>Reads how an owner of pods selects them.</summary>
internal static class WorkloadDocument
{
    // Given by the controller to the pods of one run: the next run's are others.
    private static readonly string[] LabelsOfOneRun = ["controller-uid", "batch.kubernetes.io/controller-uid"];

    /// <summary>Reads an object of <c>apps/v1</c> or <c>batch/v1</c>, or a replication controller.</summary>
    /// <param name="utf8">The object.</param>
    /// <param name="kind">Its kind.</param>
    public static WorkloadFacts Parse(ReadOnlySpan<byte> utf8, string kind)
    {
        var json = new Utf8JsonReader(utf8);
        var parts = new Parts();
        json.Read();
        while (ObjectFields.NextMember(ref json))
        {
            if (json.ValueTextEquals("spec"u8) && ObjectFields.EnterObject(ref json))
            {
                ReadSpec(ref json, parts, kind);
            }
            else if (json.TokenType == JsonTokenType.PropertyName)
            {
                json.Skip();
            }
        }

        // Jobs select by a number that each run gets anew; what stays are the labels in the template.
        PodSelector? selector = parts.Selector;
        if (kind is "Job" or "CronJob")
        {
            foreach (string label in LabelsOfOneRun)
            {
                parts.Labels.Remove(label);
            }

            selector = PodSelector.Of(parts.Labels);
        }

        return parts.HostNetwork ? new WorkloadFacts(selector, "its pods are in their nodes' network, where no policy selects them", parts.Labels, true)
            : selector is null || selector.IsEmpty
                ? new WorkloadFacts(null, kind is "Job" or "CronJob" ? "its pod template has no labels that stay the same" : "it has no selector", parts.Labels)
                : new WorkloadFacts(selector, "", parts.Labels);
    }

    /// <summary>Reads a selector; a plain map of labels counts as one where <paramref name="isMap"/>.</summary>
    internal static PodSelector? ReadSelector(ref Utf8JsonReader json, bool isMap)
    {
        if (isMap)
        {
            Dictionary<string, string> map = ObjectFields.Map(ref json);
            return map.Count > 0 ? PodSelector.Of(map) : null;
        }

        if (!ObjectFields.EnterObject(ref json))
        {
            return null;
        }

        Dictionary<string, string> labels = [];
        List<LabelRequirement> requirements = [];
        while (ObjectFields.NextMember(ref json))
        {
            if (json.ValueTextEquals("matchLabels"u8))
            {
                labels = ObjectFields.Map(ref json);
            }
            else if (json.ValueTextEquals("matchExpressions"u8) && ObjectFields.EnterArray(ref json))
            {
                while (ObjectFields.NextObject(ref json))
                {
                    requirements.Add(ReadRequirement(ref json));
                }
            }
            else if (json.TokenType == JsonTokenType.PropertyName)
            {
                json.Skip();
            }
        }

        return PodSelector.Of(labels) with { Requirements = requirements };
    }

    private static LabelRequirement ReadRequirement(ref Utf8JsonReader json)
    {
        var requirement = new LabelRequirement("", "", []);
        while (ObjectFields.NextMember(ref json))
        {
            if (json.ValueTextEquals("key"u8)) { requirement = requirement with { Key = ObjectFields.Text(ref json) }; }
            else if (json.ValueTextEquals("operator"u8)) { requirement = requirement with { Operator = ObjectFields.Text(ref json) }; }
            else if (json.ValueTextEquals("values"u8)) { requirement = requirement with { Values = ObjectFields.List(ref json) }; }
            else { json.Skip(); }
        }

        return requirement;
    }

    private static void ReadSpec(ref Utf8JsonReader json, Parts parts, string kind)
    {
        while (ObjectFields.NextMember(ref json))
        {
            if (json.ValueTextEquals("selector"u8) && kind is not ("Job" or "CronJob"))
            {
                parts.Selector = ReadSelector(ref json, isMap: kind == "ReplicationController");
            }
            else if (json.ValueTextEquals("template"u8) && ObjectFields.EnterObject(ref json))
            {
                ReadTemplate(ref json, parts);
            }
            else if (json.TokenType == JsonTokenType.PropertyName && json.ValueTextEquals("jobTemplate"u8) && ObjectFields.EnterObject(ref json))
            {
                // The job that it makes: an object in the object.
                while (ObjectFields.NextMember(ref json))
                {
                    if (json.ValueTextEquals("spec"u8) && ObjectFields.EnterObject(ref json))
                    {
                        ReadSpec(ref json, parts, kind);
                    }
                    else if (json.TokenType == JsonTokenType.PropertyName)
                    {
                        json.Skip();
                    }
                }
            }
            else if (json.TokenType == JsonTokenType.PropertyName)
            {
                json.Skip();
            }
        }
    }

    private static void ReadTemplate(ref Utf8JsonReader json, Parts parts)
    {
        while (ObjectFields.NextMember(ref json))
        {
            bool isMetadata = json.ValueTextEquals("metadata"u8);
            bool isSpec = json.ValueTextEquals("spec"u8);
            if (!isMetadata && !isSpec)
            {
                json.Skip();
                continue;
            }

            if (!ObjectFields.EnterObject(ref json))
            {
                continue;
            }

            while (ObjectFields.NextMember(ref json))
            {
                if (isMetadata && json.ValueTextEquals("labels"u8)) { parts.Labels = ObjectFields.Map(ref json); }
                else if (isSpec && json.ValueTextEquals("hostNetwork"u8)) { parts.HostNetwork = ObjectFields.IsTrue(ref json); }
                else { json.Skip(); }
            }
        }
    }

    private sealed class Parts
    {
        public PodSelector? Selector { get; set; }

        public Dictionary<string, string> Labels { get; set; } = [];

        public bool HostNetwork { get; set; }
    }
}
