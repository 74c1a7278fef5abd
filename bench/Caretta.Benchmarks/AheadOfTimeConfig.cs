using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Environments;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains;
using BenchmarkDotNet.Toolchains.NativeAot;

namespace Caretta.Benchmarks;

/// <summary>Every benchmark twice: by the just-in-time compiler and ahead of time, for the framework that the agent is published for.</summary>
internal sealed class AheadOfTimeConfig : ManualConfig
{
    private const string CompilerVersion = "9.0.20";

    /// <summary>A few short runs of each.</summary>
    public AheadOfTimeConfig()
    {
        Add(DefaultConfig.Instance);
        IToolchain made = NativeAotToolchain.CreateBuilder()
            .UseNuGet(CompilerVersion, "")
            .IlcGenerateCompleteTypeMetadata(false)
            .TargetFrameworkMoniker("net9.0")
            .ToToolchain();

        // The same without its check that the SDK is of the framework's version: a newer one does it, too.
        var toolchain = new Toolchain("ahead of time", made.Generator, made.Builder, made.Executor);
        AddJob(Job.ShortRun.WithId("JIT"));
        AddJob(Job.ShortRun.WithId("AOT").WithRuntime(NativeAotRuntime.Net90).WithToolchain(toolchain));
    }
}
