namespace Caretta.Chart.Tests.Support;

/// <summary>Helm and the descriptions that manifests are held against, as <c>tests/chart/fetch-tools.sh</c> leaves them.</summary>
internal static class ChartTools
{
    /// <summary>The path of one of them.</summary>
    /// <exception cref="InvalidOperationException">The tests were started without them.</exception>
    public static string Find(string name) => Path.Combine(
        Environment.GetEnvironmentVariable("CARETTA_CHART_TOOLS")
            ?? throw new InvalidOperationException("needs helm (CARETTA_CHART_TOOLS is not set): run sudo ./build.sh test-chart"),
        name);
}
