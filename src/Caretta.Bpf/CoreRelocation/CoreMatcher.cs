using System.Diagnostics;
using Caretta.Bpf.Btf;

namespace Caretta.Bpf.CoreRelocation;

/// <summary>Finds in one candidate type what a <see cref="CoreQuestion"/> asks about.</summary>
/// <remarks>Source of the rules: libbpf, <c>bpf_core_spec_match</c> and <c>bpf_core_fields_are_compat</c>.</remarks>
internal readonly ref struct CoreMatcher(CoreQuestion question, BtfTypes target)
{
    /// <summary>Looks for the same path in type <paramref name="candidateId"/> and leaves it in <paramref name="found"/>.</summary>
    public bool TryMatch(uint candidateId, CoreAccess found)
    {
        found.Start(target, candidateId);
        CoreRelocationKind kind = question.Record.Kind;
        if (CoreKinds.IsType(kind))
        {
            CoreTypeComparer comparer = new(question, target);
            return kind == CoreRelocationKind.TypeMatches
                ? comparer.Match(question.Record.TypeId, candidateId)
                : comparer.AreCompatible(question.Record.TypeId, candidateId);
        }

        return CoreKinds.IsEnumerator(kind) ? TryMatchEnumerator(candidateId, found) : TryMatchField(candidateId, found);
    }

    private bool TryMatchEnumerator(uint candidateId, CoreAccess found)
    {
        BtfType type = target.SkipModifiers(candidateId);
        if (!type.IsEnumeration)
        {
            return false;
        }

        ReadOnlySpan<byte> name = BtfName.Essential(question.Types.NameOf(question.Enumerator.NameOffset));
        for (int i = 0; i < type.Length; i++)
        {
            question.Step();
            if (BtfName.Essential(target.NameOf(type.Enumerator(i).NameOffset)).SequenceEqual(name))
            {
                return found.TryAdd(new CoreAccessor(false, type.Id, i));
            }
        }

        return false;
    }

    private bool TryMatchField(uint candidateId, CoreAccess found)
    {
        uint id = candidateId;
        for (int i = 0; i < question.Access.Length; i++)
        {
            CoreAccessor step = question.Access[i];
            if (step.IsMember)
            {
                if (!TryMatchMember(step, target.SkipModifiers(id), 0, found, out id))
                {
                    return false;
                }

                continue;
            }

            BtfType type = target.SkipModifiers(id);
            id = type.Id;
            if (i > 0)          // the root itself is already the element
            {
                if (type.Kind != BtfKind.Array || ((uint)step.Index >= type.Array.Length && !found.IsFlexible(type.Array)))
                {
                    return false;
                }

                id = target.SkipModifiers(type.Array.ElementTypeId).Id;
            }

            if (!found.TryAdd(new CoreAccessor(false, id, step.Index)))
            {
                throw new UnreachableException("a path matches step by step, and the other one has no more than fit");
            }

            if (!found.TryAdvanceElements(id, step.Index))
            {
                question.Fail($"{target[id]} of {target.ImageName} has no size, or too large a one");
            }
        }

        return true;
    }

    /// <summary>
    /// Looks for a member of the same name in <paramref name="type"/> and in its anonymous members, in order. The first one of that
    /// name decides: if its type does not fit, there is no match.
    /// </summary>
    private bool TryMatchMember(CoreAccessor local, BtfType type, int depth, CoreAccess found, out uint memberTypeId)
    {
        memberTypeId = 0;
        if (!type.IsComposite)
        {
            return false;
        }

        if (found.Length + depth >= CoreAccess.MaxLength)
        {
            question.Fail($"{type} of {target.ImageName} nests too deeply");
        }

        BtfMember localMember = question.Types[local.TypeId].Member(local.Index);
        ReadOnlySpan<byte> name = question.Types.NameOf(localMember.NameOffset);
        for (int i = 0; i < type.Length; i++)
        {
            question.Step();
            BtfMember member = type.Member(i);
            ReadOnlySpan<byte> memberName = target.NameOf(member.NameOffset);
            if (memberName.IsEmpty)
            {
                if (TryMatchMember(local, target.SkipModifiers(member.TypeId), depth + 1, found, out memberTypeId))
                {
                    Advance(found, member);
                    return true;
                }
            }
            else if (memberName.SequenceEqual(name))
            {
                if (!AreFieldsCompatible(localMember.TypeId, member.TypeId))
                {
                    return false;
                }

                memberTypeId = member.TypeId;
                found.TryAdd(new CoreAccessor(true, type.Id, i));
                Advance(found, member);
                return true;
            }
        }

        return false;
    }

    private void Advance(CoreAccess found, BtfMember member)
    {
        if (!found.TryAdvance(member.BitOffset))
        {
            question.Fail($"the offset in {target.ImageName} is too large");
        }
    }

    /// <summary>Whether code that reads a field of the local type can also read one of the target's.</summary>
    private bool AreFieldsCompatible(uint localId, uint targetId)
    {
        while (true)
        {
            question.Step();
            BtfType local = question.Types.SkipModifiers(localId);
            BtfType other = target.SkipModifiers(targetId);
            if (local.IsComposite && other.IsComposite)
            {
                return true;
            }

            if (!CoreTypeComparer.AreKindsCompatible(local, other))
            {
                return false;
            }

            switch (local.Kind)
            {
                case BtfKind.Pointer or BtfKind.Float:
                    return true;
                case BtfKind.Forward or BtfKind.Enum or BtfKind.Enum64:
                    ReadOnlySpan<byte> localName = BtfName.Essential(local.Name);
                    ReadOnlySpan<byte> otherName = BtfName.Essential(other.Name);
                    return localName.IsEmpty || otherName.IsEmpty || localName.SequenceEqual(otherName);
                case BtfKind.Int:
                    // Width and sign are compared by whoever needs them; only the old way to write bitfields is refused.
                    return local.IntegerEncoding.BitOffset == 0 && other.IntegerEncoding.BitOffset == 0;
                case BtfKind.Array:
                    localId = local.Array.ElementTypeId;
                    targetId = other.Array.ElementTypeId;
                    break;
                default:
                    return false;
            }
        }
    }
}
