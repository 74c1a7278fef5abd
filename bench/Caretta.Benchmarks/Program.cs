using BenchmarkDotNet.Running;

using Caretta.Benchmarks;

BenchmarkSwitcher.FromAssembly(typeof(BtfBenchmarks).Assembly).Run(args);
