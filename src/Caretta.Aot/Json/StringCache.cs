using System.Text;
using Caretta.Aot.Identity;

namespace Caretta.Aot.Json;

/// <summary>
/// Gives equal text as one instance, mostly: a table of fixed size in which newer text displaces older. Namespaces, kinds, nodes and owners
/// repeat in thousands of pods. One thread at a time.
/// </summary>
internal sealed class StringCache
{
    private const int MaxLength = 128;
    private readonly string?[] _slots = new string?[2048];

    /// <summary>The text of <paramref name="utf8"/>; malformed parts become U+FFFD.</summary>
    public string Get(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length is 0 or > MaxLength)
        {
            return Encoding.UTF8.GetString(utf8);
        }

        uint hash = Fnv1a.Continue(Fnv1a.OffsetBasis, utf8);
        ref string? slot = ref _slots[(hash ^ (hash >> 16)) % (uint)_slots.Length];
        if (slot is null || !Ascii.Equals(utf8, slot))
        {
            slot = Encoding.UTF8.GetString(utf8);
        }

        return slot;
    }
}
