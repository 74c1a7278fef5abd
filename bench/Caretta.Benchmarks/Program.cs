using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

using Caretta.Benchmarks;

// Before everything else: --aot asks for the same compiled ahead of time, too.
(ManualConfig config, string[] rest) = args is ["--aot", .. var others] ? (new AheadOfTimeConfig(), others) : (ManualConfig.Create(DefaultConfig.Instance), args);
config.AddDiagnoser(MemoryDiagnoser.Default);
IEnumerable<Summary> summaries = BenchmarkSwitcher.FromAssembly(typeof(BtfBenchmarks).Assembly).Run(rest, config);
return summaries.All(static summary => !summary.HasCriticalValidationErrors && summary.Reports.All(static report => report.Success)) ? 0 : 1;
