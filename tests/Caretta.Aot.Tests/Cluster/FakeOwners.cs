using System.Diagnostics.CodeAnalysis;
using Caretta.Aot.Identity.Objects;

namespace Caretta.Aot.Tests.Cluster;

/// <summary>Knows of owners what a test tells it.</summary>
internal sealed class FakeOwners : IOwnerSource
{
    private readonly Dictionary<Uid, OwnerReference> _tops = [];

    public long Epoch { get; private set; }

    public int Asked { get; private set; }

    public void Learn(OwnerReference controller, OwnerReference top)
    {
        _tops[controller.Uid] = top;
        Epoch++;
    }

    public bool TryGetTop(string space, OwnerReference controller, [NotNullWhen(true)] out OwnerReference? top)
    {
        Asked++;
        return _tops.TryGetValue(controller.Uid, out top);
    }
}
