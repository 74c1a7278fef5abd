using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Caretta.Bpf.Objects;

/// <summary>A variable that receives a value of the kernel's configuration before loading (<c>extern … __kconfig</c>).</summary>
/// <param name="Name">Name of the option or of a virtual value: <c>CONFIG_HZ</c>, <c>LINUX_KERNEL_VERSION</c>.</param>
/// <param name="Kind">How the value is written.</param>
/// <param name="Size">Bytes it occupies.</param>
/// <param name="IsSigned">Whether an integer is signed.</param>
/// <param name="IsWeak">Whether the program copes when the value is unknown; it then stays zero.</param>
internal sealed record ConfigurationExtern(string Name, ConfigurationKind Kind, uint Size, bool IsSigned, bool IsWeak)
{
    /// <summary>Bytes from the start of the map.</summary>
    public uint Offset { get; set; }

    /// <summary>Bytes to which <see cref="Offset"/> is a multiple.</summary>
    public uint Alignment => Kind switch
    {
        ConfigurationKind.Integer or ConfigurationKind.Tristate => Size,
        _ => 1,
    };

    /// <summary>Writes a value as the configuration file has it: <c>y</c>, <c>"text"</c>, <c>250</c> or <c>0x10</c>.</summary>
    /// <exception cref="BadImageException">The value is not one that the variable can hold.</exception>
    public void Write(string value, Span<byte> target, string objectName)
    {
        switch (value)
        {
            case "y" or "n" or "m":
                WriteLetter(value[0], target, objectName);
                break;
            case ['"', .., '"']:
                WriteText(value[1..^1], target, objectName);
                break;
            default:
                if (!TryParse(value, out ulong number))
                {
                    throw Unfit(value, objectName);
                }

                WriteNumber(number, target, objectName);
                break;
        }
    }

    /// <summary>Writes a number.</summary>
    /// <exception cref="BadImageException">The variable is no integer, or too small for it.</exception>
    public void WriteNumber(ulong number, Span<byte> target, string objectName)
    {
        bool boolean = Kind == ConfigurationKind.Boolean && number <= 1;
        int bits = (int)Size * 8;
        bool fits = bits == 64 || (IsSigned ? number + (1UL << (bits - 1)) < 1UL << bits : number >> bits == 0);
        if (!boolean && (Kind is not (ConfigurationKind.Integer or ConfigurationKind.Character) || !fits))
        {
            throw Unfit(number.ToString(CultureInfo.InvariantCulture), objectName);
        }

        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, number);
        bytes[..(int)Size].CopyTo(target);
    }

    private void WriteLetter(char letter, Span<byte> target, string objectName)
    {
        switch (Kind)
        {
            case ConfigurationKind.Boolean when letter != 'm':
                target[0] = letter == 'y' ? (byte)1 : (byte)0;
                break;
            case ConfigurationKind.Tristate:
                target[..(int)Size].Clear();
                target[0] = (byte)"nym".IndexOf(letter, StringComparison.Ordinal);
                break;
            case ConfigurationKind.Character:
                target[0] = (byte)letter;
                break;
            default:
                throw Unfit(letter.ToString(), objectName);
        }
    }

    private void WriteText(string text, Span<byte> target, string objectName)
    {
        if (Kind != ConfigurationKind.Text)
        {
            throw Unfit($"\"{text}\"", objectName);
        }

        ReadOnlySpan<byte> bytes = Encoding.UTF8.GetBytes(text);
        target[..(int)Size].Clear();
        bytes[..Math.Min(bytes.Length, (int)Size - 1)].CopyTo(target);
    }

    // As strtoull with base 0 reads it, which is what configuration files are written for.
    private static bool TryParse(string text, out ulong number)
    {
        bool negative = text.StartsWith('-');
        string digits = negative ? text[1..] : text;
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            bool parsed = ulong.TryParse(digits[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
            number = negative ? 0 - number : number;
            return parsed;
        }

        number = 0;
        uint numberBase = digits.Length > 1 && digits[0] == '0' ? 8u : 10u;
        foreach (char digit in digits)
        {
            uint value = (uint)(digit - '0');
            UInt128 next = ((UInt128)number * numberBase) + value;
            if (value >= numberBase || next > ulong.MaxValue)
            {
                return false;
            }

            number = (ulong)next;
        }

        number = negative ? 0 - number : number;
        return digits.Length > 0;
    }

    private BadImageException Unfit(string value, string objectName) =>
        new($"{objectName}: the kernel is configured with {Name}={value}, which a variable of kind {Kind} with {Size} bytes cannot hold");
}
