using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Caretta.Bpf.Btf;
using Caretta.Bpf.CoreRelocation;
using Caretta.Bpf.Elf;

namespace Caretta.Bpf.Tests.CoreRelocation;

/// <summary>Reads the files of <c>Fixtures/core</c>.</summary>
internal static class CoreFixtures
{
    private static readonly string Folder = FindFolder();

    public static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(Folder, name));

    public static string[] ReadLines(string name) => File.ReadAllLines(Path.Combine(Folder, name));

    public static BtfTypes ReadTypes(string name) => BtfTypes.Parse(Read(name), name);

    /// <summary>One section of an object.</summary>
    public static ReadOnlyMemory<byte> Section(string name, string section)
    {
        ElfFile file = ElfFile.Parse(Read(name), name);
        foreach (ElfSection candidate in file.Sections)
        {
            if (file.TextOf(candidate) == section)
            {
                return file.BytesOf(candidate);
            }
        }

        throw new ArgumentException($"{name} has no section {section}");
    }

    /// <summary>
    /// The programs of an object, by section, each with its code and relocations. Read by hand, so that what relocates them is tested
    /// and not what reads <c>.BTF.ext</c>.
    /// </summary>
    public static Dictionary<string, (BpfInstruction[] Code, List<CoreRelocationRecord> Records)> Programs(string name, BtfTypes types)
    {
        ReadOnlySpan<byte> ext = Section(name, ".BTF.ext").Span;
        uint headerSize = Word(ext, 4);
        ReadOnlySpan<byte> relocations = ext.Slice((int)(headerSize + Word(ext, 24)), (int)Word(ext, 28));
        int recordSize = (int)Word(relocations, 0);
        Dictionary<string, (BpfInstruction[], List<CoreRelocationRecord>)> programs = [];
        for (int at = 4; at < relocations.Length;)
        {
            string section = types.NameText(Word(relocations, at));
            uint count = Word(relocations, at + 4);
            at += 8;
            List<CoreRelocationRecord> records = [];
            for (; count > 0; count--, at += recordSize)
            {
                records.Add(new CoreRelocationRecord(
                    (int)Word(relocations, at) / 8, Word(relocations, at + 4), Word(relocations, at + 8),
                    (CoreRelocationKind)Word(relocations, at + 12)));
            }

            programs.Add(section, (MemoryMarshal.Cast<byte, BpfInstruction>(Section(name, section).Span).ToArray(), records));
        }

        return programs;
    }

    private static uint Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

    private static string FindFolder()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "Fixtures", "core");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        throw new DirectoryNotFoundException($"Fixtures/core is not above {AppContext.BaseDirectory}");
    }
}
