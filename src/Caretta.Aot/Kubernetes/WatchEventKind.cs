namespace Caretta.Aot.Kubernetes;

/// <summary>The <c>type</c> of a watch event (Kubernetes API concepts, "Efficient detection of changes").</summary>
internal enum WatchEventKind
{
    /// <summary>None that we know.</summary>
    Unknown,

    /// <summary>The object is new, or part of the initial events.</summary>
    Added,

    /// <summary>The object changed.</summary>
    Modified,

    /// <summary>The object is gone.</summary>
    Deleted,

    /// <summary>Nothing happened up to this version.</summary>
    Bookmark,

    /// <summary>The watch is over; the object is a <c>Status</c>.</summary>
    Error,
}
