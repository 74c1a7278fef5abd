using Caretta.Bpf.Btf;

namespace Caretta.Bpf.CoreRelocation;

/// <summary>Computes what a <see cref="CoreAccess"/> answers to the question's kind.</summary>
/// <remarks>
/// Source of the rules: libbpf, <c>bpf_core_calc_field_relo</c>, <c>bpf_core_calc_type_relo</c>, <c>bpf_core_calc_enumval_relo</c>.
/// </remarks>
internal readonly struct CoreEvaluator(CoreQuestion question)
{
    /// <summary>Answers from <paramref name="access"/>, or from nothing being there.</summary>
    /// <exception cref="CoreRelocationException">There is something, but it has no such property.</exception>
    public CoreAnswer Answer(CoreAccess? access)
    {
        switch (question.Record.Kind)
        {
            case CoreRelocationKind.FieldExists or CoreRelocationKind.TypeExists or CoreRelocationKind.TypeMatches
                or CoreRelocationKind.EnumeratorExists:
                return new CoreAnswer(access is null ? 0u : 1u);
            case CoreRelocationKind.TypeIdTarget:
                return new CoreAnswer(access?.RootTypeId ?? 0) { IsAmbiguous = true };
            case CoreRelocationKind.TypeSize:
                return access is null ? new CoreAnswer(0) : new CoreAnswer(SizeOf(access, access.RootTypeId));
            default:
                break;
        }

        if (access is null)
        {
            return new CoreAnswer(0) { IsMissing = true };
        }

        if (question.Record.Kind == CoreRelocationKind.EnumeratorValue)
        {
            return AnswerEnumerator(access);
        }

        return access.Last.IsMember ? AnswerMember(access) : AnswerElement(access);
    }

    private static CoreAnswer AnswerEnumerator(CoreAccess access)
    {
        BtfType type = access.Types[access.Last.TypeId];
        BtfEnumerator enumerator = type.Enumerator(access.Last.Index);
        return new CoreAnswer(enumerator.Value)
        {
            IsSignUnknown = type.Kind == BtfKind.Enum && !enumerator.IsSigned && enumerator.Value > int.MaxValue,
        };
    }

    private CoreAnswer AnswerElement(CoreAccess access)
    {
        uint id = access.Last.TypeId;
        switch (question.Record.Kind)
        {
            case CoreRelocationKind.FieldByteOffset:
                return new CoreAnswer(access.BitOffset / 8) { Size = ElementSizeOf(access, id), TypeId = id };
            case CoreRelocationKind.FieldByteSize:
                return new CoreAnswer(SizeOf(access, id));
            default:
                throw question.Failure("asked of an element of an array, which has only an offset and a size");
        }
    }

    private CoreAnswer AnswerMember(CoreAccess access)
    {
        BtfMember member = access.Types[access.Last.TypeId].Member(access.Last.Index);
        BtfType type = access.Types.SkipModifiers(member.TypeId);
        bool isBitfield = member.BitSize > 0;
        ulong bitSize = member.BitSize;
        ulong byteSize;
        ulong byteOffset = access.BitOffset / 8;
        if (isBitfield)
        {
            byteSize = LoadSize(access, type, bitSize);
            byteOffset = byteOffset / byteSize * byteSize;
        }
        else
        {
            byteSize = SizeOf(access, type.Id);
            bitSize = byteSize * 8;
        }

        switch (question.Record.Kind)
        {
            case CoreRelocationKind.FieldByteOffset:
                return isBitfield
                    ? new CoreAnswer(byteOffset) { IsAmbiguous = true }
                    : new CoreAnswer(byteOffset) { Size = ElementSizeOf(access, type.Id), TypeId = type.Id };
            case CoreRelocationKind.FieldByteSize:
                return new CoreAnswer(byteSize) { IsAmbiguous = isBitfield };
            case CoreRelocationKind.FieldSigned:
                bool isSigned = (type.IsEnumeration && type.KindFlag) || (type.Kind == BtfKind.Int && type.IntegerEncoding.IsSigned);
                return new CoreAnswer(isSigned ? 1u : 0u);
            case CoreRelocationKind.FieldLeftShift:
                CheckShift(access, bitSize);
                ulong skipped = access.BitOffset - (byteOffset * 8);
                ulong shift = access.Types.IsBigEndian ? ((8 - byteSize) * 8) + skipped : 64 - (skipped + bitSize);
                return new CoreAnswer(shift) { IsAmbiguous = isBitfield };
            case CoreRelocationKind.FieldRightShift:
                CheckShift(access, bitSize);
                return new CoreAnswer(64 - bitSize);
            default:
                throw question.Failure("no loader knows this kind");
        }
    }

    /// <summary>
    /// Bytes of the smallest aligned load that covers a bitfield, starting from its declared type. The field need not have been
    /// declared within one unit of that type, so the load may have to grow.
    /// </summary>
    private ulong LoadSize(CoreAccess access, BtfType type, ulong bitSize)
    {
        if (type.Kind is not (BtfKind.Int or BtfKind.Enum or BtfKind.Enum64) || type.Size is not (1 or 2 or 4 or 8))
        {
            question.Fail($"bitfield in {access.Types.ImageName} of type {type}, which no single load reads");
        }

        for (ulong size = type.Size; size <= 8; size *= 2)
        {
            ulong start = access.BitOffset / 8 / size * size;
            if (access.BitOffset + bitSize - (start * 8) <= size * 8)
            {
                return size;
            }
        }

        throw question.Failure(
            $"bitfield of {bitSize} bits at bit {access.BitOffset} in {access.Types.ImageName} crosses a boundary of 8 bytes");
    }

    private void CheckShift(CoreAccess access, ulong bitSize)
    {
        if (bitSize > 64)
        {
            question.Fail($"field of {bitSize / 8} bytes in {access.Types.ImageName} does not fit in a register");
        }
    }

    /// <summary>
    /// Size of what a load from there reads: of an array, one element, for it may be longer or shorter in the kernel and start with the
    /// same. libbpf before 1.5 took the whole array's size and poisoned such loads.
    /// </summary>
    private uint ElementSizeOf(CoreAccess access, uint id)
    {
        BtfType type = access.Types.SkipModifiers(id);
        while (type.Kind == BtfKind.Array)      // the parser has limited such chains
        {
            type = access.Types.SkipModifiers(type.Array.ElementTypeId);
        }

        return SizeOf(access, type.Id);
    }

    private uint SizeOf(CoreAccess access, uint id)
    {
        if (!access.Types.TryGetSize(id, out uint size))
        {
            question.Fail($"{access.Types[id]} in {access.Types.ImageName} has no size, or too large a one");
        }

        return size;
    }
}
