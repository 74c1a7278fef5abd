using System.Buffers.Binary;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Caretta.Bpf.Btf;

/// <summary>
/// Checks a BTF image once and indexes its types, so that <see cref="BtfTypes"/> can follow every id and name afterwards without
/// asking again. Sizes and counts are compared in 64 bits with what is left of the image before they are used.
/// </summary>
internal ref struct BtfParser
{
    private readonly string _what;
    private readonly BtfTypes? _baseTypes;
    private readonly uint _baseCount;
    private readonly uint _baseStringLength;
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly BtfSections _sections;
    private readonly int _typesEnd;
    private int[] _offsets = [];
    private int _pointerSize;

    private BtfParser(ReadOnlyMemory<byte> image, BtfSections sections, string what, BtfTypes? baseTypes)
    {
        _bytes = image.Span;
        _sections = sections;
        _typesEnd = sections.TypesStart + sections.TypesLength;
        _what = what;
        _baseTypes = baseTypes;
        _baseCount = (uint)(baseTypes?.Count ?? 0);
        _baseStringLength = baseTypes?.StringLength ?? 0;
        _pointerSize = baseTypes?.PointerSize ?? 0;
    }

    /// <summary>The work behind <see cref="BtfTypes.Parse"/>.</summary>
    public static BtfTypes Parse(ReadOnlyMemory<byte> image, string what, BtfTypes? baseTypes)
    {
        BtfHeader header = BtfHeader.Read(image, what, isSplit: baseTypes is not null);
        BtfParser parser = new(header.Image, header.Sections, what, baseTypes);
        int count = parser.CountTypes();
        parser.IndexTypes(count);
        parser.CheckReferences();
        BtfTypes types = new(
            header.Image, what, baseTypes, parser._offsets, header.Sections,
            parser._pointerSize == 0 ? 8 : parser._pointerSize, header.IsBigEndian);
        CheckChains(types);
        return types;
    }

    private readonly int CountTypes()
    {
        int count = 0;
        for (int at = _sections.TypesStart; at < _typesEnd; count++)
        {
            at = SkipType(at, count);
        }

        return count;
    }

    /// <summary>Returns the offset behind the type at <paramref name="at"/>.</summary>
    private readonly int SkipType(int at, int index)
    {
        int left = _typesEnd - at;
        if (left < BtfFormat.TypeSize)
        {
            ThrowAt(index, at, $"need {BtfFormat.TypeSize} bytes, only {left} left");
        }

        uint info = WordAt(at + 4);
        BtfKind kind = BtfFormat.KindOf(info);
        long size = BtfFormat.TrailingSize(kind, BtfFormat.LengthOf(info));
        if (size < 0)
        {
            size = TrailingSizeFromLayout(kind, BtfFormat.LengthOf(info));
            if (size < 0)
            {
                ThrowAt(index, at, $"unknown kind {(int)kind}");
            }
        }

        if (size > left - BtfFormat.TypeSize)
        {
            ThrowAt(
                index, at,
                $"{BtfFormat.Describe(kind)} of length {BtfFormat.LengthOf(info)} needs {size} more bytes, "
                + $"only {left - BtfFormat.TypeSize} left");
        }

        return at + BtfFormat.TypeSize + (int)size;
    }

    /// <summary>
    /// Size of a kind that this reader does not know, as the image itself says it: one <c>struct btf_layout</c> per kind, with the
    /// bytes that follow once and the bytes per element.
    /// </summary>
    private readonly long TrailingSizeFromLayout(BtfKind kind, int length)
    {
        int at = (int)kind * 4;
        if (kind == BtfKind.Void || at + 4 > _sections.LayoutLength)
        {
            return -1;
        }

        ReadOnlySpan<byte> layout = _bytes.Slice(_sections.LayoutStart + at, 4);
        return layout[0] + ((long)layout[1] * length);
    }

    private void IndexTypes(int count)
    {
        _offsets = new int[count];
        int at = _sections.TypesStart;
        for (int index = 0; index < count; index++)
        {
            _offsets[index] = at;
            at = SkipType(at, index);
        }
    }

    private void CheckReferences()
    {
        for (int index = 0; index < _offsets.Length; index++)
        {
            int at = _offsets[index];
            uint nameOffset = WordAt(at);
            uint info = WordAt(at + 4);
            uint sizeOrType = WordAt(at + 8);
            int length = BtfFormat.LengthOf(info);
            int rest = at + BtfFormat.TypeSize;
            CheckName(index, at, nameOffset);
            switch (BtfFormat.KindOf(info))
            {
                case BtfKind.Int:
                    NotePointerSize(nameOffset, sizeOrType);
                    break;
                case BtfKind.Pointer or BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict or BtfKind.TypeTag
                    or BtfKind.DeclarationTag:
                    CheckId(index, at, sizeOrType);
                    break;
                case BtfKind.Function:
                    CheckId(index, at, sizeOrType);
                    CheckLinkage(index, at, (uint)length);
                    break;
                case BtfKind.Variable:
                    CheckId(index, at, sizeOrType);
                    CheckLinkage(index, at, WordAt(rest));
                    break;
                case BtfKind.Array:
                    CheckId(index, at, WordAt(rest));
                    CheckId(index, at, WordAt(rest + 4));
                    break;
                case BtfKind.Struct or BtfKind.Union:
                    for (int i = 0; i < length; i++)
                    {
                        CheckName(index, at, WordAt(rest + (i * 12)));
                        CheckId(index, at, WordAt(rest + (i * 12) + 4));
                    }

                    break;
                case BtfKind.Enum:
                    for (int i = 0; i < length; i++)
                    {
                        CheckName(index, at, WordAt(rest + (i * 8)));
                    }

                    break;
                case BtfKind.Enum64:
                    for (int i = 0; i < length; i++)
                    {
                        CheckName(index, at, WordAt(rest + (i * 12)));
                    }

                    break;
                case BtfKind.FunctionPrototype:
                    CheckId(index, at, sizeOrType);
                    for (int i = 0; i < length; i++)
                    {
                        CheckName(index, at, WordAt(rest + (i * 8)));
                        CheckId(index, at, WordAt(rest + (i * 8) + 4));
                    }

                    break;
                case BtfKind.DataSection:
                    for (int i = 0; i < length; i++)
                    {
                        CheckId(index, at, WordAt(rest + (i * 12)));
                    }

                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>A pointer is as wide as <c>long</c>, and most images have that type. The first one decides.</summary>
    private void NotePointerSize(uint nameOffset, uint size)
    {
        if (_pointerSize != 0 || size is not (4 or 8) || nameOffset < _baseStringLength)
        {
            return;
        }

        ReadOnlySpan<byte> name = _bytes[(_sections.StringsStart + (int)(nameOffset - _baseStringLength))..];
        name = name[..name.IndexOf((byte)0)];
        if (name.SequenceEqual("long"u8) || name.SequenceEqual("long int"u8) || name.SequenceEqual("int long"u8)
            || name.SequenceEqual("unsigned long"u8) || name.SequenceEqual("long unsigned"u8)
            || name.SequenceEqual("unsigned long int"u8) || name.SequenceEqual("long unsigned int"u8))
        {
            _pointerSize = (int)size;
        }
    }

    /// <summary>
    /// Refuses endless or absurdly long chains of modifiers and arrays, so that nobody who follows them later needs a limit;
    /// and relations between kinds that everything else relies on.
    /// </summary>
    private static void CheckChains(BtfTypes types)
    {
        ReadOnlySpan<byte> words = types.TypeBytes;
        for (uint id = types.FirstId; id <= (uint)types.Count; id++)
        {
            // Most refer to nothing that has to be followed: seen before a view is made.
            BtfKind kind = BtfFormat.KindOf(BinaryPrimitives.ReadUInt32LittleEndian(words[(types.OffsetOf(id) + 4)..]));
            if (kind is BtfKind.Struct or BtfKind.Union or BtfKind.Pointer or BtfKind.FunctionPrototype or BtfKind.Enum or BtfKind.Int)
            {
                continue;
            }

            BtfType type = types[id];
            if (type.Kind == BtfKind.Function)
            {
                if (types[type.TypeId].Kind != BtfKind.FunctionPrototype)
                {
                    ThrowBadType(types, type, $"its type is {types[type.TypeId]}, not a func_proto");
                }
            }
            else if (type.Kind == BtfKind.DataSection)
            {
                for (int i = 0; i < type.Length; i++)
                {
                    BtfType variable = types[type.SectionVariable(i).TypeId];
                    if (variable.Kind is not (BtfKind.Variable or BtfKind.Function))
                    {
                        ThrowBadType(types, type, $"entry {i} is {variable}, not a variable or function");
                    }
                }
            }
            else if (type.IsModifier || type.Kind is BtfKind.Array or BtfKind.Variable or BtfKind.DeclarationTag)
            {
                CheckChain(types, type);
            }
        }
    }

    private static void CheckChain(BtfTypes types, BtfType type)
    {
        BtfType next = type;
        for (int depth = 0; ; depth++)
        {
            if (depth > BtfFormat.MaxDepth)
            {
                ThrowBadType(types, type, $"more than {BtfFormat.MaxDepth} types in a row only wrap the next one; is it a cycle?");
            }

            if (next.Kind == BtfKind.Array)
            {
                next = types[next.Array.ElementTypeId];
            }
            else if (next.IsModifier || next.Kind is BtfKind.Variable or BtfKind.DeclarationTag)
            {
                next = types[next.TypeId];
            }
            else
            {
                return;
            }
        }
    }

    private readonly void CheckName(int index, int at, uint offset)
    {
        if (offset >= _baseStringLength + (ulong)(uint)_sections.StringsLength)
        {
            ThrowAt(
                index, at, $"name at 0x{offset:x}, the strings have only {_baseStringLength + (ulong)(uint)_sections.StringsLength} bytes");
        }
    }

    private readonly void CheckId(int index, int at, uint id)
    {
        if (id > _baseCount + (ulong)(uint)_offsets.Length)
        {
            ThrowAt(index, at, $"refers to type {id}, there are only {_baseCount + (ulong)(uint)_offsets.Length}");
        }
    }

    private readonly void CheckLinkage(int index, int at, uint linkage)
    {
        if (linkage > (uint)BtfLinkage.External)
        {
            ThrowAt(index, at, $"linkage {linkage} is unknown");
        }
    }

    private readonly uint WordAt(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[offset..]);

    [DoesNotReturn, StackTraceHidden]
    private readonly void ThrowAt(int index, int at, string problem) =>
        throw new BadImageException($"{_what}: type [{_baseCount + (uint)index + 1}] at offset 0x{at:x}: {problem}");

    [DoesNotReturn, StackTraceHidden]
    private static void ThrowBadType(BtfTypes types, BtfType type, string problem) =>
        throw new BadImageException($"{types.ImageName}: type {type} at offset 0x{type.ImageOffset:x}: {problem}");
}
