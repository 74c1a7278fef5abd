using System.Runtime.CompilerServices;

using Xunit;

namespace Caretta.Kernel.Tests.Support;

/// <summary>A test that loads BPF programs. Without <c>CARETTA_KERNEL_TESTS=1</c> it is skipped; with it, nothing is.</summary>
public sealed class KernelFactAttribute : FactAttribute
{
    public KernelFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line)
    {
        if (Environment.GetEnvironmentVariable("CARETTA_KERNEL_TESTS") != "1")
        {
            Skip = "needs root and a kernel with BPF: run sudo ./build.sh test-kernel";
        }
    }
}
