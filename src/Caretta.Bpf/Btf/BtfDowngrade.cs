namespace Caretta.Bpf.Btf;

/// <summary>
/// Replaces what a kernel is too old for by types of the same length that it knows. Maps and programs keep their ids; what is lost is
/// how a dump of them looks.
/// </summary>
/// <remarks>Source: libbpf, <c>bpf_object__sanitize_btf</c>.</remarks>
internal sealed class BtfDowngrade(BtfDraft draft, BtfFeatures features)
{
    private uint _byteId;

    /// <summary>Replaces each type that the kernel does not know by one of the same length that it does.</summary>
    public void Apply()
    {
        bool functions = features.HasFlag(BtfFeatures.Functions);
        bool sections = features.HasFlag(BtfFeatures.DataSections);
        uint last = draft.Count;         // what is appended on the way is as old as can be
        for (uint id = 1; id <= last; id++)
        {
            uint info = draft.WordOf(id, 4);
            int length = BtfFormat.LengthOf(info);
            switch (BtfFormat.KindOf(info))
            {
                case BtfKind.Variable when !sections:
                case BtfKind.DeclarationTag when !features.HasFlag(BtfFeatures.DeclarationTags):
                    DowngradeVariable(id);
                    break;
                case BtfKind.DataSection when !sections:
                    DowngradeSection(id, length);
                    break;
                case BtfKind.DataSection when !features.HasFlag(BtfFeatures.OptionalSections) && draft.Source[id].Name is [(byte)'?', ..]:
                    draft.SetWord(id, 0, draft.AddString([(byte)'_', .. Shorten(draft.Source[id].Name)[1..]]));
                    break;
                case BtfKind.FunctionPrototype when !functions:
                    DowngradePrototype(id, length);
                    break;
                case BtfKind.Function when !functions:
                    draft.SetKind(id, BtfKind.Typedef, 0);
                    break;
                case BtfKind.Function when !features.HasFlag(BtfFeatures.GlobalFunctions):
                    draft.SetKind(id, BtfKind.Function, (int)BtfLinkage.Static);
                    break;
                case BtfKind.Float when !features.HasFlag(BtfFeatures.Floats):
                    draft.SetKind(id, BtfKind.Struct, 0);
                    draft.SetWord(id, 0, 0);      // "float" is no name that C allows for a struct
                    break;
                case BtfKind.TypeTag when !features.HasFlag(BtfFeatures.TypeTags):
                    draft.SetKind(id, BtfKind.Const, 0);
                    draft.SetWord(id, 0, 0);
                    break;
                case BtfKind.Enum when !features.HasFlag(BtfFeatures.Enum64):
                    draft.SetKind(id, BtfKind.Enum, length);
                    break;
                case BtfKind.Enum64 when !features.HasFlag(BtfFeatures.Enum64):
                    DowngradeEnum64(id, length);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>One byte is never more than the variable had; four could reach beyond its section.</summary>
    private void DowngradeVariable(uint id)
    {
        draft.SetKind(id, BtfKind.Int, 0);
        draft.SetWord(id, 8, 1);
        draft.SetWord(id, BtfFormat.TypeSize, 8);
    }

    private void DowngradeSection(uint id, int length)
    {
        draft.SetKind(id, BtfKind.Struct, length);
        draft.SetWord(id, 0, draft.AddString(ToIdentifier(Shorten(draft.Source[id].Name))));
        for (int i = 0; i < length; i++)
        {
            int at = BtfFormat.TypeSize + (i * 12);
            uint variable = draft.WordOf(id, at);
            uint offset = draft.WordOf(id, at + 4);
            draft.SetWord(id, at, draft.WordOf(variable, 0));
            draft.SetWord(id, at + 4, variable);
            draft.SetWord(id, at + 8, offset * 8);
        }
    }

    /// <summary>Parameters and enumeration values are laid out alike; only those need names.</summary>
    private void DowngradePrototype(uint id, int length)
    {
        draft.SetKind(id, BtfKind.Enum, length);
        draft.SetWord(id, 8, 4);
        uint nameOffset = 0;
        for (int i = 0; i < length; i++)
        {
            int at = BtfFormat.TypeSize + (i * 8);
            if (draft.WordOf(id, at) == 0)
            {
                nameOffset = nameOffset == 0 ? draft.AddString("parameter"u8) : nameOffset;
                draft.SetWord(id, at, nameOffset);
            }
        }
    }

    private void DowngradeEnum64(uint id, int length)
    {
        uint placeholder = ByteId();
        draft.SetKind(id, BtfKind.Union, length);
        for (int i = 0; i < length; i++)
        {
            int at = BtfFormat.TypeSize + (i * 12);
            draft.SetWord(id, at + 4, placeholder);
            draft.SetWord(id, at + 8, 0);
        }
    }

    private uint ByteId() =>
        _byteId != 0 ? _byteId : _byteId = draft.AddType(draft.AddString("placeholder"u8), BtfFormat.Info(BtfKind.Int, 0), 1, 8);

    /// <summary>Kernels refuse longer names (<c>KSYM_NAME_LEN</c>), and a copy per section must not multiply a hostile one.</summary>
    private static ReadOnlySpan<byte> Shorten(ReadOnlySpan<byte> name) => name[..Math.Min(name.Length, 127)];

    private static byte[] ToIdentifier(ReadOnlySpan<byte> name)
    {
        byte[] identifier = name.ToArray();
        for (int i = 0; i < identifier.Length; i++)
        {
            bool isDigit = char.IsAsciiDigit((char)identifier[i]);
            if (!(char.IsAsciiLetter((char)identifier[i]) || (isDigit && i > 0)))
            {
                identifier[i] = (byte)'_';
            }
        }

        return identifier;
    }
}
