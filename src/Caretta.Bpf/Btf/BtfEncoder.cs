using System.Buffers.Binary;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Caretta.Bpf.Btf;

/// <summary>
/// Makes of an object's BTF the image that a kernel accepts: fills in what compilers leave open, turns references to the kernel into
/// definitions, and replaces what the kernel is too old for. Ids never change, so records and maps may keep using them.
/// </summary>
/// <remarks>
/// Source: libbpf, <c>btf_fixup_datasec</c>, <c>bpf_object__collect_externs</c>, <c>bpf_object__sanitize_btf</c>;
/// the kernel's checks are in <c>kernel/bpf/btf.c</c>.
/// </remarks>
internal sealed class BtfEncoder
{
    private readonly BtfTypes _source;
    private readonly IBtfSymbols _symbols;
    private byte[] _types;
    private int _typesLength;
    private byte[] _strings;
    private int _stringsLength;
    private uint _count;
    private uint _intId;
    private uint _byteId;
    private uint _kernelSymbolId;
    private uint _kernelSymbolNameOffset;

    private BtfEncoder(BtfTypes source, IBtfSymbols symbols)
    {
        _source = source;
        _symbols = symbols;
        _types = source.TypeBytes.ToArray();
        _typesLength = _types.Length;
        _strings = source.StringBytes.ToArray();
        _stringsLength = _strings.Length;
        _count = (uint)source.Count;
    }

    /// <summary>Encodes <paramref name="types"/> for a kernel with <paramref name="features"/>.</summary>
    /// <param name="types">Types of an object, not split and little-endian.</param>
    /// <param name="symbols">The object's sections and symbols.</param>
    /// <param name="features">What the kernel understands.</param>
    /// <returns>A complete image, for <c>BPF_BTF_LOAD</c> (Linux 4.18). Types that had to be added come after all others.</returns>
    /// <exception cref="BadImageException">The types name a section or a variable that the object has not.</exception>
    public static byte[] Encode(BtfTypes types, IBtfSymbols symbols, BtfFeatures features)
    {
        ArgumentNullException.ThrowIfNull(types);
        ArgumentNullException.ThrowIfNull(symbols);
        if (types.BaseTypes is not null)
        {
            throw new ArgumentException("the types of an object do not continue other ones", nameof(types));
        }

        BtfEncoder encoder = new(types, symbols);
        encoder.Complete();
        if ((features & BtfFeatures.All) != BtfFeatures.All)
        {
            encoder.Downgrade(features);
        }

        return encoder.ToImage();
    }

    /// <summary>Fills in places and resolves references, which every kernel wants.</summary>
    private void Complete()
    {
        for (uint id = 1; id <= (uint)_source.Count; id++)
        {
            BtfType type = _source[id];
            if (type.Kind == BtfKind.DataSection)
            {
                CompleteSection(type);
            }
            else if (type.Kind == BtfKind.Function && type.Linkage == BtfLinkage.Global && _symbols.IsHiddenFunction(type.Name))
            {
                SetKind(id, BtfKind.Function, (int)BtfLinkage.Static);
            }
        }
    }

    private void CompleteSection(BtfType section)
    {
        if (section.Name.SequenceEqual(".ksyms"u8))
        {
            CompleteKernelSymbols(section);
            return;
        }

        // A linked object may have its size and offsets already; an ELF section cannot change them any more.
        bool isVirtual = section.Name.SequenceEqual(".kconfig"u8);
        if (section.Size == 0)
        {
            if (!_symbols.TryGetSectionSize(section.Name, out uint size) || size == 0)
            {
                Fail(section, "the object has no such section");
            }

            SetWord(section.Id, 8, size);
        }

        for (int i = 0; i < section.Length; i++)
        {
            BtfSectionVariable entry = section.SectionVariable(i);
            BtfType variable = _source[entry.TypeId];
            // Of static variables the compiler knew the place itself.
            if (variable.Kind != BtfKind.Variable || variable.Linkage == BtfLinkage.Static
                || (variable.Linkage == BtfLinkage.External && !isVirtual))
            {
                continue;
            }

            if (!_symbols.TryGetVariable(section.Name, variable.Name, out uint offset, out bool isHidden))
            {
                Fail(section, $"the object has no variable {variable.NameText} there");
            }

            SetWord(section.Id, BtfFormat.TypeSize + (i * 12) + 4, offset);
            if (isHidden || isVirtual)
            {
                SetWord(variable.Id, BtfFormat.TypeSize, (uint)(isHidden ? BtfLinkage.Static : BtfLinkage.Global));
            }
        }

        SortSection(section);
    }

    /// <summary>
    /// References to kernel symbols have no place and their functions are in no section as the kernel sees it: they become a section
    /// of 4-byte integers, and the functions ordinary global ones with named parameters.
    /// </summary>
    private void CompleteKernelSymbols(BtfType section)
    {
        uint offset = 0;
        for (int i = 0; i < section.Length; i++, offset += 4)
        {
            int at = BtfFormat.TypeSize + (i * 12);
            BtfType symbol = _source[section.SectionVariable(i).TypeId];
            if (symbol.Kind == BtfKind.Function)
            {
                SetKind(symbol.Id, BtfKind.Function, (int)BtfLinkage.Global);
                NameParameters(_source[symbol.TypeId]);
                SetWord(section.Id, at, KernelSymbolId());
            }
            else
            {
                SetWord(symbol.Id, 8, IntId());
                SetWord(symbol.Id, BtfFormat.TypeSize, (uint)BtfLinkage.Global);
            }

            SetWord(section.Id, at + 4, offset);
            SetWord(section.Id, at + 8, 4);
        }

        SetWord(section.Id, 8, offset);
    }

    private void NameParameters(BtfType prototype)
    {
        KernelSymbolId();       // its name will do
        for (int i = 0; i < prototype.Length; i++)
        {
            BtfParameter parameter = prototype.Parameter(i);
            if (parameter.TypeId != 0 && parameter.NameOffset == 0)
            {
                SetWord(prototype.Id, BtfFormat.TypeSize + (i * 8), _kernelSymbolNameOffset);
            }
        }
    }

    /// <summary>The kernel wants variables in the order of their places (<c>btf_datasec_check_meta</c>).</summary>
    private void SortSection(BtfType section)
    {
        (uint Offset, int Order, uint TypeId, uint Size)[] entries = new (uint, int, uint, uint)[section.Length];
        for (int i = 0; i < entries.Length; i++)
        {
            int at = BtfFormat.TypeSize + (i * 12);
            entries[i] = (WordOf(section.Id, at + 4), i, WordOf(section.Id, at), WordOf(section.Id, at + 8));
        }

        Array.Sort(entries, static (a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.Order.CompareTo(b.Order));
        for (int i = 0; i < entries.Length; i++)
        {
            int at = BtfFormat.TypeSize + (i * 12);
            SetWord(section.Id, at, entries[i].TypeId);
            SetWord(section.Id, at + 4, entries[i].Offset);
            SetWord(section.Id, at + 8, entries[i].Size);
        }
    }

    /// <summary>Replaces each type that the kernel does not know by one of the same length that it does.</summary>
    private void Downgrade(BtfFeatures features)
    {
        bool functions = features.HasFlag(BtfFeatures.Functions);
        bool sections = features.HasFlag(BtfFeatures.DataSections);
        uint last = _count;         // what is appended on the way is as old as can be
        for (uint id = 1; id <= last; id++)
        {
            uint info = WordOf(id, 4);
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
                case BtfKind.DataSection when !features.HasFlag(BtfFeatures.OptionalSections) && _source[id].Name is [(byte)'?', ..]:
                    SetWord(id, 0, AddString([(byte)'_', .. Shorten(_source[id].Name)[1..]]));
                    break;
                case BtfKind.FunctionPrototype when !functions:
                    DowngradePrototype(id, length);
                    break;
                case BtfKind.Function when !functions:
                    SetKind(id, BtfKind.Typedef, 0);
                    break;
                case BtfKind.Function when !features.HasFlag(BtfFeatures.GlobalFunctions):
                    SetKind(id, BtfKind.Function, (int)BtfLinkage.Static);
                    break;
                case BtfKind.Float when !features.HasFlag(BtfFeatures.Floats):
                    SetKind(id, BtfKind.Struct, 0);
                    SetWord(id, 0, 0);      // "float" is no name that C allows for a struct
                    break;
                case BtfKind.TypeTag when !features.HasFlag(BtfFeatures.TypeTags):
                    SetKind(id, BtfKind.Const, 0);
                    SetWord(id, 0, 0);
                    break;
                case BtfKind.Enum when !features.HasFlag(BtfFeatures.Enum64):
                    SetKind(id, BtfKind.Enum, length);
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
        SetKind(id, BtfKind.Int, 0);
        SetWord(id, 8, 1);
        SetWord(id, BtfFormat.TypeSize, 8);
    }

    private void DowngradeSection(uint id, int length)
    {
        SetKind(id, BtfKind.Struct, length);
        SetWord(id, 0, AddString(ToIdentifier(Shorten(_source[id].Name))));
        for (int i = 0; i < length; i++)
        {
            int at = BtfFormat.TypeSize + (i * 12);
            uint variable = WordOf(id, at);
            uint offset = WordOf(id, at + 4);
            SetWord(id, at, WordOf(variable, 0));
            SetWord(id, at + 4, variable);
            SetWord(id, at + 8, offset * 8);
        }
    }

    /// <summary>Parameters and enumeration values are laid out alike; only those need names.</summary>
    private void DowngradePrototype(uint id, int length)
    {
        SetKind(id, BtfKind.Enum, length);
        SetWord(id, 8, 4);
        uint nameOffset = 0;
        for (int i = 0; i < length; i++)
        {
            int at = BtfFormat.TypeSize + (i * 8);
            if (WordOf(id, at) == 0)
            {
                nameOffset = nameOffset == 0 ? AddString("parameter"u8) : nameOffset;
                SetWord(id, at, nameOffset);
            }
        }
    }

    private void DowngradeEnum64(uint id, int length)
    {
        uint placeholder = ByteId();
        SetKind(id, BtfKind.Union, length);
        for (int i = 0; i < length; i++)
        {
            int at = BtfFormat.TypeSize + (i * 12);
            SetWord(id, at + 4, placeholder);
            SetWord(id, at + 8, 0);
        }
    }

    private uint ByteId() =>
        _byteId != 0 ? _byteId : _byteId = AddType(AddString("placeholder"u8), BtfFormat.Info(BtfKind.Int, 0), 1, 8);

    private uint IntId()
    {
        for (uint id = 1; _intId == 0 && id <= (uint)_source.Count; id++)
        {
            BtfType type = _source[id];
            if (type.Kind == BtfKind.Int && type.Size == 4 && type.IntegerEncoding.Bits == 32)
            {
                _intId = id;
            }
        }

        return _intId != 0 ? _intId : _intId = AddType(AddString("int"u8), BtfFormat.Info(BtfKind.Int, 0), 4, (1u << 24) | 32);
    }

    private uint KernelSymbolId()
    {
        if (_kernelSymbolId == 0)
        {
            uint intId = IntId();
            _kernelSymbolNameOffset = AddString("kernel_symbol"u8);
            _kernelSymbolId = AddType(_kernelSymbolNameOffset, BtfFormat.Info(BtfKind.Variable, 0), intId, (uint)BtfLinkage.Global);
        }

        return _kernelSymbolId;
    }

    /// <summary>Appends a type that is followed by one word.</summary>
    private uint AddType(uint nameOffset, uint info, uint sizeOrType, uint trailing)
    {
        int at = Grow(ref _types, ref _typesLength, 16);
        BinaryPrimitives.WriteUInt32LittleEndian(_types.AsSpan(at), nameOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(_types.AsSpan(at + 4), info);
        BinaryPrimitives.WriteUInt32LittleEndian(_types.AsSpan(at + 8), sizeOrType);
        BinaryPrimitives.WriteUInt32LittleEndian(_types.AsSpan(at + 12), trailing);
        return ++_count;
    }

    private uint AddString(ReadOnlySpan<byte> text)
    {
        int at = Grow(ref _strings, ref _stringsLength, text.Length + 1);
        text.CopyTo(_strings.AsSpan(at));
        return (uint)at;
    }

    /// <summary>Appends <paramref name="count"/> zero bytes and returns where.</summary>
    private static int Grow(ref byte[] bytes, ref int length, int count)
    {
        int at = length;
        length = checked(length + count);
        if (length > bytes.Length)
        {
            Array.Resize(ref bytes, Math.Max(length, bytes.Length + (bytes.Length / 2)));
        }

        return at;
    }

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

    // Types that were added all consist of four words, in the order of their ids.
    private int OffsetOf(uint id) =>
        id <= (uint)_source.Count ? _source.OffsetOf(id) : _typesLength - ((int)(_count - id + 1) * 16);

    private uint WordOf(uint id, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_types.AsSpan(OffsetOf(id) + offset));

    private void SetWord(uint id, int offset, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(_types.AsSpan(OffsetOf(id) + offset), value);

    private void SetKind(uint id, BtfKind kind, int length) => SetWord(id, 4, BtfFormat.Info(kind, length));

    private byte[] ToImage()
    {
        byte[] image = new byte[BtfFormat.HeaderSize + _typesLength + _stringsLength];
        Span<byte> header = image;
        BinaryPrimitives.WriteUInt16LittleEndian(header, BtfFormat.Magic);
        header[2] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], BtfFormat.HeaderSize);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], (uint)_typesLength);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], (uint)_typesLength);
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], (uint)_stringsLength);
        _types.AsSpan(0, _typesLength).CopyTo(image.AsSpan(BtfFormat.HeaderSize));
        _strings.AsSpan(0, _stringsLength).CopyTo(image.AsSpan(BtfFormat.HeaderSize + _typesLength));
        return image;
    }

    [DoesNotReturn, StackTraceHidden]
    private void Fail(BtfType section, string problem) =>
        throw new BadImageException($"{_source.ImageName}: type {section}: {problem}");
}
