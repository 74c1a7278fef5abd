namespace Caretta.Aot.Export;

/// <summary>How a link differs from the range that it is compared with.</summary>
internal enum LinkChange
{
    /// <summary>Nothing was compared.</summary>
    None,

    /// <summary>It was not there before.</summary>
    New,

    /// <summary>It is not there any more.</summary>
    Gone,

    /// <summary>It carries more bytes per second, by more than a tenth.</summary>
    Grown,

    /// <summary>It carries fewer, by more than a tenth.</summary>
    Shrunk,

    /// <summary>It is much as it was.</summary>
    Same,
}
