using System.Text;
using Caretta.Aot.Map;

namespace Caretta.Aot.Store;

/// <summary>Makes the errors that questions to the store end with: one line each, and no secrets.</summary>
internal static class StoreFailure
{
    private const int MaxQuoted = 200;

    /// <summary>It could not be reached, or refused, or what it said is of no use.</summary>
    public static MapException Away(string message) => new(502, "store-away", message);

    /// <summary>It took too long.</summary>
    public static MapException Slow(TimeSpan limit) =>
        new(504, "store-slow", $"the store gave no complete answer within {limit.TotalSeconds:0.###} s: choose a shorter range, or see whether it is overloaded");

    /// <summary>Its answer is beyond a limit.</summary>
    public static MapException TooLarge(string what) => new(502, "too-large", $"{what} from the store: choose a shorter range");

    /// <summary>Too many ask.</summary>
    public static MapException Busy(int most) =>
        new(503, "busy", $"{most} questions to the store are under way already: ask again in a moment");

    /// <summary>Text from outside, shortened and without what could break a line.</summary>
    public static string Clean(string text)
    {
        var clean = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (clean.Length >= MaxQuoted)
            {
                clean.Append('…');
                break;
            }

            clean.Append(Rune.IsControl(rune) ? " " : rune.ToString());
        }

        return clean.ToString();
    }
}
