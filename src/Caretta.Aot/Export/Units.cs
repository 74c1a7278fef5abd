using System.Globalization;

namespace Caretta.Aot.Export;

/// <summary>Numbers as people read them.</summary>
internal static class Units
{
    private static readonly string[] Prefixes = ["", "K", "M", "G", "T", "P", "E"];

    /// <summary>A size, as <c>12.3 MB</c>: powers of 1000, three digits.</summary>
    public static string Bytes(double bytes) => Scaled(bytes) + "B";

    /// <summary>A count, as <c>12.3 K</c>; a small one exactly.</summary>
    public static string Count(double count) => Scaled(count).TrimEnd();

    /// <summary>A time span, as <c>3 h 12 min</c>.</summary>
    public static string Duration(double seconds)
    {
        long whole = (long)Math.Round(Math.Max(seconds, 0));
        return whole < 60 ? string.Create(CultureInfo.InvariantCulture, $"{whole} s")
            : whole < 3600 ? string.Create(CultureInfo.InvariantCulture, $"{whole / 60} min")
            : whole < 86400 ? string.Create(CultureInfo.InvariantCulture, $"{whole / 3600} h {whole % 3600 / 60} min")
            : string.Create(CultureInfo.InvariantCulture, $"{whole / 86400} d {whole % 86400 / 3600} h");
    }

    /// <summary>A time of day with its date, UTC.</summary>
    public static string Time(double unixSeconds)
    {
        double bounded = Math.Clamp(unixSeconds, 0, 253_402_300_799);       // the end of year 9999
        return DateTimeOffset.FromUnixTimeSeconds((long)bounded).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
    }

    /// <summary>A number in full.</summary>
    public static string Exact(double value) => value == Math.Truncate(value) && Math.Abs(value) < 9e18
        ? ((long)value).ToString(CultureInfo.InvariantCulture) : value.ToString("R", CultureInfo.InvariantCulture);

    private static string Scaled(double value)
    {
        int prefix = 0;
        while (value >= 999.5 && prefix < Prefixes.Length - 1)
        {
            value /= 1000;
            prefix++;
        }

        string digits = prefix == 0 ? Math.Round(value, value < 10 ? 1 : 0).ToString("0.#", CultureInfo.InvariantCulture)
            : value.ToString(value < 9.995 ? "0.00" : value < 99.95 ? "0.0" : "0", CultureInfo.InvariantCulture);
        return $"{digits} {Prefixes[prefix]}";
    }
}
