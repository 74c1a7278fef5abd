using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>
/// Waits for programs that may still use what a map of maps held before. From Linux 5.0 on the update itself waits
/// (<c>maybe_wait_bpf_programs</c>). Nothing tells from outside whether it did, and waiting twice does no harm: so this is for kernels
/// without global data, which came a little later (5.2).
/// </summary>
/// <remarks>
/// A program runs with preemption off and within a read-side section of RCU. A global barrier is a grace period of the kind that
/// waits for both: <c>synchronize_sched</c> before Linux 4.20, which made it one with <c>synchronize_rcu</c> (<c>kernel/sched/membarrier.c</c>).
/// With one CPU online it is nothing, and need not be anything: whoever calls it has the CPU, so no program has.
/// </remarks>
internal static class RunningPrograms
{
    // A program of those kernels is at most 4096 instructions long, without loops, and nothing but interrupts gets between.
    private static readonly TimeSpan LongerThanAnyRuns = TimeSpan.FromMilliseconds(50);

    /// <summary>Returns when every program that was running has ended. Blocks for some milliseconds. Allocates nothing.</summary>
    public static void Wait()
    {
        if (KernelCalls.Current.Membarrier() < 0)
        {
            // EINVAL where CPUs run without ticks (nohz_full), ENOSYS where it is not built in, EPERM under a filter of system calls. No
            // other call of those kernels waits as the barrier does. Time is no proof; but no program of a running CPU lasts that long.
            Thread.Sleep(LongerThanAnyRuns);
        }
    }
}
