namespace Caretta.Aot.Kubernetes;

/// <summary>A value in a YAML document: text, a list, or a map in which the first of equal keys counts. Nothing at all is empty text.</summary>
/// <param name="Line">Line it begins on, from 1.</param>
internal sealed record YamlNode(int Line)
{
    /// <summary>The text, unquoted; null for lists and maps.</summary>
    public string? Text { get; init; }

    /// <summary>The elements; null for text and maps.</summary>
    public List<YamlNode>? Items { get; init; }

    /// <summary>The members; null for text and lists.</summary>
    public List<KeyValuePair<string, YamlNode>>? Members { get; init; }

    /// <summary>Whether nothing is written here, or <c>null</c>, <c>{}</c> or <c>[]</c>.</summary>
    public bool IsEmpty => Text is "" or "null" or "~" || Items is [] || Members is [];

    /// <summary>The member called <paramref name="key"/>; null if this is no map or has none, or an empty one.</summary>
    public YamlNode? this[string key]
    {
        get
        {
            foreach ((string name, YamlNode value) in Members ?? [])
            {
                if (name == key)
                {
                    return value.IsEmpty ? null : value;
                }
            }

            return null;
        }
    }
}
