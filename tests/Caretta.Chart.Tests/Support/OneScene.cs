using Xunit;

namespace Caretta.Chart.Tests.Support;

/// <summary>Tests that share one installed chart.</summary>
[CollectionDefinition]
public sealed class OneScene : ICollectionFixture<ChartScene>;
