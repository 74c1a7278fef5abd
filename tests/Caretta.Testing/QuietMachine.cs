using System.Runtime.CompilerServices;

namespace Caretta.Testing;

/// <summary>
/// A machine of one's own, as far as sockets go: a network namespace, so that nobody else connects; a pid namespace, so that nobody
/// else's connections are adopted; a cgroup, so that the programs run for nobody else. What is counted there is exact to the last one.
/// </summary>
internal static class QuietMachine
{
    private const string Variable = "CARETTA_TESTS_CGROUP";

    /// <summary>The cgroup of the inner run.</summary>
    public static string Cgroup => Environment.GetEnvironmentVariable(Variable)
        ?? throw new InvalidOperationException($"{Variable} is not set: this is no inner run");

    /// <summary>Runs the calling test once more in there and expects it to pass.</summary>
    public static async Task ExpectPassAsync(Type testClass, [CallerMemberName] string test = "", CancellationToken cancellation = default)
    {
        DirectoryInfo cgroup = Directory.CreateDirectory(Path.Combine(RootCgroup.Mount, $"caretta-test-{Guid.NewGuid():N}"));
        try
        {
            // Methods that are compiled anew while they run allocate once for that. The agent is compiled ahead of time, and never again.
            await Rerun.ExpectPassAsync(testClass, [
                "DOTNET_TieredCompilation=0", $"{Variable}={cgroup.FullName}",
                "unshare", "--net", "--pid", "--fork", "--mount-proc", "sh", "-c",
                $"ip link set lo up && echo 0 > {cgroup.FullName}/cgroup.procs && exec \"$@\"", "sh"], test, cancellation);
        }
        finally
        {
            cgroup.Delete();
        }
    }
}
