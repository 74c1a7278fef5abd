using System.Reflection;
using System.Runtime.CompilerServices;

namespace Caretta.Testing;

/// <summary>Runs the calling test once more in a process of other circumstances: fewer capabilities, other mounts.</summary>
internal static class Rerun
{
    private const string Variable = "CARETTA_TESTS_RERUN";

    /// <summary>Whether this is the inner run of a test.</summary>
    public static bool IsInner([CallerMemberName] string test = "") => Environment.GetEnvironmentVariable(Variable) == test;

    /// <summary>Runs it and expects it to pass.</summary>
    /// <param name="testClass">The class of the calling test.</param>
    /// <param name="wrapper">Program and arguments that go before the test's own.</param>
    /// <param name="test">The calling test.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">It failed; with what it said.</exception>
    public static async Task ExpectPassAsync(
        Type testClass, string[] wrapper, [CallerMemberName] string test = "", CancellationToken cancellation = default)
    {
        string program = Path.Combine(AppContext.BaseDirectory, Assembly.GetEntryAssembly()!.GetName().Name!);
        await using var inner = new ChildProcess("env", [
            $"{Variable}={test}", .. wrapper, program, "--filter-method", $"{testClass.FullName}.{test}"]);
        if (await inner.WaitAsync(cancellation) != 0)
        {
            throw new InvalidOperationException(inner.Log);
        }
    }
}
