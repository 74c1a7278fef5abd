using System.Runtime.InteropServices;

using Caretta.Bpf;
using Caretta.Kernel.Tests.Libbpf;
using Caretta.Kernel.Tests.Support;
using Caretta.Testing;

using Xunit;

namespace Caretta.Kernel.Tests.Loader;

/// <summary>Memory that programs and user space share: <c>newer/arena.bpf.c</c>. Linux 6.9.</summary>
public sealed class ArenaTests
{
    private const ulong Address = 0x1_0000_0000 * 17;

    [KernelFact]
    public void Variables_of_an_arena_are_set_before_and_shared_while_the_program_runs()
    {
        BpfObject file = Parse();
        file.SetVariable("also_counted", 60u);
        using LoadedObject loaded = LoaderFixture.Load(file);
        Span<ulong> counted = MemoryMarshal.Cast<byte, ulong>(loaded.ArenaVariable("counted"));
        Span<uint> alsoCounted = MemoryMarshal.Cast<byte, uint>(loaded.ArenaVariable("also_counted"));
        Assert.Equal((5UL, 60u), (counted[0], alsoCounted[0]));

        Assert.Equal(6u + 70u, loaded.Program("count").TestRun(default).ReturnValue);
        counted[0] = 100;
        Assert.Equal(101u + 80u, loaded.Program("count").TestRun(default).ReturnValue);

        Assert.Equal((101UL, 80u), (counted[0], alsoCounted[0]));
    }

    [KernelFact]
    public void An_arena_is_where_its_author_wants_it()
    {
        BpfObject file = Parse();
        file.Map("arena").MapExtra = Address;

        using LoadedObject loaded = LoaderFixture.Load(file);

        Assert.Equal(Address, loaded.Map("arena").Arena!.Address);
        Assert.Equal(6u + 16u, loaded.Program("count").TestRun(default).ReturnValue);
    }

    [KernelFact]
    public void An_arena_has_up_to_four_gigabytes()
    {
        BpfObject file = Parse();
        file.Map("arena").MaxEntries = (uint)((1L << 32) / Environment.SystemPageSize);

        using LoadedObject loaded = LoaderFixture.Load(file);

        BpfMemory arena = loaded.Map("arena").Arena!;
        Assert.Equal((1L << 32, int.MaxValue), (arena.LongLength, arena.Length));
        arena.Slice(arena.LongLength - 8, 8).Fill(7);
        Assert.Equal(7, arena.Slice(arena.LongLength - 1, 1)[0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => arena.Slice(arena.LongLength - 7, 8).Length);
        Assert.Equal(6u + 16u, loaded.Program("count").TestRun(default).ReturnValue);
    }

    [KernelFact]
    public void An_address_that_is_taken_is_refused_and_nothing_is_left()
    {
        BpfObject file = Parse();
        using LoadedObject first = LoaderFixture.Load(file);
        file.Map("arena").MapExtra = first.Map("arena").Arena!.Address;
        int before = OpenDescriptors.Count();

        BpfException refusal = Assert.Throws<BpfException>(() => BpfLoader.Load(file));

        Assert.Contains("map memory of arena arena", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(before, OpenDescriptors.Count());
        Assert.Equal(6u + 16u, first.Program("count").TestRun(default).ReturnValue);
    }

    [KernelFact]
    public void Variables_that_nobody_could_write_are_refused()
    {
        BpfObject file = Parse();
        file.Map("arena").Flags |= 1 << 17;      // BPF_F_SEGV_ON_FAULT

        Assert.Contains("SEGV_ON_FAULT", Assert.Throws<NotSupportedException>(() => BpfLoader.Load(file)).Message, StringComparison.Ordinal);
    }

    private static BpfObject Parse()
    {
        using var directory = new TemporaryDirectory();
        string source = Path.Combine(Repository.Root, "tests/Caretta.Kernel.Tests/Fixtures/newer/arena.bpf.c");
        CompiledCorpus.Compile(source, directory["object.o"], "v3");
        return BpfObject.Parse(File.ReadAllBytes(directory["object.o"]), "arena.bpf.c");
    }
}
