using System.Runtime.CompilerServices;

using Xunit;
using Xunit.v3;

namespace Caretta.Cluster.Tests.Support;

/// <summary>
/// A test that starts a real API server: without <c>CARETTA_CLUSTER_TOOLS</c> it fails, and is never skipped.
/// <c>--filter-not-trait needs=cluster</c> leaves it out.
/// </summary>
public sealed class ClusterFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
    : FactAttribute(file, line), ITraitAttribute
{
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("needs", "cluster")];
}
