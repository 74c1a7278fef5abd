using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>What an error number from bpf(2) usually means to whoever runs the program.</summary>
internal static class Advice
{
    /// <summary>Advice for a refused map or program, or null if the number alone says it.</summary>
    /// <param name="errno">Positive.</param>
    /// <param name="logIsEmpty">Whether the verifier had nothing to say, so that it was not asked at all.</param>
    public static string? For(int errno, bool logIsEmpty = true) => errno switch
    {
        Errno.EPERM when logIsEmpty =>
            "needs CAP_BPF and CAP_PERFMON, for sockets also CAP_NET_ADMIN (CAP_SYS_ADMIN before Linux 5.8); "
            + "before 5.11 also enough locked memory (ulimit -l unlimited); kernel lockdown or a security module may refuse it too",
        Errno.ENOMEM => "the kernel has no memory for it, or the cgroup's memory limit is reached",
        Errno.ENOSYS => "this kernel has no bpf(2)",
        _ => null,
    };
}
