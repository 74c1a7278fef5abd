namespace Caretta.Bpf.CoreRelocation;

/// <summary>What became of one relocation against kernel types: for people and tools that look into an object.</summary>
/// <param name="Function">Name of the function with the instruction.</param>
/// <param name="Record">What was asked; its instruction counts from the start of the function as compiled.</param>
/// <param name="LocalType">Root type in the object: <c>[17] struct sock</c>.</param>
/// <param name="Access">The access string as written: <c>0:1:2</c>.</param>
/// <param name="Path">The same in names, <c>sock.__sk_common.skc_dport</c>; of an enumeration's value, its name; empty for whole types.</param>
/// <param name="TargetType">The first type that has what was asked for, <see langword="null"/> if none has.</param>
/// <param name="TargetName">Name of the image <paramref name="TargetType"/> is in, the kernel's or a module's.</param>
/// <param name="Outcome">What the instruction became.</param>
/// <param name="Value">What was written into it, if <paramref name="Outcome"/> is <see cref="CoreOutcome.Patched"/>.</param>
/// <param name="LocalValue">What the object's own types answer.</param>
/// <param name="Failure">Why there is no answer, if <paramref name="Outcome"/> is <see cref="CoreOutcome.Failed"/>.</param>
public sealed record CoreResolution(
    string Function,
    CoreRelocationRecord Record,
    string LocalType,
    string Access,
    string Path,
    string? TargetType,
    string? TargetName,
    CoreOutcome Outcome,
    ulong Value,
    ulong LocalValue,
    string? Failure = null);
