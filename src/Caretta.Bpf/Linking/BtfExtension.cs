using Caretta.Bpf.Btf;

namespace Caretta.Bpf.Linking;

/// <summary>
/// The section <c>.BTF.ext</c>: what the compiler knows about single instructions. Three segments, each with records for several sections.
/// </summary>
/// <remarks>
/// Source: <c>Documentation/bpf/btf.rst, .BTF.ext section</c>. Records may be longer than we know; their head is used. Offsets count bytes
/// from the start of a section in the image, and instructions in the objects here.
/// </remarks>
internal sealed class BtfExtension
{
    private const ushort Magic = 0xeb9f;
    private const int ShortHeader = 24;     // before CO-RE
    private const int HeaderSize = 32;
    private const int FunctionRecordSize = 8;
    private const int LineRecordSize = 16;
    private const int CoreRecordSize = 16;

    private readonly string _what;
    private readonly BtfTypes _types;
    private readonly Dictionary<string, CodeSection> _sections;

    private BtfExtension(string what, BtfTypes types, Dictionary<string, CodeSection> sections)
    {
        _what = what;
        _types = types;
        _sections = sections;
    }

    /// <summary>Reads all records and hands them to the sections they belong to. Records of other sections are checked and dropped.</summary>
    /// <param name="bytes">The section <c>.BTF.ext</c>.</param>
    /// <param name="what">Name of the image for messages.</param>
    /// <param name="types">The section <c>.BTF</c> of the same object.</param>
    /// <param name="sections">All sections with code.</param>
    /// <exception cref="BadImageException">The section is malformed, or refers to types, texts or instructions that do not exist.</exception>
    public static void Read(ReadOnlySpan<byte> bytes, string what, BtfTypes types, IReadOnlyList<CodeSection> sections)
    {
        Dictionary<string, CodeSection> byName = [];
        foreach (CodeSection section in sections)
        {
            byName.TryAdd(section.Name, section);
        }

        new BtfExtension(what, types, byName).Read(bytes);
    }

    private delegate T RecordReader<T>(ref SpanReader record, uint instruction);

    private void Read(ReadOnlySpan<byte> bytes)
    {
        SpanReader reader = new(bytes, _what);
        ushort magic = reader.ReadU16();
        byte version = reader.ReadU8();
        reader.Skip(1);     // flags
        uint headerLength = reader.ReadU32();
        if (magic != Magic || version != 1 || headerLength < ShortHeader)
        {
            throw new BadImageException($"{_what}: expected magic 0x{Magic:x}, version 1 and a header of at least {ShortHeader} bytes, "
                + $"found 0x{magic:x}, {version} and {headerLength}");
        }

        ReadOnlySpan<byte> header = reader.Slice(0, headerLength);
        ReadOnlySpan<byte> body = bytes[header.Length..];
        SpanReader fields = new(header, _what);
        fields.Skip(8);
        ReadSegment(Segment(ref fields, body), "func_info", FunctionRecordSize, ReadFunction, (section, records) => section.FunctionInfo = records,
            record => record.InstructionOffset);
        ReadSegment(Segment(ref fields, body), "line_info", LineRecordSize, ReadLine, (section, records) => section.LineInfo = records,
            record => record.InstructionOffset);
        if (headerLength >= HeaderSize)
        {
            ReadSegment(Segment(ref fields, body), "core_relo", CoreRecordSize, ReadCore, (section, records) => section.CoreRecords = records,
                record => record.InstructionOffset);
        }
    }

    private ReadOnlySpan<byte> Segment(ref SpanReader fields, ReadOnlySpan<byte> body)
    {
        uint offset = fields.ReadU32();
        uint length = fields.ReadU32();
        return length == 0 ? default : new SpanReader(body, _what).Slice(offset, length);
    }

    private void ReadSegment<T>(
        ReadOnlySpan<byte> bytes, string segment, int knownSize, RecordReader<T> readRecord, Action<CodeSection, T[]> assign,
        Func<T, uint> instructionOf)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        string what = $"{_what} {segment}";
        SpanReader reader = new(bytes, what);
        uint recordSize = reader.ReadU32();
        if (recordSize < knownSize || recordSize % sizeof(uint) != 0 || recordSize > bytes.Length)
        {
            throw new BadImageException($"{what}: records of {recordSize} bytes, expected a multiple of 4 that is at least {knownSize}");
        }

        NameBudget budget = new(what, bytes.Length);
        Dictionary<CodeSection, List<T>> records = [];
        while (reader.Remaining > 0)
        {
            int start = reader.Offset;
            uint nameOffset = reader.ReadU32();
            budget.Spend(_types.NameOf(nameOffset).Length);
            string name = _types.NameText(nameOffset);
            uint count = reader.ReadU32();
            if (count == 0 || count > reader.Remaining / recordSize)
            {
                throw new BadImageException($"{what}: {count} records of {recordSize} bytes for section {name} at offset 0x{start:x}, "
                    + $"{reader.Remaining} bytes are left");
            }

            CodeSection? section = _sections.GetValueOrDefault(name);
            List<T> list = [];
            if (section is not null && !records.TryAdd(section, list))
            {
                list = records[section];
            }

            for (uint i = 0; i < count; i++)
            {
                int at = reader.Offset;
                SpanReader record = new(reader.Take((int)recordSize), what);
                uint offset = record.ReadU32();
                if (offset % BpfInstruction.Size != 0 || (section is not null && offset / BpfInstruction.Size >= section.Code.Length))
                {
                    throw new BadImageException($"{what}: the record at offset 0x{at:x} is about byte 0x{offset:x} of section {name}, "
                        + "where no instruction starts");
                }

                list.Add(readRecord(ref record, offset / BpfInstruction.Size));
            }
        }

        foreach ((CodeSection section, List<T> list) in records)
        {
            // Compilers write them in order; whoever merged objects may not have.
            assign(section, [.. list.OrderBy(instructionOf)]);
        }
    }

    private BpfFunctionInfo ReadFunction(ref SpanReader record, uint instruction)
    {
        uint type = record.ReadU32();
        if (_types[type].Kind != BtfKind.Function)
        {
            throw new BadImageException($"{_what} func_info: type {type} of instruction {instruction} is a {_types[type].Kind}, not a function");
        }

        return new BpfFunctionInfo(instruction, type);
    }

    private BpfLineInfo ReadLine(ref SpanReader record, uint instruction)
    {
        BpfLineInfo line = new(instruction, record.ReadU32(), record.ReadU32(), record.ReadU32());
        CheckText(line.FileNameOffset, "line_info");
        CheckText(line.LineOffset, "line_info");
        return line;
    }

    private CoreRecord ReadCore(ref SpanReader record, uint instruction)
    {
        CoreRecord core = new(instruction, record.ReadU32(), record.ReadU32(), record.ReadU32());
        _ = _types[core.TypeId];
        CheckText(core.AccessOffset, "core_relo");
        return core;
    }

    private void CheckText(uint offset, string segment)
    {
        if (offset >= _types.StringLength)
        {
            throw new BadImageException($"{_what} {segment}: there is no text at 0x{offset:x}, the texts have only {_types.StringLength} bytes");
        }
    }
}
