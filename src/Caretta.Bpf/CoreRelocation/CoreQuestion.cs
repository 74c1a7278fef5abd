using System.Buffers.Text;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Caretta.Bpf.Btf;

namespace Caretta.Bpf.CoreRelocation;

/// <summary>
/// One record with its access string understood: what is asked of the kernel's types, and how much work the answer may cost.
/// Reused from one record to the next.
/// </summary>
internal sealed class CoreQuestion(BtfTypes types)
{
    /// <summary>
    /// Steps that one answer may take. The largest kernel structs have some hundred members; only types made to nest exponentially
    /// get here.
    /// </summary>
    private const int MaxSteps = 1 << 20;

    private int _stepsLeft = MaxSteps;

    /// <summary>The record.</summary>
    public CoreRelocationRecord Record { get; private set; }

    /// <summary>The path in the object's own types; without steps for questions about whole types.</summary>
    public CoreAccess Access { get; } = new();

    /// <summary>The object's own types.</summary>
    public BtfTypes Types => types;

    /// <summary>The value asked about, when it is one of an enumeration.</summary>
    public BtfEnumerator Enumerator { get; private set; }

    /// <summary>Reads <paramref name="record"/>.</summary>
    /// <exception cref="CoreRelocationException">It makes no sense for its type.</exception>
    /// <remarks>Source: libbpf, <c>bpf_core_parse_spec</c>.</remarks>
    public void Read(CoreRelocationRecord record)
    {
        Record = record;
        _stepsLeft = MaxSteps;
        if (record.TypeId > (uint)types.Count)
        {
            Fail($"the object has only {types.Count} types");
        }

        if (record.AccessStringOffset >= types.StringLength)
        {
            Fail($"access string at 0x{record.AccessStringOffset:x}, the object has only {types.StringLength} bytes of strings");
        }

        ReadOnlySpan<byte> text = types.NameOf(record.AccessStringOffset);
        Access.Start(types, record.TypeId);
        if (CoreKinds.IsType(record.Kind))
        {
            if (!text.SequenceEqual("0"u8))
            {
                FailAccess("a whole type has the access string 0");
            }

            return;
        }

        int index = NextIndex(ref text);
        BtfType root = types.SkipModifiers(record.TypeId);
        if (CoreKinds.IsEnumerator(record.Kind))
        {
            if (!root.IsEnumeration || !text.IsEmpty || index >= root.Length)
            {
                FailAccess($"not the index of a value of {root}");
            }

            Enumerator = root.Enumerator(index);
            Access.TryAdd(new CoreAccessor(false, root.Id, index));
        }
        else if (CoreKinds.IsField(record.Kind))
        {
            ReadField(root, index, text);
        }
        else
        {
            Fail("no loader knows this kind");
        }
    }

    /// <summary>Accounts for one step of work.</summary>
    /// <exception cref="CoreRelocationException">It was one too many.</exception>
    public void Step()
    {
        if (--_stepsLeft < 0)
        {
            Fail($"the types nest so much that {MaxSteps} steps give no answer");
        }
    }

    /// <summary>Gives up on the record.</summary>
    /// <exception cref="CoreRelocationException">Always.</exception>
    [DoesNotReturn, StackTraceHidden]
    public void Fail(string reason) => throw Failure(reason);

    /// <summary>The exception that says why there is no answer.</summary>
    public CoreRelocationException Failure(string reason) => new(Record, DescribeLocalType(), reason);

    private void ReadField(BtfType root, int index, ReadOnlySpan<byte> text)
    {
        // The first number treats the root as an element of an array, as C does with pointers.
        Access.TryAdd(new CoreAccessor(false, root.Id, index));
        if (!Access.TryAdvanceElements(root.Id, index))
        {
            FailAccess($"{root} has no size, or too large a one");
        }

        uint id = root.Id;
        while (!text.IsEmpty)
        {
            index = NextIndex(ref text);
            BtfType type = types.SkipModifiers(id);
            if (type.IsComposite)
            {
                id = ReadMember(type, index);
            }
            else if (type.Kind == BtfKind.Array)
            {
                id = ReadElement(type, index);
            }
            else
            {
                FailAccess($"{type} has neither members nor elements");
            }
        }
    }

    private uint ReadMember(BtfType type, int index)
    {
        if (index >= type.Length)
        {
            FailAccess($"{type} has only {type.Length} members");
        }

        BtfMember member = type.Member(index);
        if (!Access.TryAdvance(member.BitOffset))
        {
            FailAccess("the offset is too large");
        }

        if (!types.NameOf(member.NameOffset).IsEmpty && !Access.TryAdd(new CoreAccessor(true, type.Id, index)))
        {
            FailAccess("too many steps");
        }

        return member.TypeId;
    }

    private uint ReadElement(BtfType type, int index)
    {
        BtfArray array = type.Array;
        if ((uint)index >= array.Length && !Access.IsFlexible(array))
        {
            FailAccess($"the array has only {array.Length} elements");
        }

        uint element = types.SkipModifiers(array.ElementTypeId).Id;
        if (!Access.TryAdd(new CoreAccessor(false, element, index)))
        {
            FailAccess("too many steps");
        }

        if (!Access.TryAdvanceElements(element, index))
        {
            FailAccess("the offset is too large");
        }

        return element;
    }

    /// <summary>Takes the next number and the colon behind it. Digits only: no sign, no blank, nothing left out.</summary>
    private int NextIndex(ref ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty || !char.IsAsciiDigit((char)text[0]) || !Utf8Parser.TryParse(text, out int index, out int used))
        {
            FailAccess("not numbers separated by colons");
            return 0;
        }

        if (used == text.Length)
        {
            text = [];
        }
        else if (text[used] == ':' && used + 1 < text.Length)
        {
            text = text[(used + 1)..];
        }
        else
        {
            FailAccess("not numbers separated by colons");
        }

        return index;
    }

    [DoesNotReturn, StackTraceHidden]
    private void FailAccess(string problem) => Fail($"access string {types.NameText(Record.AccessStringOffset)}: {problem}");

    private string DescribeLocalType() =>
        Record.TypeId > (uint)types.Count ? $"[{Record.TypeId}]" : types[Record.TypeId].ToString();
}
