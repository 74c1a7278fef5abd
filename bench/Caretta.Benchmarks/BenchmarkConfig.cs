using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Environments;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using BenchmarkDotNet.Toolchains.NativeAot;

using Perfolizer.Horology;

namespace Caretta.Benchmarks;

/// <summary>
/// A few short runs of each benchmark by the just-in-time compiler, and if asked for of the same compiled ahead of time, for the framework
/// that the agent is published for.
/// </summary>
internal sealed class BenchmarkConfig : ManualConfig
{
    private const string CompilerVersion = "9.0.20";

    // As the agent is published, whose project says the first one for itself alone; the libraries' lock files know no runtime, and stay so.
    private static readonly Argument[] Properties =
    [
        new MsBuildArgument("/p:OptimizationPreference=Size"),
        new MsBuildArgument("/p:NuGetLockFilePath=obj/ahead-of-time.lock.json"),
    ];

    /// <summary>The one or both.</summary>
    public BenchmarkConfig(bool aheadOfTime)
    {
        Add(DefaultConfig.Instance);
        AddDiagnoser(MemoryDiagnoser.Default);
        HideColumns("Arguments", "Runtime", "Toolchain", "InvocationCount", "UnrollFactor");
        Job job = Job.ShortRun.WithIterationTime(TimeInterval.FromMilliseconds(250));

        // In this process: built out of it, at the same time as the other, each would write into the other's files.
        AddJob(job.WithId("JIT").WithToolchain(InProcessEmitToolchain.Instance));
        if (aheadOfTime)
        {
            AddJob(job.WithId("AOT").WithRuntime(NativeAotRuntime.Net90).WithToolchain(MakeToolchain()).WithArguments(Properties));

            // The compiler takes two minutes of both processors, ten on a crowded machine; BenchmarkDotNet would wait for two.
            WithBuildTimeout(TimeSpan.FromMinutes(30));
        }
    }

    private static Toolchain MakeToolchain()
    {
        IToolchain made = NativeAotToolchain.CreateBuilder()
            .UseNuGet(CompilerVersion, "")
            .IlcGenerateCompleteTypeMetadata(false)
            // Not what this machine has beyond others: the agent's binary is for all of them.
            .IlcInstructionSet("")
            .TargetFrameworkMoniker("net9.0")
            .ToToolchain();

        // The same without its check that the SDK is of the framework's version: a newer one does it, too.
        return new Toolchain("ahead of time", made.Generator, made.Builder, made.Executor);
    }
}
