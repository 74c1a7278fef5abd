using Caretta.Bpf.Btf;
using Caretta.Bpf.CoreRelocation;
using Caretta.Bpf.Tests.Btf;
using Xunit;

namespace Caretta.Bpf.Tests.CoreRelocation;

/// <summary>What "the kernel has this type" (exists) and "has it just like this" (matches) mean.</summary>
public sealed class CoreTypeComparerTests
{
    [Fact]
    public void Structs_exist_by_name_and_match_by_members()
    {
        AssertCompared(true, true,
            b => b.Struct("s", 4, ("a", b.Int("int", 4), 0)),
            b => b.Struct("s", 8, ("b", b.Int("long", 8), 0), ("a", b.Int("int", 4), 64)));
        AssertCompared(true, false,
            b => b.Struct("s", 4, ("a", b.Int("int", 4), 0)),
            b => b.Struct("s", 4, ("b", b.Int("int", 4), 0)));
        AssertCompared(true, false,
            b => b.Struct("s", 4, ("a", b.Int("int", 4), 0)),
            b => b.Struct("s", 4, ("a", b.Int("int", 4, signed: true), 0)));
        AssertCompared(true, false,
            b => b.Struct("s", 8, ("a", b.Int("int", 4), 0), ("b", 1, 32)),
            b => b.Struct("s", 8, ("a", b.Int("int", 4), 0)));
        AssertCompared(false, false, b => b.Struct("s", 4), b => b.Union("s", 4));
        AssertCompared(false, false, b => b.Struct("s", 4), b => b.Forward("s"));
    }

    [Fact]
    public void Types_behind_pointers_match_by_name_and_may_be_undefined()
    {
        AssertCompared(true, true, b => HasPointerTo(b, b.Struct("t", 4, ("a", b.Int("int", 4), 0))), b => HasPointerTo(b, b.Forward("t")));
        AssertCompared(true, true, b => HasPointerTo(b, b.Forward("t")), b => HasPointerTo(b, b.Struct("t___x", 4)));
        AssertCompared(true, true, b => HasPointerTo(b, b.Forward("t", union: true)), b => HasPointerTo(b, b.Union("t", 4)));
        AssertCompared(true, false, b => HasPointerTo(b, b.Forward("t")), b => HasPointerTo(b, b.Union("t", 4)));
        AssertCompared(true, false, b => HasPointerTo(b, b.Union("t", 4)), b => HasPointerTo(b, b.Forward("t")));
        AssertCompared(true, false, b => HasPointerTo(b, b.Struct("t", 4)), b => HasPointerTo(b, b.Struct("other", 4)));
    }

    [Fact]
    public void Forward_declarations_match_only_their_like_outside_of_pointers()
    {
        AssertCompared(true, true, b => b.Forward("f"), b => b.Forward("f"));
        AssertCompared(true, false, b => b.Forward("f"), b => b.Forward("f", union: true));
        AssertCompared(false, false, b => b.Forward("f"), b => b.Struct("f", 4));
    }

    [Fact]
    public void Enumerations_match_by_names_and_size()
    {
        AssertCompared(true, true, b => b.Enum("e", false, ("A", 1)), b => b.Enum("e", true, ("B", 1), ("A___x", -5)));
        AssertCompared(true, false, b => b.Enum("e", false, ("A", 1), ("C", 2)), b => b.Enum("e", false, ("A", 1), ("B", 2)));
        AssertCompared(true, false, b => b.Enum("e", false, ("A", 1)), b => b.Enum64("e", false, ("A", 1)));
        AssertCompared(true, false, b => b.Enum("e", false, ("A", 1), ("B", 2)), b => b.Enum("e", false, ("A", 1)));
    }

    [Fact]
    public void Functions_are_compared_by_parameters_and_result()
    {
        static uint Callback(BtfBuilder b, uint result, params (string Name, uint Type)[] parameters) =>
            b.Typedef("callback", b.Pointer(b.Prototype(result, parameters)));

        AssertCompared(true, true, b => Callback(b, b.Int("int", 4), ("a", 1)), b => Callback(b, b.Int("int", 4), ("b", 1)));
        AssertCompared(true, false, b => Callback(b, b.Int("int", 4), ("a", 1)), b => Callback(b, b.Int("int", 8), ("a", 1)));
        AssertCompared(false, false, b => Callback(b, b.Int("int", 4), ("a", 1)), b => Callback(b, b.Int("int", 4), ("a", 1), ("b", 1)));
        AssertCompared(false, false, b => Callback(b, b.Int("int", 4), ("a", 1)), b => Callback(b, b.Int("int", 4), ("a", b.Pointer(1))));
        AssertCompared(false, false, b => Callback(b, b.Int("int", 4)), b => Callback(b, 0));
    }

    [Fact]
    public void Arrays_exist_by_element_and_match_by_length_too()
    {
        AssertCompared(true, true, b => b.Typedef("t", b.Array(b.Int("int", 4), 3)), b => b.Typedef("t", b.Array(b.Int("int", 4), 3)));
        AssertCompared(true, false, b => b.Typedef("t", b.Array(b.Int("int", 4), 3)), b => b.Typedef("t", b.Array(b.Int("int", 4), 4)));
        AssertCompared(false, false, b => b.Typedef("t", b.Array(b.Int("int", 4), 3)), b => b.Typedef("t", b.Int("int", 4)));
    }

    [Fact]
    public void Modifiers_do_not_count()
    {
        AssertCompared(true, true,
            b => b.Struct("s", 4, ("a", b.Modifier(BtfKind.Const, b.Int("int", 4)), 0)),
            b => b.Struct("s", 4, ("a", b.Modifier(BtfKind.Volatile, b.Typedef("number", b.Int("int", 4))), 0)));
    }

    [Fact]
    public void Endless_types_are_given_up()
    {
        // A pointer to itself, and a function that takes itself: both are real BTF.
        static uint Loop(BtfBuilder b) => b.Typedef("loop", b.Pointer(2));
        static uint Spiral(BtfBuilder b) => b.Typedef("spiral", b.Prototype(0, ("a", 1), ("b", 1)));
        static uint Tree(BtfBuilder b) => b.Struct("tree", 4, ("left", 1, 0), ("right", 1, 0));

        AssertGivenUp(Loop, b => b.Typedef("loop", b.Pointer(2)), CoreRelocationKind.TypeExists);
        AssertGivenUp(Spiral, Spiral, CoreRelocationKind.TypeExists);
        AssertGivenUp(Tree, Tree, CoreRelocationKind.TypeMatches);
    }

    private static uint HasPointerTo(BtfBuilder builder, uint id) => builder.Struct("s", 8, ("p", builder.Pointer(id), 0));

    private static void AssertCompared(bool exists, bool matches, Func<BtfBuilder, uint> local, Func<BtfBuilder, uint> target)
    {
        Assert.Equal(exists ? 1u : 0u, Resolve(local, target, CoreRelocationKind.TypeExists).Value);
        Assert.Equal(matches ? 1u : 0u, Resolve(local, target, CoreRelocationKind.TypeMatches).Value);
    }

    private static void AssertGivenUp(Func<BtfBuilder, uint> local, Func<BtfBuilder, uint> target, CoreRelocationKind kind) =>
        Assert.Throws<CoreRelocationException>(() => Resolve(local, target, kind));

    private static CoreFixup Resolve(Func<BtfBuilder, uint> local, Func<BtfBuilder, uint> target, CoreRelocationKind kind)
    {
        BtfBuilder ours = new();
        BtfBuilder theirs = new();
        uint root = local(ours);
        target(theirs);
        uint access = ours.Text("0");
        return new CoreRelocator(ours.ToTypes(), theirs.ToTypes()).Resolve(new CoreRelocationRecord(0, root, access, kind));
    }
}
