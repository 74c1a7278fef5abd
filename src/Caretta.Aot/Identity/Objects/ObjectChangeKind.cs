namespace Caretta.Aot.Identity.Objects;

/// <summary>What happened to the objects of one type.</summary>
internal enum ObjectChangeKind
{
    /// <summary>A full list begins. What is known stays valid until <see cref="Synced"/>; a list cut short begins again with this.</summary>
    Reset,

    /// <summary>An object is new, changed, or (in a list) still there.</summary>
    Upserted,

    /// <summary>An object is gone. The object given is its last state.</summary>
    Deleted,

    /// <summary>The list is complete: what was not upserted since the last <see cref="Reset"/> is gone.</summary>
    Synced,
}
