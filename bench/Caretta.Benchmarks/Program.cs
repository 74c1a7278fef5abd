using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

using Caretta.Benchmarks;

if (args is ["figures", var drain])
{
    Figures.Print(drain);
    return 0;
}

// Before everything else: --aot asks for the same compiled ahead of time, too.
(IConfig config, string[] rest) = args is ["--aot", .. var others] ? (new AheadOfTimeConfig(), others) : (DefaultConfig.Instance, args);
IEnumerable<Summary> summaries = BenchmarkSwitcher.FromAssembly(typeof(BtfBenchmarks).Assembly).Run(rest, config);
return summaries.All(static summary => !summary.HasCriticalValidationErrors && summary.Reports.All(static report => report.Success)) ? 0 : 1;
