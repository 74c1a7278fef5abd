using System.Globalization;

namespace Caretta.Aot.Export;

/// <summary>Reads times and durations as people write them on a command line.</summary>
internal static class MapTime
{
    /// <summary>What a time may be, for messages.</summary>
    public const string TimeForms = "a time as 2026-03-01T12:00:00Z, seconds since 1970, -1h, or now";

    /// <summary>What a duration may be, for messages.</summary>
    public const string DurationForms = "a duration as 90s, 15m, 1h, 7d";

    private const double MaxSeconds = 400 * 86400.0;

    private static readonly string[] Formats =
        ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd HH:mm:ssK", "yyyy-MM-dd"];

    /// <summary>A time in seconds since 1970; null for something else. Without a zone it is UTC.</summary>
    public static double? ParseTime(string text, DateTimeOffset now)
    {
        double seconds = now.ToUnixTimeMilliseconds() / 1000.0;
        if (text == "now")
        {
            return seconds;
        }

        if (text.StartsWith('-'))
        {
            return ParseDuration(text[1..]) is { } ago ? seconds - ago.TotalSeconds : null;
        }

        if (DateTimeOffset.TryParseExact(
            text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset time))
        {
            return time.ToUnixTimeMilliseconds() / 1000.0;
        }

        return text.Length >= 9 && double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double unix)
            && unix < 253_402_300_800 ? unix : null;
    }

    /// <summary>A duration of up to 400 days; null for something else.</summary>
    public static TimeSpan? ParseDuration(string text)
    {
        double unit = text.Length == 0 ? 0 : text[^1] switch
        {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86400,
            'w' => 7 * 86400,
            _ => 0,
        };
        return unit > 0 && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count)
            && count * unit is > 0 and <= MaxSeconds ? TimeSpan.FromSeconds(count * unit) : null;
    }
}
