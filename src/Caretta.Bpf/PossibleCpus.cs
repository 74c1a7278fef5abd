using System.Globalization;

namespace Caretta.Bpf;

/// <summary>The processors that this kernel may ever have, from <c>/sys/devices/system/cpu/possible</c>. Fixed when it boots.</summary>
internal static class PossibleCpus
{
    private static readonly (int Count, int End) Running = Parse(File.ReadAllText("/sys/devices/system/cpu/possible"));

    /// <summary>How many there are: so many values has an element of a per-CPU map (<c>num_possible_cpus</c>).</summary>
    public static int Count => Running.Count;

    /// <summary>One more than the highest number: an array indexed by processor needs so many elements.</summary>
    public static int End => Running.End;

    /// <summary>Reads a list as the kernel prints it (<c>bitmap_print_to_pagebuf</c>), e.g. <c>0-3,8-11</c>.</summary>
    internal static (int Count, int End) Parse(ReadOnlySpan<char> list)
    {
        int count = 0;
        int end = 0;
        list = list.Trim();
        foreach (Range range in list.Split(','))
        {
            ReadOnlySpan<char> part = list[range];
            int dash = part.IndexOf('-');
            int last = int.Parse(part[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture);
            int first = dash < 0 ? last : int.Parse(part[..dash], NumberStyles.None, CultureInfo.InvariantCulture);
            count += last - first + 1;
            end = Math.Max(end, last + 1);
        }

        return (count, end);
    }
}
