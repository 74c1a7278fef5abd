using BenchmarkDotNet.Running;

using Caretta.Benchmarks;

if (args is ["figures", var drain])
{
    Figures.Print(drain);
    return;
}

BenchmarkSwitcher.FromAssembly(typeof(BtfBenchmarks).Assembly).Run(args);
