using System.Globalization;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>
/// The machine code that a process has resident. Loading programs takes a good part of it, once: what reads ELF, type information and
/// relocations is not run again.
/// </summary>
public static class ResidentCode
{
    private const int DontNeed = 4;     // MADV_DONTNEED, include/uapi/asm-generic/mman-common.h

    /// <summary>
    /// Takes all code out of the resident memory. What is run again comes back page by page from the page cache, at some 0.1 µs each as
    /// long as it is there. Any thread, while others run.
    /// </summary>
    /// <returns>Bytes of mappings that were let go; 0 where they could not be found out.</returns>
    /// <remarks>
    /// Mappings that may be executed and not written hold what is in their files, so nothing is lost (madvise(2): a private mapping is
    /// filled from its file again). Others may hold relocated pointers and are left alone.
    /// </remarks>
    public static long Release()
    {
        long released = 0;
        try
        {
            foreach (string line in File.ReadLines("/proc/self/maps"))
            {
                // 55e5d8bc6000-55e5d8fff000 r-xp 00001000 fe:00 12345   /usr/bin/caretta
                string[] fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
                if (fields is [string range, "r-xp", _, _, _, ['/', ..]] && range.Split('-') is [string from, string to]
                    && nint.TryParse(from, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out nint begin)
                    && nint.TryParse(to, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out nint end)
                    && Libc.Madvise(begin, (nuint)(end - begin), DontNeed) == 0)
                {
                    released += end - begin;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Without /proc the code stays where it is, which costs memory and nothing else.
        }

        return released;
    }
}
