using System.Text;
using System.Text.Json;

namespace Caretta.Aot.Json;

/// <summary>
/// The part of a document that is wanted, as a tree: members that are not in it are skipped. Immutable; any thread.
/// </summary>
internal sealed class JsonShape
{
    private readonly byte[][] _names;
    private readonly JsonShape[] _members;

    private JsonShape(JsonTokenType start, int field, JsonShape? element, (string Name, JsonShape Shape)[] members)
    {
        Start = start;
        Field = field;
        Element = element;
        _names = [.. members.Select(static member => Encoding.UTF8.GetBytes(member.Name))];
        _members = [.. members.Select(static member => member.Shape)];
    }

    /// <summary>The token that begins such a value; <see cref="JsonTokenType.None"/> for a scalar.</summary>
    public JsonTokenType Start { get; }

    /// <summary>What the consumer calls it; 0 if it does not care.</summary>
    public int Field { get; }

    /// <summary>What the elements of an array look like.</summary>
    public JsonShape? Element { get; }

    /// <summary>Text, a number, true or false.</summary>
    public static JsonShape Scalar(int field) => new(JsonTokenType.None, field, null, []);

    /// <summary>An object of which <paramref name="members"/> are wanted.</summary>
    public static JsonShape Object(int field, params (string Name, JsonShape Shape)[] members) =>
        new(JsonTokenType.StartObject, field, null, members);

    /// <summary>An array whose elements all look the same.</summary>
    public static JsonShape Array(int field, JsonShape element) => new(JsonTokenType.StartArray, field, element, []);

    /// <summary>An object like this with more members.</summary>
    public JsonShape With(params (string Name, JsonShape Shape)[] members)
    {
        var all = new List<(string, JsonShape)>(_names.Length + members.Length);
        for (int i = 0; i < _names.Length; i++)
        {
            all.Add((Encoding.UTF8.GetString(_names[i]), _members[i]));
        }

        all.AddRange(members);
        return new JsonShape(Start, Field, Element, [.. all]);
    }

    /// <summary>The member whose name the reader stands on; null if it is not wanted.</summary>
    public JsonShape? Find(ref Utf8JsonReader reader)
    {
        byte[][] names = _names;
        for (int i = 0; i < names.Length; i++)
        {
            if (reader.ValueTextEquals(names[i]))
            {
                return _members[i];
            }
        }

        return null;
    }
}
