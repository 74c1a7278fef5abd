using System.Text;

namespace Caretta.Aot.Http;

/// <summary>
/// Walks the comma-separated elements of a header value such as Accept (RFC 9110 §5.6.1, §12.4.2). Commas and semicolons inside quotes
/// do not separate. A view: lives as long as the bytes under it, allocates nothing.
/// </summary>
internal ref struct HeaderElements(ReadOnlySpan<byte> value)
{
    /// <summary>The weight of an element that does not say one: 1, in thousandths.</summary>
    public const int FullWeight = 1000;

    private ReadOnlySpan<byte> _rest = value;
    private ReadOnlySpan<byte> _parameters;

    /// <summary>What stands before the parameters: a media range or a coding.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>The q parameter in thousandths, 0 = not acceptable. One that is not a weight makes the element unacceptable.</summary>
    public int Weight { get; private set; }

    /// <summary>Goes to the next element that is not empty; false behind the last.</summary>
    public bool MoveNext()
    {
        while (!_rest.IsEmpty)
        {
            ReadOnlySpan<byte> element = TakeUntil((byte)',', ref _rest);
            ReadOnlySpan<byte> name = TakeUntil((byte)';', ref element).Trim(" \t"u8);
            if (!name.IsEmpty)
            {
                Name = name;
                _parameters = element;
                Weight = TryGetParameter("q"u8, out ReadOnlySpan<byte> q) ? ParseWeight(q) : FullWeight;
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether the name is <paramref name="name"/>, in whatever case.</summary>
    public readonly bool Is(ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(Name, name);

    /// <summary>Finds a parameter of the element; quotes around the value are taken off.</summary>
    public readonly bool TryGetParameter(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> rest = _parameters;
        while (!rest.IsEmpty)
        {
            ReadOnlySpan<byte> parameter = TakeUntil((byte)';', ref rest);
            int equals = parameter.IndexOf((byte)'=');
            if (equals > 0 && Ascii.EqualsIgnoreCase(parameter[..equals].Trim(" \t"u8), name))
            {
                value = parameter[(equals + 1)..].Trim(" \t"u8).Trim((byte)'"');
                return true;
            }
        }

        value = default;
        return false;
    }

    private static ReadOnlySpan<byte> TakeUntil(byte separator, scoped ref ReadOnlySpan<byte> rest)
    {
        bool quoted = false;
        for (int index = 0; index < rest.Length; index++)
        {
            if (rest[index] == '"')
            {
                quoted = !quoted;
            }
            else if (rest[index] == separator && !quoted)
            {
                ReadOnlySpan<byte> taken = rest[..index];
                rest = rest[(index + 1)..];
                return taken;
            }
        }

        ReadOnlySpan<byte> all = rest;
        rest = default;
        return all;
    }

    // weight = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
    private static int ParseWeight(ReadOnlySpan<byte> text)
    {
        if (text.Length is 0 or > 5 || text[0] is not ((byte)'0' or (byte)'1') || (text.Length > 1 && text[1] != '.'))
        {
            return 0;
        }

        int weight = (text[0] - '0') * FullWeight;
        int unit = FullWeight / 10;
        for (int index = 2; index < text.Length; index++, unit /= 10)
        {
            if (!char.IsAsciiDigit((char)text[index]))
            {
                return 0;
            }

            weight += (text[index] - '0') * unit;
        }

        return weight <= FullWeight ? weight : 0;
    }
}
