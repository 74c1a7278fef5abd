using System.Runtime.CompilerServices;

using Caretta.Testing;
using Xunit;

namespace Caretta.Kernel.Tests.Support;

/// <summary>Runs the calling test once more in a process of other circumstances: fewer capabilities, other mounts.</summary>
internal static class Rerun
{
    private const string Variable = "CARETTA_KERNEL_TESTS_RERUN";

    /// <summary>Whether this is the inner run of a test.</summary>
    public static bool IsInner([CallerMemberName] string test = "") => Environment.GetEnvironmentVariable(Variable) == test;

    /// <summary>Runs it and expects it to pass.</summary>
    /// <param name="testClass">The class of the calling test.</param>
    /// <param name="wrapper">Program and arguments that go before the test's own.</param>
    /// <param name="test">The calling test.</param>
    public static async Task ExpectPassAsync(Type testClass, string[] wrapper, [CallerMemberName] string test = "")
    {
        await using var inner = new ChildProcess("env", [
            $"{Variable}={test}", .. wrapper,
            Path.Combine(AppContext.BaseDirectory, "Caretta.Kernel.Tests"), "--filter-method", $"{testClass.FullName}.{test}"]);
        int code = await inner.WaitAsync(TestContext.Current.CancellationToken);
        Assert.True(code == 0, inner.Log);
    }
}
