namespace Caretta.Aot.Links;

/// <summary>What the tiers are called outside.</summary>
internal static class TierNames
{
    /// <summary>Name in metrics, in the log and in <c>caretta check</c>.</summary>
    public static string Name(this TierKind kind) => kind switch
    {
        TierKind.Main => "main",
        TierKind.SockopsTypes => "sockops-types",
        TierKind.Sockops => "sockops",
        TierKind.Tracing => "tracing",
        _ => "sockops-plain",
    };
}
