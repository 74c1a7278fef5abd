using Caretta.Bpf.Btf;

namespace Caretta.Bpf.CoreRelocation;

/// <summary>
/// Answers what an object asks about the types of the kernel it is about to run on (<i>compile once, run everywhere</i>).
/// </summary>
/// <remarks>
/// <para>Needs no kernel: the same three images give the same answers anywhere. Modules are asked only if the kernel proper has no type of
/// the name in question.</para>
/// <para>Resolve the records of one object with one relocator and in the order of the object: candidates that did not match an earlier
/// record of the same root type are not considered for later ones, so that all accesses to one type go to one type of the kernel.
/// That is also why it is not thread-safe.</para>
/// </remarks>
internal sealed class CoreRelocator
{
    private readonly BtfTypes _local;
    private readonly BtfTypes _target;
    private readonly Func<IReadOnlyList<BtfTypes>> _readModules;
    private readonly Dictionary<uint, List<Candidate>> _candidates = [];
    private readonly List<uint> _ids = [];
    private readonly CoreQuestion _question;
    private readonly CoreAccess _found = new();
    private IReadOnlyList<BtfTypes>? _modules;
    private Candidate? _answered;

    /// <summary>Prepares relocations of an object.</summary>
    /// <param name="local">The object's own types.</param>
    /// <param name="target">The kernel's types, or those of a file made for this kernel.</param>
    /// <param name="modules">Split BTF of loaded kernel modules, each on top of <paramref name="target"/>; in this order.</param>
    public CoreRelocator(BtfTypes local, BtfTypes target, params BtfTypes[] modules)
        : this(local, target, () => modules)
    {
    }

    /// <summary>Prepares relocations of an object.</summary>
    /// <param name="local">The object's own types.</param>
    /// <param name="target">The kernel's types.</param>
    /// <param name="readModules">Reads those of its modules; called once, when the kernel proper has no type of a name.</param>
    public CoreRelocator(BtfTypes local, BtfTypes target, Func<IReadOnlyList<BtfTypes>> readModules)
    {
        _local = local;
        _target = target;
        _readModules = readModules;
        _question = new CoreQuestion(local);
    }

    /// <summary>Finds the value for one record.</summary>
    /// <exception cref="CoreRelocationException">
    /// The record makes no sense, the kernel gives several different answers, or one that no instruction can use.
    /// </exception>
    public CoreFixup Resolve(CoreRelocationRecord record)
    {
        _answered = null;
        _question.Read(record);
        if (record.Kind == CoreRelocationKind.TypeIdLocal)
        {
            return new CoreFixup { Value = record.TypeId, LocalValue = record.TypeId };
        }

        List<Candidate> candidates = CandidatesFor(record.TypeId);
        CoreEvaluator evaluator = new(_question);
        CoreAnswer local = evaluator.Answer(_question.Access);
        CoreFixup fixup = default;
        ulong bitOffset = 0;
        int matching = 0;
        for (int i = 0; i < candidates.Count; i++)
        {
            Candidate candidate = candidates[i];
            if (!new CoreMatcher(_question, candidate.Types).TryMatch(candidate.Id, _found))
            {
                continue;
            }

            CoreFixup next = Compare(local, evaluator.Answer(_found), candidate.Types);
            if (matching == 0)
            {
                fixup = next;
                bitOffset = _found.BitOffset;
                _answered = candidate;
            }
            else
            {
                CheckAgreement(fixup, bitOffset, next, candidates[0], candidate);
            }

            candidates[matching++] = candidate;
        }

        if (matching == 0)
        {
            return Compare(local, evaluator.Answer(null), _target);
        }

        candidates.RemoveRange(matching, candidates.Count - matching);
        return fixup;
    }

    /// <summary>Puts the answer to the last record that was resolved into words.</summary>
    public CoreResolution Describe(string function, CoreRelocationRecord record, CoreFixup fixup, bool isPoisoned) => new(
        function, record, _local[record.TypeId].ToString(), BtfName.Show(_local.NameOf(record.AccessStringOffset)), _question.Access.Describe(),
        _answered?.Types[_answered.Value.Id].ToString(), _answered?.Types.ImageName,
        isPoisoned ? CoreOutcome.Poisoned : CoreOutcome.Patched, isPoisoned ? 0 : fixup.Value, fixup.LocalValue);

    /// <summary>Puts the failure of a record into words.</summary>
    public CoreResolution Describe(string function, CoreRelocationRecord record, CoreRelocationException failure) => new(
        function, record, failure.LocalType, record.AccessStringOffset < _local.StringLength ? BtfName.Show(_local.NameOf(record.AccessStringOffset)) : "",
        "", null, null, CoreOutcome.Failed, 0, 0, failure.Reason);

    private List<Candidate> CandidatesFor(uint localId)
    {
        if (_candidates.TryGetValue(localId, out List<Candidate>? candidates))
        {
            return candidates;
        }

        BtfType root = _local[localId];
        ReadOnlySpan<byte> name = BtfName.Essential(root.Name);
        if (name.IsEmpty)
        {
            _question.Fail("a type without a name cannot be found in the kernel");
        }

        candidates = [];
        AddCandidates(candidates, _target, name, root.Kind);
        if (candidates.Count == 0)
        {
            foreach (BtfTypes module in _modules ??= _readModules())
            {
                AddCandidates(candidates, module, name, root.Kind);
            }
        }

        _candidates.Add(localId, candidates);
        return candidates;
    }

    private void AddCandidates(List<Candidate> candidates, BtfTypes types, ReadOnlySpan<byte> name, BtfKind kind)
    {
        _ids.Clear();
        types.FindCandidates(name, kind, _ids);
        foreach (uint id in _ids)
        {
            candidates.Add(new Candidate(types, id));
        }
    }

    private CoreFixup Compare(CoreAnswer local, CoreAnswer answer, BtfTypes types)
    {
        if (answer.IsSignUnknown && _question.Enumerator.IsSigned)
        {
            answer = answer with { Value = (ulong)(int)answer.Value, IsSignUnknown = false };
        }

        CoreFixup fixup = new()
        {
            IsPoisoned = answer.IsMissing,
            Value = answer.Value,
            LocalValue = local.Value,
            IsLocalValueCertain = !local.IsAmbiguous,
            IsLocalSignUnknown = local.IsSignUnknown,
            IsSignUnknown = answer.IsSignUnknown,
            LocalSize = local.Size,
            TargetSize = answer.Size,
        };
        return local.Size == answer.Size || answer.IsMissing ? fixup : fixup with { CanResize = CanResize(local, answer, types) };
    }

    private bool CanResize(CoreAnswer local, CoreAnswer answer, BtfTypes types)
    {
        if (local.TypeId == 0 || answer.TypeId == 0)
        {
            return false;
        }

        BtfType from = _local[local.TypeId];
        BtfType to = types[answer.TypeId];
        return (from.Kind == BtfKind.Pointer && to.Kind == BtfKind.Pointer)
            || (from.Kind == BtfKind.Int && to.Kind == BtfKind.Int && !from.IntegerEncoding.IsSigned && !to.IntegerEncoding.IsSigned);
    }

    private void CheckAgreement(CoreFixup first, ulong firstOffset, CoreFixup next, Candidate firstCandidate, Candidate candidate)
    {
        // Several types of one name are common: duplicates that differ only in what their pointers point to. They must agree.
        if (_found.BitOffset != firstOffset)
        {
            _question.Fail($"ambiguous: at bit {firstOffset} in {firstCandidate} but at bit {_found.BitOffset} in {candidate}");
        }

        if (next.IsPoisoned != first.IsPoisoned || next.Value != first.Value)
        {
            _question.Fail($"ambiguous: {first.Value} by {firstCandidate} but {next.Value} by {candidate}");
        }
    }

    private readonly record struct Candidate(BtfTypes Types, uint Id)
    {
        public override string ToString() => $"{Types[Id]} of {Types.ImageName}";
    }
}
