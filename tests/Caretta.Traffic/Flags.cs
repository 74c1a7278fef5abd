using System.Globalization;

namespace Caretta.Traffic;

/// <summary>"--name value" pairs; a name that nobody asked for is an error.</summary>
internal sealed class Flags
{
    private readonly Dictionary<string, string> _values = [];
    private readonly HashSet<string> _used = [];

    /// <summary>Reads "--name value", or "name=value" as sessions write it.</summary>
    /// <exception cref="FormatException">A value is missing or something is not a flag.</exception>
    public static Flags Parse(ReadOnlySpan<string> args)
    {
        var flags = new Flags();
        for (int i = 0; i < args.Length; i++)
        {
            if (args[i].StartsWith("--", StringComparison.Ordinal) && i + 1 < args.Length)
            {
                flags._values[args[i][2..]] = args[++i];
            }
            else if (args[i].Split('=', 2) is [{ Length: > 0 } name, var value])
            {
                flags._values[name] = value;
            }
            else
            {
                throw new FormatException($"expected --flag value, got \"{args[i]}\"");
            }
        }

        return flags;
    }

    public string? GetString(string name)
    {
        _used.Add(name);
        return _values.GetValueOrDefault(name);
    }

    public string GetRequired(string name) => GetString(name) ?? throw new FormatException($"--{name} is missing");

    public bool GetBool(string name) => GetString(name) is "true" or "yes" or "1";

    /// <summary>A whole number, with K, M or G for powers of 1024.</summary>
    public long GetInt64(string name, long otherwise)
    {
        if (GetString(name) is not { Length: > 0 } text)
        {
            return otherwise;
        }

        int shift = text[^1] switch { 'K' => 10, 'M' => 20, 'G' => 30, _ => 0 };
        ReadOnlySpan<char> digits = shift == 0 ? text : text.AsSpan(0, text.Length - 1);
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long value)
            ? value << shift
            : throw new FormatException($"--{name}: expected a number, got \"{text}\"");
    }

    /// <exception cref="FormatException">A flag was given that no mode asked for.</exception>
    public void ThrowIfUnused()
    {
        foreach (string name in _values.Keys)
        {
            if (!_used.Contains(name))
            {
                throw new FormatException($"there is no flag --{name} here");
            }
        }
    }
}
