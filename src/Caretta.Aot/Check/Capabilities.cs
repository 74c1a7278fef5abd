using System.Globalization;

namespace Caretta.Aot.Check;

/// <summary>What this process may do: its effective capabilities, capabilities(7).</summary>
internal readonly record struct Capabilities(ulong Effective)
{
    // include/uapi/linux/capability.h
    private const int NetAdmin = 12;
    private const int SysAdmin = 21;
    private const int Perfmon = 38;
    private const int Bpf = 39;

    /// <summary>CAP_BPF, or CAP_SYS_ADMIN, which includes it.</summary>
    public bool HasBpf => Has(Bpf) || Has(SysAdmin);

    /// <summary>CAP_PERFMON, or CAP_SYS_ADMIN, which includes it.</summary>
    public bool HasPerfmon => Has(Perfmon) || Has(SysAdmin);

    /// <summary>CAP_NET_ADMIN, or CAP_SYS_ADMIN, which for BPF programs includes it (<c>bpf_net_capable</c>, kernel/bpf/syscall.c).</summary>
    public bool HasNetAdmin => Has(NetAdmin) || Has(SysAdmin);

    /// <summary>Those of this process.</summary>
    public static Capabilities ReadOwn()
    {
        const string Label = "CapEff:";
        foreach (string line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith(Label, StringComparison.Ordinal))
            {
                return new Capabilities(ulong.Parse(line.AsSpan(Label.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            }
        }

        return default;
    }

    /// <summary>Names of those that the main tier needs and this process lacks, separated by commas; empty if none.</summary>
    public string DescribeMissing()
    {
        List<string> missing = [];
        if (!HasBpf)
        {
            missing.Add("CAP_BPF");
        }

        if (!HasPerfmon)
        {
            missing.Add("CAP_PERFMON");
        }

        if (!HasNetAdmin)
        {
            missing.Add("CAP_NET_ADMIN");
        }

        return string.Join(", ", missing);
    }

    private bool Has(int capability) => (Effective >> capability & 1) != 0;
}
