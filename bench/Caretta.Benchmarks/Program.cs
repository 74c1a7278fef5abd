using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

using Caretta.Benchmarks;

// Before everything else: --aot asks for the same compiled ahead of time, too.
bool aheadOfTime = args is ["--aot", ..];
IEnumerable<Summary> summaries = BenchmarkSwitcher.FromAssembly(typeof(BtfBenchmarks).Assembly)
    .Run(aheadOfTime ? args[1..] : args, new BenchmarkConfig(aheadOfTime));
return summaries.All(static summary => !summary.HasCriticalValidationErrors && summary.Reports.All(static report => report.Success)) ? 0 : 1;
