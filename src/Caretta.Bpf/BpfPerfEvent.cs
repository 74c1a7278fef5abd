namespace Caretta.Bpf;

/// <summary>An event of perf_event_open(2) at which a program runs (<c>include/uapi/linux/perf_event.h</c>).</summary>
/// <param name="Type">A <c>PERF_TYPE_*</c> number: 0 hardware, 1 software, 4 raw, or what <c>/sys/bus/event_source</c> says.</param>
/// <param name="Config">Which event of that type, e.g. <c>PERF_COUNT_SW_CPU_CLOCK</c>, 0.</param>
/// <param name="Period">The program runs once in so many events; with <paramref name="IsFrequency"/> so many times a second.</param>
/// <param name="IsFrequency">What <paramref name="Period"/> means.</param>
public readonly record struct BpfPerfEvent(uint Type, ulong Config, ulong Period, bool IsFrequency = false)
{
    /// <summary>The processor's time in software, so that it exists in virtual machines too.</summary>
    /// <param name="frequency">Runs a second on each processor; sysctl kernel.perf_event_max_sample_rate bounds it.</param>
    public static BpfPerfEvent CpuClock(ulong frequency) => new(1, 0, frequency, IsFrequency: true);

    /// <inheritdoc/>
    public override string ToString() => $"{Type}:0x{Config:x}";
}
