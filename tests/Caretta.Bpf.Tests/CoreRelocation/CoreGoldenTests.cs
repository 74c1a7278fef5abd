using System.Globalization;
using System.Runtime.InteropServices;
using Caretta.Bpf.Btf;
using Caretta.Bpf.CoreRelocation;
using Xunit;

namespace Caretta.Bpf.Tests.CoreRelocation;

/// <summary>Our results against libbpf's, for the same object and the same types; see <c>Fixtures/core/README.md</c>.</summary>
public sealed class CoreGoldenTests
{
    [Theory]
    [InlineData("access.bpf.o", "target_same.btf", "access.target_same.expected.txt")]
    [InlineData("access.bpf.o", "target_moved.btf", "access.target_moved.expected.txt")]
    [InlineData("access.bpf.o", "target_bare.btf", "access.target_bare.expected.txt")]
    [InlineData("access.bpf.o", "target_many.btf", "access.target_many.expected.txt")]
    [InlineData("kernel.bpf.o", "kernel.btf", "kernel.expected.txt")]
    public void Every_program_becomes_what_libbpf_makes_of_it(string objectName, string targetName, string goldenName)
    {
        BtfTypes local = BtfTypes.Parse(CoreFixtures.Section(objectName, ".BTF"), objectName);
        BtfTypes target = CoreFixtures.ReadTypes(targetName);
        var programs = CoreFixtures.Programs(objectName, local);
        string[] golden = CoreFixtures.ReadLines(goldenName);
        Assert.Equal(programs.Count, golden.Length);
        foreach (string expected in golden)
        {
            string name = expected[..expected.IndexOf(':', StringComparison.Ordinal)];
            (BpfInstruction[] code, List<CoreRelocationRecord> records) = programs["raw_tp/" + name];
            Assert.Equal(expected, name + ":" + Relocate(code, records, new CoreRelocator(local, target), local));
        }
    }

    [Fact]
    public void Resolving_again_gives_the_same_code()
    {
        BtfTypes local = BtfTypes.Parse(CoreFixtures.Section("access.bpf.o", ".BTF"), "access.bpf.o");
        BtfTypes target = CoreFixtures.ReadTypes("target_moved.btf");
        CoreRelocator relocator = new(local, target);
        foreach ((BpfInstruction[] code, List<CoreRelocationRecord> records) in CoreFixtures.Programs("access.bpf.o", local).Values)
        {
            string first = Relocate((BpfInstruction[])code.Clone(), records, relocator, local);
            Assert.Equal(first, Relocate(code, records, relocator, local));
        }
    }

    private static string Relocate(BpfInstruction[] code, List<CoreRelocationRecord> records, CoreRelocator relocator, BtfTypes local)
    {
        try
        {
            foreach (CoreRelocationRecord record in records)
            {
                CorePatcher.Apply(code, record, relocator.Resolve(record), local);
            }
        }
        catch (CoreRelocationException)
        {
            return " refused";
        }

        string text = "";
        foreach (ulong word in MemoryMarshal.Cast<BpfInstruction, ulong>(code))
        {
            text += string.Create(CultureInfo.InvariantCulture, $" {word:x16}");
        }

        return text;
    }
}
