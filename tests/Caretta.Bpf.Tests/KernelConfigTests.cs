using System.IO.Compression;
using System.Text;
using Caretta.Bpf.Objects;
using Xunit;

namespace Caretta.Bpf.Tests;

public sealed class KernelConfigTests
{
    private const string Complete = """
        # Automatically generated file; DO NOT EDIT.
        CONFIG_BPF=y
        CONFIG_VETH=m
        CONFIG_PREEMPT=n
        CONFIG_SMALL=-5
        CONFIG_HZ=250
        CONFIG_ADDRESS=0xffffffff81000000
        CONFIG_DEFAULT_HOSTNAME="(none) and more"
        # CONFIG_MISSING is not set
        """;

    [Fact]
    public void Values_of_all_types_are_written_where_the_program_looks()
    {
        BpfObject parsed = Apply(Complete, new BpfKernelFacts(0x061203, HasSyscallWrapper: true));

        Assert.Equal(0x061203u, parsed.GetVariable<uint>("LINUX_KERNEL_VERSION"));
        Assert.True(parsed.GetVariable<bool>("LINUX_HAS_SYSCALL_WRAPPER"));
        Assert.True(parsed.GetVariable<bool>("CONFIG_BPF"));
        Assert.Equal(2, parsed.GetVariable<int>("CONFIG_VETH"));
        Assert.Equal((byte)'n', parsed.GetVariable<byte>("CONFIG_PREEMPT"));
        Assert.Equal(-5, parsed.GetVariable<short>("CONFIG_SMALL"));
        Assert.Equal(250, parsed.GetVariable<int>("CONFIG_HZ"));
        Assert.Equal(0xffffffff81000000, parsed.GetVariable<ulong>("CONFIG_ADDRESS"));
        Assert.Equal(BitConverter.ToUInt64("(none) \0"u8), parsed.GetVariable<ulong>("CONFIG_DEFAULT_HOSTNAME"));
        Assert.False(parsed.GetVariable<bool>("CONFIG_MISSING"));
    }

    [Fact]
    public void Map_of_the_configuration_is_frozen_data_with_a_type()
    {
        BpfObject parsed = Fixture.Parse("externs.bpf.o");
        BpfMapDefinition map = parsed.Map(".kconfig");

        Assert.True(parsed.UsesConfiguration);
        Assert.False(Fixture.Parse("data.bpf.o").UsesConfiguration);
        Assert.Equal((BpfMapKind.KernelConfiguration, true, 34u), (map.Kind, map.IsReadOnly, map.ValueSize));
        Assert.Equal(".kconfig", parsed.Btf![map.BtfValueTypeId].NameText);
    }

    /// <summary>The struct that <c>bpftool gen skeleton</c> (libbpf 1.1) prints for the same object.</summary>
    [Fact]
    public void Layout_is_that_of_libbpf() =>
        Assert.Equal(
            [("CONFIG_ADDRESS", 0u), ("CONFIG_HZ", 8u), ("CONFIG_VETH", 12u), ("LINUX_KERNEL_VERSION", 16u), ("CONFIG_SMALL", 20u),
                ("CONFIG_BPF", 22u), ("CONFIG_MISSING", 23u), ("CONFIG_PREEMPT", 24u), ("LINUX_HAS_SYSCALL_WRAPPER", 25u),
                ("CONFIG_DEFAULT_HOSTNAME", 26u)],
            Fixture.Parse("externs.bpf.o").Configuration.Select(value => (value.Name, value.Offset)));

    [Theory]
    [InlineData("CONFIG_HZ")]
    [InlineData("CONFIG_BPF")]
    [InlineData("CONFIG_VETH")]
    [InlineData("CONFIG_DEFAULT_HOSTNAME")]
    public void Missing_value_of_a_strong_variable_is_named(string option)
    {
        string text = Complete.Replace(option + "=", "CONFIG_OTHER=", StringComparison.Ordinal);

        BadImageException e = Assert.Throws<BadImageException>(() => Apply(text, default));
        Assert.Equal($"externs.bpf.o: needs the value of {option}, and test.config does not have it", e.Message);
    }

    [Theory]
    [InlineData("CONFIG_BPF=m")]
    [InlineData("CONFIG_BPF=2")]
    [InlineData("CONFIG_BPF=\"y\"")]
    [InlineData("CONFIG_HZ=y")]
    [InlineData("CONFIG_HZ=2147483648")]
    [InlineData("CONFIG_HZ=99999999999999999999")]
    [InlineData("CONFIG_HZ=12x")]
    [InlineData("CONFIG_HZ=08")]
    [InlineData("CONFIG_HZ=-")]
    [InlineData("CONFIG_HZ=0x")]
    [InlineData("CONFIG_HZ=\"")]
    [InlineData("CONFIG_SMALL=32768")]
    [InlineData("CONFIG_SMALL=-32769")]
    [InlineData("CONFIG_VETH=1")]
    [InlineData("CONFIG_DEFAULT_HOSTNAME=y")]
    [InlineData("CONFIG_DEFAULT_HOSTNAME=5")]
    public void Value_that_does_not_fit_is_refused(string line)
    {
        string text = line + "\n" + Complete;

        BadImageException e = Assert.Throws<BadImageException>(() => Apply(text, default));
        Assert.StartsWith("externs.bpf.o: the kernel is configured with " + line[..line.IndexOf('=')], e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-2147483648", int.MinValue)]
    [InlineData("2147483647", int.MaxValue)]
    [InlineData("0x10", 16)]
    [InlineData("010", 8)]
    [InlineData("0", 0)]
    public void Numbers_are_read_as_C_reads_them(string text, int expected) =>
        Assert.Equal(expected, Apply($"CONFIG_HZ={text}\n{Complete}", default).GetVariable<int>("CONFIG_HZ"));

    [Theory]
    [InlineData("CONFIG_HZ=")]
    [InlineData("CONFIG_HZ")]
    [InlineData("CONFIG_HZ=   ")]
    public void Option_without_a_value_is_refused(string line)
    {
        BadImageException e = Assert.Throws<BadImageException>(() => KernelConfig.Parse(Encoding.UTF8.GetBytes("# x\n" + line), "test.config"));
        Assert.StartsWith("test.config: expected CONFIG_NAME=value at offset 0x4, found \"CONFIG_HZ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_may_end_as_anywhere_and_the_first_of_a_name_counts()
    {
        KernelConfig config = KernelConfig.Parse("CONFIG_A=1\r\nCONFIG_B=2\t\nCONFIG_A=3\n\n#CONFIG_C=4\nOTHER=5"u8, "test.config");

        Assert.Equal(2, config.Count);
        Assert.True(config.TryGetValue("CONFIG_A", out string a) && a == "1");
        Assert.True(config.TryGetValue("CONFIG_B", out string b) && b == "2");
    }

    [Fact]
    public void File_of_boot_is_preferred_to_that_of_proc()
    {
        using TemporaryRoot root = new();
        Assert.Same(KernelConfig.Empty, KernelConfig.ReadOf("6.1.0", root.Path));

        root.WriteCompressed("proc/config.gz", "CONFIG_HZ=100\n");
        Assert.True(KernelConfig.ReadOf("6.1.0", root.Path).TryGetValue("CONFIG_HZ", out string fromProc) && fromProc == "100");

        root.Write("boot/config-6.1.0", "CONFIG_HZ=250\n"u8);
        Assert.True(KernelConfig.ReadOf("6.1.0", root.Path).TryGetValue("CONFIG_HZ", out string fromBoot) && fromBoot == "250");
        Assert.True(KernelConfig.ReadOf("6.2.0", root.Path).TryGetValue("CONFIG_HZ", out string other) && other == "100");
    }

    [Fact]
    public void File_that_is_not_compressed_although_it_says_so_is_refused()
    {
        using TemporaryRoot root = new();
        root.Write("proc/config.gz", "CONFIG_HZ=100\n"u8);

        Assert.Contains("not a gzip file", Assert.Throws<BadImageException>(() => KernelConfig.ReadOf("6.1.0", root.Path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void File_that_never_ends_is_refused()
    {
        using TemporaryRoot root = new();
        root.WriteCompressed("proc/config.gz", new string('\n', 17 << 20));

        Assert.Contains("more than 16777216 bytes", Assert.Throws<BadImageException>(() => KernelConfig.ReadOf("6.1.0", root.Path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Character_may_be_a_letter_or_a_number()
    {
        ConfigurationExtern value = new("CONFIG_X", ConfigurationKind.Character, 1, IsSigned: false, IsWeak: false);
        byte[] target = new byte[1];

        value.Write("m", target, "x.o");
        Assert.Equal((byte)'m', target[0]);
        value.Write("200", target, "x.o");
        Assert.Equal(200, target[0]);
        Assert.Throws<BadImageException>(() => value.Write("256", target, "x.o"));
    }

    private static BpfObject Apply(string text, BpfKernelFacts facts)
    {
        BpfObject parsed = Fixture.Parse("externs.bpf.o");
        parsed.ApplyConfiguration(KernelConfig.Parse(Encoding.UTF8.GetBytes(text), "test.config"), facts);
        return parsed;
    }

    private sealed class TemporaryRoot : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("caretta-config-").FullName;

        public void Write(string name, ReadOnlySpan<byte> bytes)
        {
            string path = System.IO.Path.Combine(Path, name);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, bytes.ToArray());
        }

        public void WriteCompressed(string name, string text)
        {
            using MemoryStream compressed = new();
            using (GZipStream stream = new(compressed, CompressionLevel.Fastest))
            {
                stream.Write(Encoding.UTF8.GetBytes(text));
            }

            Write(name, compressed.ToArray());
        }

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
