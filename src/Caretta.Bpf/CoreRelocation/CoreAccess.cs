using System.Globalization;
using System.Text;
using Caretta.Bpf.Btf;

namespace Caretta.Bpf.CoreRelocation;

/// <summary>
/// A path from a root type to a field, in steps that mean something in any kernel: a member by name or an element by index.
/// Anonymous members on the way only add to the offset. Reused from one relocation to the next.
/// </summary>
internal sealed class CoreAccess
{
    /// <summary>Longest path; libbpf's <c>BPF_CORE_SPEC_MAX_LEN</c>.</summary>
    public const int MaxLength = 64;

    private readonly CoreAccessor[] _steps = new CoreAccessor[MaxLength];

    /// <summary>The image the path belongs to.</summary>
    public BtfTypes Types { get; private set; } = null!;

    /// <summary>The type the path starts at.</summary>
    public uint RootTypeId { get; private set; }

    /// <summary>Number of steps.</summary>
    public int Length { get; private set; }

    /// <summary>Distance of the field from the start of the root, in bits.</summary>
    public ulong BitOffset { get; private set; }

    /// <summary>Step number <paramref name="index"/>.</summary>
    public ref readonly CoreAccessor this[int index] => ref _steps[index];

    /// <summary>The last step.</summary>
    public ref readonly CoreAccessor Last => ref _steps[Length - 1];

    /// <summary>Begins a new path.</summary>
    public void Start(BtfTypes types, uint rootTypeId)
    {
        Types = types;
        RootTypeId = rootTypeId;
        Length = 0;
        BitOffset = 0;
    }

    /// <summary>Appends a step.</summary>
    /// <returns><see langword="false"/> if the path is too long already.</returns>
    public bool TryAdd(CoreAccessor step)
    {
        if (Length == MaxLength)
        {
            return false;
        }

        _steps[Length++] = step;
        return true;
    }

    /// <summary>Moves the field by <paramref name="bits"/>.</summary>
    /// <returns><see langword="false"/> if the offset leaves the 32 bits that the format has for it.</returns>
    public bool TryAdvance(ulong bits)
    {
        if (bits > uint.MaxValue || BitOffset + bits > uint.MaxValue)
        {
            return false;
        }

        BitOffset += bits;
        return true;
    }

    /// <summary>Moves the field by <paramref name="index"/> elements of type <paramref name="elementTypeId"/>.</summary>
    /// <returns><see langword="false"/> if the type has no size or the offset is too large.</returns>
    public bool TryAdvanceElements(uint elementTypeId, int index) =>
        Types.TryGetSize(elementTypeId, out uint size) && (ulong)(uint)index * size <= uint.MaxValue / 8
        && TryAdvance((ulong)(uint)index * size * 8);

    /// <summary>
    /// Whether an index may exceed <paramref name="array"/>'s length: it is the flexible array at the end of the struct that the last
    /// step went into.
    /// </summary>
    public bool IsFlexible(BtfArray array) =>
        array.Length == 0 && Length > 0 && Last.IsMember && Last.Index == Types[Last.TypeId].Length - 1;

    /// <summary>The path in words: <c>sock.__sk_common.skc_dport</c>, <c>task_struct.comm[0]</c>, <c>bpf_func_id::BPF_FUNC_sk_fullsock</c>.</summary>
    public string Describe()
    {
        var text = new StringBuilder(BtfName.Show(Types[RootTypeId].Name));
        for (int i = 0; i < Length; i++)
        {
            CoreAccessor step = _steps[i];
            BtfType type = Types[step.TypeId];
            if (step.IsMember)
            {
                text.Append('.').Append(BtfName.Show(Types.NameOf(type.Member(step.Index).NameOffset)));
            }
            else if (i == 0 && type.IsEnumeration && step.Index < type.Length)
            {
                text.Append("::").Append(BtfName.Show(Types.NameOf(type.Enumerator(step.Index).NameOffset)));
            }
            else if (i > 0 || step.Index != 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"[{step.Index}]");
            }
        }

        return text.ToString();
    }
}
