using System.Text;

namespace Caretta.Bpf.Btf;

/// <summary>The part of a name that counts when types of different images are matched.</summary>
internal static class BtfName
{
    private const int LongestShown = 512;       // include/linux/kallsyms.h, KSYM_NAME_LEN

    /// <summary>A name for messages: what is longer than any that the kernel takes is cut, so that hostile ones stay cheap.</summary>
    public static string Show(ReadOnlySpan<byte> name) =>
        name.Length <= LongestShown ? Encoding.UTF8.GetString(name) : Encoding.UTF8.GetString(name[..LongestShown]) + "…";

    /// <summary>
    /// <paramref name="name"/> without its flavour: everything from the last <c>___</c> on that has another character on both sides.
    /// <c>sock___old</c> is another description of <c>sock</c>.
    /// </summary>
    /// <remarks>Source: libbpf, <c>bpf_core_essential_name_len</c>.</remarks>
    public static ReadOnlySpan<byte> Essential(ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> head = name;
        while (true)
        {
            int at = head.LastIndexOf("___"u8);
            if (at <= 0)
            {
                return name;
            }

            if (name[at - 1] != '_' && at + 3 < name.Length && name[at + 3] != '_')
            {
                return name[..at];
            }

            head = name[..(at + 2)];    // overlapping ones count too: of "a____b" no three stand alone
        }
    }
}
