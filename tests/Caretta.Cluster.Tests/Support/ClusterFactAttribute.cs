using System.Runtime.CompilerServices;

using Xunit;

namespace Caretta.Cluster.Tests.Support;

/// <summary>A test that starts a real API server. Without <c>CARETTA_CLUSTER_TOOLS</c> it is skipped.</summary>
public sealed class ClusterFactAttribute : FactAttribute
{
    public ClusterFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line)
    {
        if (ClusterTools.Directory is null)
        {
            Skip = "needs etcd and kube-apiserver: run sudo ./build.sh test-cluster";
        }
    }
}
