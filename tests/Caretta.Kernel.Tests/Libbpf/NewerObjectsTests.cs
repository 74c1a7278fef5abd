using Caretta.Bpf;
using Caretta.Bpf.Linking;
using Caretta.Kernel.Tests.Support;
using Caretta.Testing;
using Xunit;

namespace Caretta.Kernel.Tests.Libbpf;

/// <summary>What objects may hold since libbpf 1.1: read as libbpf 1.7 does, with whose results the figures here were compared.</summary>
public sealed class NewerObjectsTests
{
    [Fact]
    public void A_programs_exception_callback_is_linked_behind_it_with_what_it_calls()
    {
        BpfObject bpf = Compile("newer/newer.bpf.c");

        Assert.Equal(["throws", "on_exception", "helper_of_callback"], Functions(bpf, "throws"));
        Assert.Equal(["does_not_throw"], Functions(bpf, "does_not_throw"));
    }

    [Fact]
    public void Variables_of_an_arena_are_at_its_start()
    {
        BpfObject bpf = Compile("newer/newer.bpf.c");

        Assert.True(bpf.TryFindVariable("also_counted", out BpfVariable variable));
        BpfMapDefinition arena = bpf.Map("arena");
        Assert.Equal((arena.Index, 8u, 4u), (variable.MapIndex, variable.Offset, variable.Size));
        Assert.Equal((5UL, 6u), (bpf.GetVariable<ulong>("counted"), bpf.GetVariable<uint>("also_counted")));
        LinkedProgram linked = bpf.CreateLinker(null).Link(bpf.Program("throws"));
        Assert.Contains(linked.MapReferences, reference => reference is { IsValue: true, ValueOffset: 8 } && reference.MapIndex == arena.Index);
    }

    [Fact]
    public void A_struct_behind_a_question_mark_is_not_created_and_its_programs_are_not_loaded()
    {
        BpfObject bpf = Compile("newer/newer.bpf.c");

        BpfMapDefinition map = bpf.Map("not_by_itself");
        Assert.Equal((BpfMapKind.StructOps, BpfMapType.StructOps, false, 1u << 13), (map.Kind, map.Type, map.AutoCreate, map.Flags));
        Assert.False(bpf.Program("later").AutoLoad);
        Assert.Equal(new BpfInitialSlot(0, bpf.Program("later").Index), Assert.Single(map.InitialSlots));
    }

    /// <summary>The object's struct has members in other places than the kernel's, and one that no kernel has: it is null, so it is left out.</summary>
    [KernelFact]
    public void A_struct_is_laid_out_as_the_kernel_has_it_and_its_programs_are_verified_for_their_members()
    {
        BpfObject bpf = Compile("comparison/congestion.bpf.c");

        using LoadedObject loaded = BpfLoader.Load(bpf);

        Assert.Equal(["ssthresh", "cong_avoid", "undo_cwnd"], loaded.Programs.Select(static program => program.Name));
        using KernelTypes kernel = KernelTypes.Read();
        using var modules = new ModuleTypes(() => kernel);
        StructOpsLayout layout = StructOpsLayout.Find(bpf, bpf.Map("steady"), kernel.Types, modules);
        Assert.Equal(layout.Value.Length, loaded.Map("steady").Shape.ValueSize);
        Assert.Equal(3, layout.Functions.Count);
        Assert.True(layout.Value.AsSpan().IndexOf("caretta_steady\0"u8) > 0);
    }

    [KernelFact]
    public void A_member_that_the_kernel_lacks_is_named_if_it_holds_something()
    {
        BpfObject bpf = Compile("comparison/congestion.bpf.c");
        bpf.Map("steady").InitialValue.Span[16] = 1;

        KeyNotFoundException refusal = Assert.Throws<KeyNotFoundException>(() => BpfLoader.Load(bpf));

        Assert.Contains("has no member not_in_any_kernel", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_big_endian_object_shows_the_same_code_and_is_not_loaded()
    {
        BpfObject little = Compile("comparison/arrangements.bpf.c");
        BpfObject big = Compile("comparison/arrangements.bpf.c", "bpfeb");

        Assert.Equal((false, true), (little.IsBigEndian, big.IsBigEndian));
        Assert.Equal(little.Programs.Select(static program => program.Name), big.Programs.Select(static program => program.Name));
        ProgramLinker littleLinker = little.CreateLinker(null);
        ProgramLinker bigLinker = big.CreateLinker(null);
        foreach ((BpfProgramDefinition a, BpfProgramDefinition b) in little.Programs.Zip(big.Programs))
        {
            Assert.Equal(littleLinker.Link(a).Instructions.ToArray(), bigLinker.Link(b).Instructions.ToArray());
            Assert.Equal(littleLinker.Link(a).LineInfo.Length, bigLinker.Link(b).LineInfo.Length);
        }

        Assert.Contains("big-endian", Assert.Throws<NotSupportedException>(() => BpfLoader.Load(big)).Message, StringComparison.Ordinal);
    }

    private static string[] Functions(BpfObject bpf, string program) =>
        [.. bpf.CreateLinker(null).Link(bpf.Program(program)).Functions.Select(static function => function.Name)];

    private static BpfObject Compile(string name, string target = "bpfel")
    {
        using var directory = new TemporaryDirectory();
        CompiledCorpus.Compile(Path.Combine(Repository.Root, "tests/Caretta.Kernel.Tests/Fixtures", name), directory["object.o"], "v3", target);
        return BpfObject.Parse(File.ReadAllBytes(directory["object.o"]), name);
    }
}
