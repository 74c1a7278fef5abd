namespace Caretta.Aot.Export;

/// <summary>Which links come first. Those that are equal come by their names, so that the same map gives the same text.</summary>
internal enum MapSort
{
    /// <summary>Those with most bytes.</summary>
    Bytes,

    /// <summary>Those with most bytes per second.</summary>
    Rate,

    /// <summary>Those with most connections.</summary>
    Opened,

    /// <summary>Those with most failures.</summary>
    Failed,

    /// <summary>Those that are newest.</summary>
    New,

    /// <summary>By client, server and port.</summary>
    Name,
}
