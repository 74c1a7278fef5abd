using System.Globalization;
using System.Text;

namespace Caretta.Aot.Identity.Objects;

/// <summary>
/// The uid of a Kubernetes object in 16 bytes. Uids are UUIDs (RFC 9562) in practice, and the hash that stands for one in the control
/// groups of a static pod is 32 hexadecimal digits; both are kept exactly. Any other text is opaque to a client and is kept as its
/// 128-bit FNV-1a hash, which cannot be told from a UUID and cannot be turned back into text.
/// </summary>
/// <param name="High">The first eight bytes of the text's number.</param>
/// <param name="Low">The last eight.</param>
internal readonly record struct Uid(ulong High, ulong Low)
{
    private const int HexDigits = 32;

    /// <summary>No uid: what empty text gives.</summary>
    public static Uid None => default;

    /// <summary>Whether this is <see cref="None"/>.</summary>
    public bool IsNone => High == 0 && Low == 0;

    /// <summary>
    /// Takes over a uid as ASCII or UTF-8 text. Underscores count as dashes, as systemd's names of control groups need.
    /// </summary>
    public static Uid Parse(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty)
        {
            return None;
        }

        return TryParseHex(utf8, out Uid uid) ? uid : Hash(utf8);
    }

    /// <summary>As <see cref="Parse(ReadOnlySpan{byte})"/>.</summary>
    public static Uid Parse(ReadOnlySpan<char> text)
    {
        Span<byte> ascii = stackalloc byte[64];
        return Encoding.UTF8.TryGetBytes(text, ascii, out int length)
            ? Parse(ascii[..length])
            : Parse(Encoding.UTF8.GetBytes(text.ToArray()));
    }

    /// <summary>The number in the form of a UUID.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{High >> 32:x8}-{(ushort)(High >> 16):x4}-{(ushort)High:x4}-{Low >> 48:x4}-{Low & 0xffff_ffff_ffff:x12}");

    private static bool TryParseHex(ReadOnlySpan<byte> text, out Uid uid)
    {
        uid = default;
        ulong high = 0;
        ulong low = 0;
        int digits = 0;
        foreach (byte c in text)
        {
            if (c is (byte)'-' or (byte)'_')
            {
                continue;
            }

            int digit = HexDigit(c);
            if (digit < 0 || digits == HexDigits)
            {
                return false;
            }

            high = (high << 4) | (low >> 60);
            low = (low << 4) | (uint)digit;
            digits++;
        }

        uid = new Uid(high, low);
        return digits == HexDigits && text.Length is (HexDigits or HexDigits + 4);
    }

    private static int HexDigit(byte c) => c switch
    {
        >= (byte)'0' and <= (byte)'9' => c - '0',
        >= (byte)'a' and <= (byte)'f' => c - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => c - 'A' + 10,
        _ => -1,
    };

    // RFC 9923, section 5: prime and offset basis of 128 bits.
    private static Uid Hash(ReadOnlySpan<byte> text)
    {
        UInt128 prime = new(0x0000_0000_0100_0000, 0x0000_0000_0000_013b);
        UInt128 hash = new(0x6c62_272e_07bb_0142, 0x62b8_2175_6295_c58d);
        foreach (byte c in text)
        {
            hash = unchecked((hash ^ c) * prime);
        }

        return new Uid((ulong)(hash >> 64), (ulong)hash);
    }
}
