using System.Runtime.CompilerServices;

using Xunit;

namespace Caretta.Kernel.Tests.Support;

/// <summary>A <see cref="KernelFactAttribute"/> with data.</summary>
public sealed class KernelTheoryAttribute : TheoryAttribute
{
    public KernelTheoryAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line)
    {
        Skip = new KernelFactAttribute().Skip;
    }
}
