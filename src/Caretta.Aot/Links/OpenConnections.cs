using System.Globalization;

namespace Caretta.Aot.Links;

/// <summary>The machine's open TCP connections, ends of them to be exact, by what /proc shows. proc(5), /proc/net/tcp.</summary>
internal static class OpenConnections
{
    /// <summary>Ends that are established or half closed, in every network namespace that a visible process lives in.</summary>
    public static List<ConnectionKey> Read()
    {
        List<ConnectionKey> found = [];
        HashSet<string> namespaces = [];
        foreach (string process in Directory.EnumerateDirectories("/proc"))
        {
            if (!char.IsAsciiDigit(process["/proc/".Length]))
            {
                continue;
            }

            try
            {
                if (new FileInfo($"{process}/ns/net").LinkTarget is { } target && namespaces.Add(target))
                {
                    ReadFile($"{process}/net/tcp", found);
                    ReadFile($"{process}/net/tcp6", found);
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile, or is none of our business. Others share its namespace, or nobody does.
            }
        }

        return found;
    }

    /// <summary>Reads one line: <c>number: address:port address:port state …</c>, all but the number hexadecimal.</summary>
    /// <returns>False for the heading and for what is not open.</returns>
    internal static bool TryParse(ReadOnlySpan<char> line, out ConnectionKey key)
    {
        key = default;
        Span<Range> fields = stackalloc Range[5];
        if (line.Split(fields, ' ', StringSplitOptions.RemoveEmptyEntries) < fields.Length
            || line[fields[3]] is not ("01" or "04" or "05" or "08")      // enum in include/net/tcp_states.h
            || !TryParseEnd(line[fields[1]], out ulong localFirst, out ulong localSecond, out ushort localPort)
            || !TryParseEnd(line[fields[2]], out ulong remoteFirst, out ulong remoteSecond, out ushort remotePort))
        {
            return false;
        }

        key = new ConnectionKey(localFirst, localSecond, remoteFirst, remoteSecond, (ulong)remotePort << 32 | localPort);
        return true;
    }

    private static void ReadFile(string path, List<ConnectionKey> found)
    {
        foreach (string line in File.ReadLines(path))
        {
            if (TryParse(line, out ConnectionKey key))
            {
                found.Add(key);
            }
        }
    }

    // An address is one word or four, each as the machine reads the bytes in memory.
    private static bool TryParseEnd(ReadOnlySpan<char> text, out ulong first, out ulong second, out ushort port)
    {
        const int Word = 8;
        const ulong MappedPrefix = 0xffff_0000;     // ::ffff: before an IPv4 address
        first = second = 0;
        port = 0;
        int colon = text.IndexOf(':');
        Span<uint> words = stackalloc uint[4];
        if (colon is not (Word or (4 * Word)) || !ushort.TryParse(text[(colon + 1)..], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out port))
        {
            return false;
        }

        for (int i = 0; i < colon / Word; i++)
        {
            if (!uint.TryParse(text.Slice(i * Word, Word), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out words[i]))
            {
                return false;
            }
        }

        if (colon == Word)
        {
            second = (ulong)words[0] << 32 | MappedPrefix;
            return true;
        }

        first = (ulong)words[1] << 32 | words[0];
        second = (ulong)words[3] << 32 | words[2];
        return true;
    }
}
