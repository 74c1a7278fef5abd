using Caretta.Bpf.Btf;

namespace Caretta.Bpf.CoreRelocation;

/// <summary>Compares a type of the object with one of the kernel as a whole. The caller has compared their names.</summary>
/// <remarks>
/// Source of the rules: libbpf, <c>__bpf_core_types_are_compat</c> and <c>__bpf_core_types_match</c>, with the same limits of depth.
/// </remarks>
internal readonly ref struct CoreTypeComparer(CoreQuestion question, BtfTypes target)
{
    /// <summary>Whether two kinds may describe the same thing: equal ones, and enumerations of either width.</summary>
    public static bool AreKindsCompatible(BtfType local, BtfType other) =>
        local.Kind == other.Kind || (local.IsEnumeration && other.IsEnumeration);

    /// <summary>
    /// Whether the types are of the same shape as far as pointers, arrays and parameters go. Members, widths and signs are not compared.
    /// </summary>
    public bool AreCompatible(uint localId, uint targetId) =>
        AreKindsCompatible(question.Types[localId], target[targetId]) && AreCompatible(localId, targetId, BtfFormat.MaxDepth);

    /// <summary>Whether all that the local type has is in the target too, by name, kind and size, but not by offset or value.</summary>
    public bool Match(uint localId, uint targetId) => Match(localId, targetId, behindPointer: false, BtfFormat.MaxDepth);

    private bool AreCompatible(uint localId, uint targetId, int level)
    {
        for (int depth = BtfFormat.MaxDepth; depth > 0; depth--)
        {
            question.Step();
            BtfType local = question.Types.SkipModifiers(localId);
            BtfType other = target.SkipModifiers(targetId);
            if (!AreKindsCompatible(local, other))
            {
                return false;
            }

            switch (local.Kind)
            {
                case BtfKind.Void or BtfKind.Struct or BtfKind.Union or BtfKind.Enum or BtfKind.Enum64 or BtfKind.Forward:
                    return true;
                case BtfKind.Int:
                    return local.IntegerEncoding.BitOffset == 0 && other.IntegerEncoding.BitOffset == 0;
                case BtfKind.Pointer:
                    localId = local.TypeId;
                    targetId = other.TypeId;
                    break;
                case BtfKind.Array:
                    localId = local.Array.ElementTypeId;
                    targetId = other.Array.ElementTypeId;
                    break;
                case BtfKind.FunctionPrototype:
                    if (local.Length != other.Length)
                    {
                        return false;
                    }

                    for (int i = 0; i < local.Length; i++)
                    {
                        CheckLevel(level, local);
                        if (!AreCompatible(local.Parameter(i).TypeId, other.Parameter(i).TypeId, level - 1))
                        {
                            return false;
                        }
                    }

                    localId = local.TypeId;
                    targetId = other.TypeId;
                    break;
                default:
                    return false;
            }
        }

        question.Fail($"more than {BtfFormat.MaxDepth} pointers, arrays or functions in a row");
        return false;
    }

    private bool Match(uint localId, uint targetId, bool behindPointer, int level)
    {
        CheckLevel(level, question.Types[localId]);
        for (int depth = BtfFormat.MaxDepth; depth > 0; depth--)
        {
            question.Step();
            BtfType local = question.Types.SkipModifiers(localId);
            BtfType other = target.SkipModifiers(targetId);
            if (!BtfName.Essential(local.Name).SequenceEqual(BtfName.Essential(other.Name)))
            {
                return false;
            }

            switch (local.Kind)
            {
                case BtfKind.Void:
                    return other.Kind == BtfKind.Void;
                case BtfKind.Forward:
                    return MatchForward(local, other, behindPointer);
                case BtfKind.Enum or BtfKind.Enum64:
                    return other.IsEnumeration && MatchEnumerations(local, other);
                case BtfKind.Struct or BtfKind.Union:
                    if (behindPointer)
                    {
                        // What is behind a pointer need only be the same thing by name; the kernel may not define it at all.
                        return local.Kind == other.Kind
                            || (other.Kind == BtfKind.Forward && other.KindFlag == (local.Kind == BtfKind.Union));
                    }

                    return local.Kind == other.Kind && MatchMembers(local, other, level);
                case BtfKind.Int:
                    return other.Kind == BtfKind.Int && local.Size == other.Size
                        && local.IntegerEncoding.IsSigned == other.IntegerEncoding.IsSigned;
                case BtfKind.Pointer:
                    if (other.Kind != BtfKind.Pointer)
                    {
                        return false;
                    }

                    behindPointer = true;
                    localId = local.TypeId;
                    targetId = other.TypeId;
                    break;
                case BtfKind.Array:
                    if (other.Kind != BtfKind.Array || local.Array.Length != other.Array.Length)
                    {
                        return false;
                    }

                    localId = local.Array.ElementTypeId;
                    targetId = other.Array.ElementTypeId;
                    break;
                case BtfKind.FunctionPrototype:
                    if (other.Kind != BtfKind.FunctionPrototype || local.Length != other.Length)
                    {
                        return false;
                    }

                    for (int i = 0; i < local.Length; i++)
                    {
                        if (!Match(local.Parameter(i).TypeId, other.Parameter(i).TypeId, behindPointer, level - 1))
                        {
                            return false;
                        }
                    }

                    localId = local.TypeId;
                    targetId = other.TypeId;
                    break;
                default:
                    return false;
            }
        }

        question.Fail($"more than {BtfFormat.MaxDepth} pointers, arrays or functions in a row");
        return false;
    }

    private static bool MatchForward(BtfType local, BtfType other, bool behindPointer) => other.Kind switch
    {
        BtfKind.Forward => local.KindFlag == other.KindFlag,
        BtfKind.Struct => behindPointer && !local.KindFlag,
        BtfKind.Union => behindPointer && local.KindFlag,
        _ => false,
    };

    private bool MatchEnumerations(BtfType local, BtfType other)
    {
        if (local.Size != other.Size || local.Length > other.Length)
        {
            return false;
        }

        for (int i = 0; i < local.Length; i++)
        {
            ReadOnlySpan<byte> name = BtfName.Essential(question.Types.NameOf(local.Enumerator(i).NameOffset));
            bool found = false;
            for (int j = 0; j < other.Length && !found; j++)
            {
                question.Step();
                found = BtfName.Essential(target.NameOf(other.Enumerator(j).NameOffset)).SequenceEqual(name);
            }

            if (!found)
            {
                return false;
            }
        }

        return true;
    }

    private bool MatchMembers(BtfType local, BtfType other, int level)
    {
        if (local.Length > other.Length)
        {
            return false;
        }

        for (int i = 0; i < local.Length; i++)
        {
            BtfMember member = local.Member(i);
            ReadOnlySpan<byte> name = BtfName.Essential(question.Types.NameOf(member.NameOffset));
            bool found = false;
            for (int j = 0; j < other.Length && !found; j++)
            {
                question.Step();
                BtfMember otherMember = other.Member(j);
                found = BtfName.Essential(target.NameOf(otherMember.NameOffset)).SequenceEqual(name)
                    && Match(member.TypeId, otherMember.TypeId, behindPointer: false, level - 1);
            }

            if (!found)
            {
                return false;
            }
        }

        return true;
    }

    private void CheckLevel(int level, BtfType type)
    {
        if (level <= 0)
        {
            question.Fail($"{type} nests deeper than {BtfFormat.MaxDepth} levels");
        }
    }
}
