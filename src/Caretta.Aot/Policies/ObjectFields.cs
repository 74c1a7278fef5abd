using System.Text.Json;

namespace Caretta.Aot.Policies;

/// <summary>Steps through the JSON of an object. What has another type than it should counts as not there.</summary>
internal static class ObjectFields
{
    /// <summary>Goes to the value of the member whose name was read; true if it is an object, which is entered, else it is passed over.</summary>
    public static bool EnterObject(ref Utf8JsonReader json) => Enter(ref json, JsonTokenType.StartObject);

    /// <summary>The same for an array.</summary>
    public static bool EnterArray(ref Utf8JsonReader json) => Enter(ref json, JsonTokenType.StartArray);

    /// <summary>Reads the name of the next member; false at the end of the object.</summary>
    public static bool NextMember(ref Utf8JsonReader json) => json.Read() && json.TokenType == JsonTokenType.PropertyName;

    /// <summary>Enters the next object of an array, passing over what is none; false at its end.</summary>
    public static bool NextObject(ref Utf8JsonReader json)
    {
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (json.TokenType == JsonTokenType.StartObject)
            {
                return true;
            }

            json.Skip();
        }

        return false;
    }

    /// <summary>The text of the member whose name was read; a number as its digits, and empty for anything else.</summary>
    public static string Text(ref Utf8JsonReader json)
    {
        json.Read();
        switch (json.TokenType)
        {
            case JsonTokenType.String:
                return json.GetString() ?? "";
            case JsonTokenType.Number:
                return json.TryGetInt32(out int number) ? number.ToString(System.Globalization.CultureInfo.InvariantCulture) : "";
            default:
                json.Skip();
                return "";
        }
    }

    /// <summary>Whether the member whose name was read is <c>true</c>.</summary>
    public static bool IsTrue(ref Utf8JsonReader json)
    {
        json.Read();
        bool isTrue = json.TokenType == JsonTokenType.True;
        json.Skip();
        return isTrue;
    }

    /// <summary>The member whose name was read, as a map of texts.</summary>
    public static Dictionary<string, string> Map(ref Utf8JsonReader json)
    {
        Dictionary<string, string> map = new(StringComparer.Ordinal);
        if (EnterObject(ref json))
        {
            while (NextMember(ref json))
            {
                string key = json.GetString() ?? "";
                map[key] = Text(ref json);
            }
        }

        return map;
    }

    /// <summary>The member whose name was read, as a list of texts.</summary>
    public static List<string> List(ref Utf8JsonReader json)
    {
        List<string> list = [];
        if (EnterArray(ref json))
        {
            while (json.Read() && json.TokenType != JsonTokenType.EndArray)
            {
                if (json.TokenType == JsonTokenType.String)
                {
                    list.Add(json.GetString() ?? "");
                }
                else
                {
                    json.Skip();
                }
            }
        }

        return list;
    }

    private static bool Enter(ref Utf8JsonReader json, JsonTokenType type)
    {
        json.Read();
        if (json.TokenType == type)
        {
            return true;
        }

        json.Skip();
        return false;
    }
}
