using Caretta.Bpf.Btf;
using Caretta.Bpf.CoreRelocation;
using Caretta.Bpf.Tests.Btf;
using Xunit;

namespace Caretta.Bpf.Tests.CoreRelocation;

/// <summary>Cases that no compiler at hand emits, or that need more than one image. The rest is in <see cref="CoreGoldenTests"/>.</summary>
public sealed class CoreRelocatorTests
{
    private readonly BtfBuilder _local = new();
    private readonly BtfBuilder _target = new();

    [Fact]
    public void A_field_keeps_its_name_and_changes_its_place()
    {
        uint root = _local.Struct("s", 8, ("a", _local.Int("int", 4), 0), ("b", 1, 32));
        uint number = _target.Int("int", 4);
        uint inner = _target.Struct("", 4, ("b", number, 0));
        uint outer = _target.Union("", 4, ("x", number, 0), ("", inner, 0));
        _target.Struct("s", 12, ("a", number, 0), ("", outer, 64));

        CoreFixup fixup = Resolve(root, "0:1", CoreRelocationKind.FieldByteOffset);

        Assert.Equal(8u, fixup.Value);
        Assert.Equal(4u, fixup.LocalValue);
        Assert.False(fixup.IsPoisoned);
        Assert.True(fixup.IsLocalValueCertain);
    }

    [Fact]
    public void The_first_index_steps_over_whole_types()
    {
        uint number = _local.Int("int", 4);
        uint root = _local.Struct("s", 8, ("a", number, 0), ("b", number, 32));
        _target.Struct("s", 20, ("b", _target.Int("int", 4), 128));

        CoreFixup fixup = Resolve(root, "3:1", CoreRelocationKind.FieldByteOffset);

        Assert.Equal((3u * 20) + 16, fixup.Value);
        Assert.Equal((3u * 8) + 4, fixup.LocalValue);
    }

    [Theory]
    [InlineData(CoreRelocationKind.FieldByteOffset, true, 0)]
    [InlineData(CoreRelocationKind.FieldByteSize, true, 0)]
    [InlineData(CoreRelocationKind.FieldExists, false, 0)]
    [InlineData(CoreRelocationKind.FieldSigned, true, 0)]
    [InlineData(CoreRelocationKind.FieldLeftShift, true, 0)]
    [InlineData(CoreRelocationKind.FieldRightShift, true, 0)]
    public void A_missing_field_is_poison_unless_that_was_the_question(CoreRelocationKind kind, bool poisoned, uint value)
    {
        uint root = _local.Struct("s", 4, ("a", _local.Int("int", 4), 0));
        _target.Struct("s", 4, ("other", _target.Int("int", 4), 0));

        CoreFixup fixup = Resolve(root, "0:0", kind);

        Assert.Equal(poisoned, fixup.IsPoisoned);
        Assert.Equal(value, fixup.Value);
    }

    [Theory]
    [InlineData(CoreRelocationKind.TypeIdTarget)]
    [InlineData(CoreRelocationKind.TypeExists)]
    [InlineData(CoreRelocationKind.TypeSize)]
    [InlineData(CoreRelocationKind.TypeMatches)]
    public void A_missing_type_is_zero(CoreRelocationKind kind)
    {
        uint root = _local.Struct("s", 4);
        _target.Forward("s");

        Assert.True(Resolve(root, "0", kind) is { IsPoisoned: false, Value: 0 });
    }

    [Fact]
    public void A_local_id_needs_neither_candidate_nor_name()
    {
        uint root = _local.Pointer(0);

        CoreFixup fixup = Resolve(root, "0", CoreRelocationKind.TypeIdLocal);

        Assert.Equal(root, fixup.Value);
        Assert.False(fixup.IsLocalValueCertain);
    }

    [Fact]
    public void A_target_id_is_the_number_in_the_kernel()
    {
        uint root = _local.Struct("s___mine", 4);
        _target.Int("int", 4);
        uint there = _target.Struct("s", 4);

        CoreFixup fixup = Resolve(root, "0", CoreRelocationKind.TypeIdTarget);

        Assert.Equal(there, fixup.Value);
        Assert.False(fixup.IsLocalValueCertain);
    }

    [Fact]
    public void Typedefs_of_anonymous_structs_are_found_by_the_name_of_the_typedef()
    {
        uint number = _local.Int("int", 4);
        uint root = _local.Typedef("t", _local.Struct("", 4, ("a", number, 0)));
        uint there = _target.Int("int", 4);
        _target.Typedef("t", _target.Struct("", 8, ("b", there, 0), ("a", there, 32)));

        Assert.Equal(4u, Resolve(root, "0:0", CoreRelocationKind.FieldByteOffset).Value);
    }

    [Fact]
    public void A_struct_is_not_a_union_by_name_but_fields_of_both_kinds_match()
    {
        uint number = _local.Int("int", 4);
        uint inner = _local.Struct("inner", 4, ("x", number, 0));
        uint root = _local.Struct("s", 4, ("f", inner, 0));
        uint lone = _local.Struct("u", 4, ("x", number, 0));
        uint there = _target.Int("int", 4);
        _target.Struct("s", 8, ("f", _target.Union("inner", 4, ("x", there, 0)), 32));
        _target.Union("u", 4, ("x", there, 0));

        Assert.Equal(4u, Resolve(root, "0:0:0", CoreRelocationKind.FieldByteOffset).Value);
        Assert.Equal(0u, Resolve(lone, "0:0", CoreRelocationKind.FieldExists).Value);
    }

    [Fact]
    public void Members_of_one_name_and_another_kind_do_not_match()
    {
        uint number = _local.Int("int", 4);
        uint root = _local.Struct("s", 8, ("a", number, 0), ("p", _local.Pointer(0), 0), ("e", _local.Enum("color", false), 0));
        uint there = _target.Int("int", 4);
        _target.Struct("s", 8, ("a", _target.Pointer(there), 0), ("p", there, 0), ("e", _target.Enum("taste", false), 0));

        Assert.Equal(0u, Resolve(root, "0:0", CoreRelocationKind.FieldExists).Value);
        Assert.Equal(0u, Resolve(root, "0:1", CoreRelocationKind.FieldExists).Value);
        Assert.Equal(0u, Resolve(root, "0:2", CoreRelocationKind.FieldExists).Value);
    }

    [Fact]
    public void Enumerations_match_when_either_has_no_name_or_another_width()
    {
        uint root = _local.Struct("s", 8, ("a", _local.Enum("color___x", false), 0), ("b", _local.Enum("", false), 32));
        _target.Struct("s", 16, ("a", _target.Enum64("color", false), 0), ("b", _target.Enum("taste", false), 64));

        Assert.Equal(1u, Resolve(root, "0:0", CoreRelocationKind.FieldExists).Value);
        Assert.Equal(8u, Resolve(root, "0:1", CoreRelocationKind.FieldByteOffset).Value);
    }

    [Fact]
    public void Only_the_last_array_of_no_length_has_elements_without_end()
    {
        uint number = _local.Int("int", 4);
        uint none = _local.Array(number, 0);
        uint root = _local.Struct("s", 8, ("mid", none, 0), ("last", none, 64));
        uint there = _target.Int("int", 4);
        uint many = _target.Array(there, 0);
        _target.Struct("s", 8, ("pad", there, 0), ("last", many, 32), ("mid", _target.Array(there, 9), 64));

        Assert.Throws<CoreRelocationException>(() => Resolve(root, "0:0:3", CoreRelocationKind.FieldByteOffset));
        Assert.True(Resolve(root, "0:1:3", CoreRelocationKind.FieldByteOffset).IsPoisoned);     // not the last one there
    }

    [Fact]
    public void Modules_are_asked_only_when_the_kernel_has_no_such_type()
    {
        uint number = _local.Int("int", 4);
        uint inKernel = _local.Struct("k", 4, ("a", number, 0));
        uint inModule = _local.Struct("m", 4, ("a", number, 0));
        uint there = _target.Int("int", 4);
        _target.Struct("k", 4, ("other", there, 0));
        BtfTypes kernel = _target.ToTypes();
        BtfBuilder first = new(kernel);
        first.Struct("k", 8, ("a", there, 32));
        BtfBuilder second = new(kernel);
        second.Struct("m", 12, ("a", there, 64));
        uint exists = _local.Text("0:0");
        CoreRelocator relocator = new(_local.ToTypes(), kernel, first.ToTypes(kernel), second.ToTypes(kernel));

        Assert.Equal(0u, relocator.Resolve(new(0, inKernel, exists, CoreRelocationKind.FieldExists)).Value);
        Assert.Equal(8u, relocator.Resolve(new(0, inModule, exists, CoreRelocationKind.FieldByteOffset)).Value);
    }

    [Fact]
    public void Later_questions_go_to_the_types_that_answered_earlier_ones()
    {
        uint number = _local.Int("int", 4);
        uint root = _local.Struct("s", 8, ("a", number, 0), ("b", number, 32));
        uint there = _target.Int("int", 4);
        _target.Struct("s", 8, ("a", there, 0), ("b", there, 32));
        _target.Struct("s", 8, ("b", there, 0));
        uint a = _local.Text("0:0");
        uint b = _local.Text("0:1");
        BtfTypes local = _local.ToTypes();
        BtfTypes target = _target.ToTypes();
        CoreRelocationRecord askA = new(0, root, a, CoreRelocationKind.FieldByteOffset);
        CoreRelocationRecord askB = new(0, root, b, CoreRelocationKind.FieldByteOffset);
        CoreRelocator relocator = new(local, target);

        relocator.Resolve(askA);
        Assert.Equal(4u, relocator.Resolve(askB).Value);
        Assert.Contains("ambiguous", Assert.Throws<CoreRelocationException>(() => new CoreRelocator(local, target).Resolve(askB)).Reason,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, 29, 0, 4, 32, 35)]       // fits in the declared type
    [InlineData(30, 4, 0, 8, 30, 60)]       // straddles two words: the load grows
    [InlineData(32, 1, 4, 4, 63, 63)]       // aligned to the declared type, not to the field
    [InlineData(95, 2, 8, 8, 31, 62)]       // grows, aligned to what it grew to
    public void A_bitfield_is_read_by_the_smallest_aligned_load(uint bit, uint bits, uint offset, uint size, uint left, uint right)
    {
        uint root = _local.Bitfields("s", 4, ("f", _local.Int("int", 4), 0, 1));
        _target.Bitfields("s", 16, ("f", _target.Int("int", 4), bit, bits));

        CoreFixup place = Resolve(root, "0:0", CoreRelocationKind.FieldByteOffset);
        Assert.Equal(offset, place.Value);
        Assert.False(place.IsLocalValueCertain);
        Assert.Equal(size, Resolve(root, "0:0", CoreRelocationKind.FieldByteSize).Value);
        Assert.Equal(left, Resolve(root, "0:0", CoreRelocationKind.FieldLeftShift).Value);
        Assert.Equal(right, Resolve(root, "0:0", CoreRelocationKind.FieldRightShift).Value);
    }

    [Fact]
    public void A_bitfield_across_8_bytes_is_read_by_no_load()
    {
        uint root = _local.Bitfields("s", 4, ("f", _local.Int("int", 4), 0, 1));
        _target.Bitfields("s", 16, ("f", _target.Int("int", 4), 63, 2));

        Assert.Contains("8 bytes",
            Assert.Throws<CoreRelocationException>(() => Resolve(root, "0:0", CoreRelocationKind.FieldByteOffset)).Reason,
            StringComparison.Ordinal);
    }

    [Fact]
    public void On_a_big_endian_machine_fields_count_from_the_other_end()
    {
        uint root = _local.Bitfields("s", 4, ("f", _local.Int("int", 4), 0, 1));
        uint access = _local.Text("0:0");
        _target.Bitfields("s", 16, ("f", _target.Int("int", 4), 37, 6));
        CoreRelocator relocator = new(_local.ToTypes(), BtfTypes.Parse(_target.ToBigEndianImage(), "big"));

        Assert.Equal(((8u - 4) * 8) + 5, relocator.Resolve(new(0, root, access, CoreRelocationKind.FieldLeftShift)).Value);
    }

    [Fact]
    public void A_signed_value_is_extended_and_an_unsigned_one_is_not()
    {
        uint signed = _local.Enum("a", true, ("V", 1));
        uint unsigned = _local.Enum("b", false, ("V", 1));
        uint wide = _local.Enum("c", false, ("V", 1));
        _target.Enum("a", true, ("V", -2));
        _target.Enum("b", false, ("V", unchecked((int)0x8000_0000)));
        _target.Enum64("c", false, ("V___x", 0x1234_5678_9abc));

        Assert.Equal(ulong.MaxValue - 1, Resolve(signed, "0", CoreRelocationKind.EnumeratorValue).Value);
        Assert.Equal(0x8000_0000u, Resolve(unsigned, "0", CoreRelocationKind.EnumeratorValue).Value);
        Assert.Equal(0x1234_5678_9abcu, Resolve(wide, "0", CoreRelocationKind.EnumeratorValue).Value);
    }

    [Fact]
    public void A_kernel_that_does_not_mark_signed_values_is_read_as_the_object_declares_them()
    {
        uint root = _local.Enum("a", true, ("V", -1));
        _target.Enum("a", false, ("V", -2));

        CoreFixup fixup = Resolve(root, "0", CoreRelocationKind.EnumeratorValue);

        Assert.Equal(ulong.MaxValue - 1, fixup.Value);
        Assert.False(fixup.IsSignUnknown);
    }

    [Theory]
    [InlineData(8, false, 4, false, true)]
    [InlineData(4, false, 8, false, true)]
    [InlineData(8, true, 4, false, false)]
    [InlineData(8, false, 4, true, false)]
    [InlineData(8, true, 4, true, false)]
    public void Loads_change_their_width_only_between_unsigned_integers(uint from, bool signedFrom, uint to, bool signedTo, bool possible)
    {
        uint root = _local.Struct("s", 8, ("f", _local.Int("a", from, signedFrom), 0));
        _target.Struct("s", 8, ("f", _target.Int("b", to, signedTo), 0));

        CoreFixup fixup = Resolve(root, "0:0", CoreRelocationKind.FieldByteOffset);

        Assert.Equal(from, fixup.LocalSize);
        Assert.Equal(to, fixup.TargetSize);
        Assert.Equal(possible, fixup.CanResize);
    }

    [Fact]
    public void Pointers_of_a_32_bit_machine_are_read_as_4_bytes()
    {
        uint root = _local.Struct("s", 8, ("f", _local.Pointer(0), 0));
        _target.Int("long", 4);
        _target.Struct("s", 8, ("f", _target.Pointer(0), 32));

        CoreFixup fixup = Resolve(root, "0:0", CoreRelocationKind.FieldByteOffset);

        Assert.True(fixup is { Value: 4, LocalSize: 8, TargetSize: 4, CanResize: true });
    }

    [Theory]
    [InlineData("")]
    [InlineData(":0")]
    [InlineData("0:")]
    [InlineData("0::1")]
    [InlineData("-1")]
    [InlineData("+0:1")]
    [InlineData("0 :1")]
    [InlineData("0:1x")]
    [InlineData("0:4294967296")]
    [InlineData("0:2")]
    [InlineData("0:0:0")]
    [InlineData("2147483647:0")]
    public void Access_strings_that_make_no_sense_are_refused(string access)
    {
        uint number = _local.Int("int", 4);
        uint root = _local.Struct("s", 1 << 30, ("a", number, 0), ("b", number, 32));

        CoreRelocationException exception =
            Assert.Throws<CoreRelocationException>(() => Resolve(root, access, CoreRelocationKind.FieldByteOffset));

        Assert.Contains("struct s", exception.Message, StringComparison.Ordinal);
        Assert.Contains("byte_off", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_has_at_most_64_steps()
    {
        uint id = _local.Int("int", 4);
        for (int i = 0; i < 31; i++)
        {
            id = _local.Array(id, 1);
        }

        uint shorter = _local.Struct("s", 4, ("a", id, 0));
        for (int i = 0; i < 40; i++)
        {
            shorter = _local.Struct("s", 4, ("a", shorter, 0));
        }

        string longest = "0" + string.Concat(Enumerable.Repeat(":0", 41));
        Assert.Equal(0u, Resolve(shorter, longest, CoreRelocationKind.FieldExists).Value);
        Assert.Contains("too many steps",
            Assert.Throws<CoreRelocationException>(() =>
                Resolve(shorter, longest + string.Concat(Enumerable.Repeat(":0", 23)), CoreRelocationKind.FieldExists)).Reason,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Records_that_point_nowhere_are_refused()
    {
        uint root = _local.Struct("", 4, ("a", _local.Int("int", 4), 0));
        uint access = _local.Text("0:0");
        CoreRelocator relocator = new(_local.ToTypes(), _target.ToTypes());

        AssertRefused(relocator, new(0, 99, access, CoreRelocationKind.FieldExists), "only 2 types");
        AssertRefused(relocator, new(0, root, 9999, CoreRelocationKind.FieldExists), "access string at 0x270f");
        AssertRefused(relocator, new(0, root, access, (CoreRelocationKind)13), "no loader knows this kind");
        AssertRefused(relocator, new(0, root, access, (CoreRelocationKind)uint.MaxValue), "no loader knows this kind");
        AssertRefused(relocator, new(0, root, access, CoreRelocationKind.TypeExists), "access string 0");
        AssertRefused(relocator, new(0, root, access, CoreRelocationKind.EnumeratorValue), "not the index of a value");
        AssertRefused(relocator, new(0, root, access, CoreRelocationKind.FieldExists), "without a name");
    }

    [Fact]
    public void Types_that_nest_exponentially_are_given_up()
    {
        uint root = _local.Struct("s", 4, ("wanted", _local.Int("int", 4), 0));
        uint id = _target.Struct("", 4, ("other", _target.Int("int", 4), 0));
        for (int i = 0; i < 40; i++)
        {
            id = _target.Struct("", 4, ("", id, 0), ("", id, 0));
        }

        _target.Struct("s", 4, ("", id, 0));

        Assert.Contains("steps", Assert.Throws<CoreRelocationException>(() => Resolve(root, "0:0", CoreRelocationKind.FieldExists)).Reason,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_struct_that_contains_itself_is_given_up()
    {
        uint root = _local.Struct("s", 4, ("wanted", _local.Int("int", 4), 0));
        _target.Struct("s", 4, ("", 1, 0));

        Assert.Contains("too deeply", Assert.Throws<CoreRelocationException>(() => Resolve(root, "0:0", CoreRelocationKind.FieldExists)).Reason,
            StringComparison.Ordinal);
    }

    private static void AssertRefused(CoreRelocator relocator, CoreRelocationRecord record, string reason) =>
        Assert.Contains(reason, Assert.Throws<CoreRelocationException>(() => relocator.Resolve(record)).Reason, StringComparison.Ordinal);

    private CoreFixup Resolve(uint root, string access, CoreRelocationKind kind)
    {
        uint text = access.Length == 0 ? 0 : _local.Text(access);
        return new CoreRelocator(_local.ToTypes(), _target.ToTypes()).Resolve(new CoreRelocationRecord(0, root, text, kind));
    }
}
