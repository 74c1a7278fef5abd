namespace Caretta.Cluster.Tests.Scale;

/// <summary>The fields of one object; what was not set is empty.</summary>
internal sealed class ObjectFields
{
    private readonly string?[] _values = new string?[Enum.GetValues<ObjectField>().Length];

    public string this[ObjectField field]
    {
        get => _values[(int)field] ?? "";
        set => _values[(int)field] = value;
    }
}
