using System.Globalization;

namespace Caretta.Bpf;

/// <summary>The running kernel's release.</summary>
public static class KernelRelease
{
    /// <summary>As <c>uname -r</c> prints it.</summary>
    public static string Text { get; } = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();

    /// <summary>
    /// LINUX_VERSION_CODE: <c>major &lt;&lt; 16 | minor &lt;&lt; 8 | patch</c>, patch capped at 255. Distributions whose release hides the
    /// upstream version say it elsewhere: Ubuntu in <c>/proc/version_signature</c>, Debian in <c>uname -v</c>.
    /// </summary>
    public static uint VersionCode { get; } = FindVersionCode();

    internal static uint Parse(ReadOnlySpan<char> text)
    {
        uint code = 0;
        for (int part = 0; part < 3; part++)
        {
            int length = text.IndexOfAnyExceptInRange('0', '9');
            length = length < 0 ? text.Length : length;
            uint value = uint.TryParse(text[..length], NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number : 0;
            code = (code << 8) | Math.Min(value, 255);
            text = length < text.Length && text[length] == '.' ? text[(length + 1)..] : default;
        }

        return code;
    }

    private static uint FindVersionCode()
    {
        const string UbuntuSignature = "/proc/version_signature";
        const string DebianMark = "Debian ";
        if (File.Exists(UbuntuSignature))
        {
            string[] words = File.ReadAllText(UbuntuSignature).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 3)
            {
                return Parse(words[2]);
            }
        }

        string version = File.ReadAllText("/proc/sys/kernel/version");
        int debian = version.IndexOf(DebianMark, StringComparison.Ordinal);
        return Parse(debian >= 0 ? version.AsSpan(debian + DebianMark.Length) : Text);
    }
}
