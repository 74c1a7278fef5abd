using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;

using Caretta.Benchmarks;

if (args is ["figures", var drain])
{
    Figures.Print(drain);
    return;
}

// Before everything else: --aot asks for the same compiled ahead of time, too.
(IConfig config, string[] rest) = args is ["--aot", .. var others] ? (new AheadOfTimeConfig(), others) : (DefaultConfig.Instance, args);
BenchmarkSwitcher.FromAssembly(typeof(BtfBenchmarks).Assembly).Run(rest, config);
