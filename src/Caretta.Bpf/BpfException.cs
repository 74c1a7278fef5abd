using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>The kernel refused an operation. The message names the operation, its object, the error and, where known, what to do.</summary>
public sealed class BpfException : Exception
{
    /// <summary>Creates one for a refused operation.</summary>
    /// <param name="operation">What was tried on what, e.g. <c>load program sock_ops</c>.</param>
    /// <param name="errno">The positive error number.</param>
    /// <param name="log">The verifier's log, if there is one.</param>
    /// <param name="advice">What to do about it, if that is known.</param>
    public BpfException(string operation, int errno, VerifierLog? log = null, string? advice = null)
        : base(Describe(operation, errno, log, advice))
    {
        Operation = operation;
        ErrorNumber = errno;
        Log = log;
        Advice = advice;
    }

    /// <summary>What was tried on what.</summary>
    public string Operation { get; }

    /// <summary>errno, positive.</summary>
    public int ErrorNumber { get; }

    /// <summary>The symbolic name of <see cref="ErrorNumber"/>, e.g. <c>EPERM</c>.</summary>
    public string ErrorName => Errno.Name(ErrorNumber);

    /// <summary>The whole verifier log, when a program was refused.</summary>
    public VerifierLog? Log { get; }

    /// <summary>What to do about it, or null.</summary>
    public string? Advice { get; }

    private static string Describe(string operation, int errno, VerifierLog? log, string? advice)
    {
        string text = $"{operation}: {Errno.Name(errno)} ({errno})";
        if (log is { Summary.Length: > 0 })
        {
            text += $": {log.Summary}";
        }

        return advice is null ? text : $"{text}; {advice}";
    }
}
