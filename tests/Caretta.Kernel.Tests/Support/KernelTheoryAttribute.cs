using System.Runtime.CompilerServices;

using Xunit;
using Xunit.v3;

namespace Caretta.Kernel.Tests.Support;

/// <summary>A <see cref="KernelFactAttribute"/> with data.</summary>
public sealed class KernelTheoryAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
    : TheoryAttribute(file, line), ITraitAttribute
{
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("needs", "root")];
}
