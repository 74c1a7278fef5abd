using System.Runtime.CompilerServices;

using Xunit;
using Xunit.v3;

namespace Caretta.Kernel.Tests.Support;

/// <summary>A test that loads BPF programs: without root it fails, and is never skipped. <c>--filter-not-trait needs=root</c> leaves it out.</summary>
public sealed class KernelFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
    : FactAttribute(file, line), ITraitAttribute
{
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("needs", "root")];
}
