using System.Text;

namespace Caretta.Aot.Map;

/// <summary>
/// Walks the parameters of a query, decoded (WHATWG URL §5.1: a plus is a space). Its length is bounded by that of the request line.
/// </summary>
internal ref struct QueryParameters(ReadOnlySpan<byte> query)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _rest = query;

    /// <summary>Name of the parameter reached.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Its value; empty where it has none.</summary>
    public string Value { get; private set; } = "";

    /// <summary>Goes to the next parameter; false behind the last.</summary>
    /// <exception cref="MapException">It is not encoded as parameters are.</exception>
    public bool MoveNext()
    {
        while (!_rest.IsEmpty)
        {
            int end = _rest.IndexOf((byte)'&');
            ReadOnlySpan<byte> pair = end < 0 ? _rest : _rest[..end];
            _rest = end < 0 ? default : _rest[(end + 1)..];
            if (pair.IsEmpty)
            {
                continue;
            }

            int equals = pair.IndexOf((byte)'=');
            Name = Decode(equals < 0 ? pair : pair[..equals]);
            Value = equals < 0 ? "" : Decode(pair[(equals + 1)..]);
            return true;
        }

        return false;
    }

    private static string Decode(ReadOnlySpan<byte> text)
    {
        byte[] bytes = new byte[text.Length];
        int length = 0;
        for (int i = 0; i < text.Length; i++)
        {
            byte value = text[i];
            if (value == (byte)'%')
            {
                if (i + 2 >= text.Length || !IsHex(text[i + 1]) || !IsHex(text[i + 2]))
                {
                    throw MapException.BadParameter("a percent sign must be followed by two hexadecimal digits");
                }

                value = (byte)((FromHex(text[i + 1]) << 4) | FromHex(text[i + 2]));
                i += 2;
            }
            else if (value == (byte)'+')
            {
                value = (byte)' ';
            }

            bytes[length++] = value;
        }

        try
        {
            return Strict.GetString(bytes, 0, length);
        }
        catch (DecoderFallbackException)
        {
            throw MapException.BadParameter("parameters must be UTF-8");
        }
    }

    private static bool IsHex(byte digit) => char.IsAsciiHexDigit((char)digit);

    private static int FromHex(byte digit) => digit <= (byte)'9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
