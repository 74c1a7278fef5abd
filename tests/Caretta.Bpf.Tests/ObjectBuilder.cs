namespace Caretta.Bpf.Tests;

/// <summary>Writes small object files by hand, for what no compiler would write.</summary>
internal static class ObjectBuilder
{
    /// <summary>An object with one section of code, cut into functions of equal size and name.</summary>
    public static byte[] Build(string section, byte[] code, int functionSize, string functionName = "f")
    {
        byte[] head = [.. "\0.strtab\0.symtab\0"u8, .. System.Text.Encoding.UTF8.GetBytes(section), 0];
        byte[] strings = [.. head, .. System.Text.Encoding.UTF8.GetBytes(functionName), 0];
        int count = code.Length / functionSize;
        int codeOffset = 64;
        int symbolsOffset = codeOffset + code.Length;
        int stringsOffset = symbolsOffset + ((count + 1) * 24);
        int sectionsOffset = (stringsOffset + strings.Length + 7) & ~7;
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        writer.Write([0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        writer.Write((ushort)1);
        writer.Write((ushort)247);
        writer.Write(1);
        writer.Write(0L);
        writer.Write(0L);
        writer.Write((long)sectionsOffset);
        writer.Write(0);
        writer.Write((ushort)64);
        writer.Write(0);
        writer.Write((ushort)64);
        writer.Write((ushort)4);
        writer.Write((ushort)3);
        writer.Write(code);
        writer.Write(new byte[24]);
        for (int i = 0; i < count; i++)
        {
            writer.Write(head.Length);      // name
            writer.Write((byte)0x12);       // global function
            writer.Write((byte)0);
            writer.Write((ushort)1);
            writer.Write((long)i * functionSize);
            writer.Write((long)functionSize);
        }

        writer.Write(strings);
        writer.Write(new byte[sectionsOffset - stringsOffset - strings.Length]);
        writer.Write(new byte[64]);
        WriteSection(writer, 17, 1, 0x6, codeOffset, code.Length, 0, 0);
        WriteSection(writer, 9, 2, 0, symbolsOffset, (count + 1) * 24, 3, 24);
        WriteSection(writer, 1, 3, 0, stringsOffset, strings.Length, 0, 0);
        return stream.ToArray();
    }

    private static void WriteSection(BinaryWriter writer, int name, int type, long flags, int offset, int size, int link, int entrySize)
    {
        writer.Write(name);
        writer.Write(type);
        writer.Write(flags);
        writer.Write(0L);
        writer.Write((long)offset);
        writer.Write((long)size);
        writer.Write(link);
        writer.Write(1);
        writer.Write(8L);
        writer.Write((long)entrySize);
    }
}
