namespace Caretta.Bpf.CoreRelocation;

/// <summary>
/// A relocation against kernel types that has no answer: its record makes no sense, the kernel has several different answers, or the
/// instruction cannot hold the one there is. A type or field that is merely missing is not an error, see <see cref="CoreFixup"/>.
/// </summary>
public sealed class CoreRelocationException : Exception
{
    internal CoreRelocationException(CoreRelocationRecord record, string localType, string reason)
        : base($"instruction {record.InstructionIndex}: {CoreKinds.Describe(record.Kind)} of {localType}: {reason}")
    {
        Record = record;
        LocalType = localType;
        Reason = reason;
    }

    /// <summary>The record that was asked.</summary>
    public CoreRelocationRecord Record { get; }

    /// <summary>The type in the object, for messages: <c>[17] struct sock</c>.</summary>
    public string LocalType { get; }

    /// <summary>Why there is no answer.</summary>
    public string Reason { get; }
}
