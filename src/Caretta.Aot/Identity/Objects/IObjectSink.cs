namespace Caretta.Aot.Identity.Objects;

/// <summary>
/// Takes the changes of one type of object, in order. Called by one reflector at a time, from any thread: must return soon and must not
/// throw, so an implementation queues what it is given.
/// </summary>
internal interface IObjectSink<in T>
    where T : class
{
    /// <summary>Takes one change.</summary>
    /// <param name="kind">What happened.</param>
    /// <param name="item">The object; null for <see cref="ObjectChangeKind.Reset"/> and <see cref="ObjectChangeKind.Synced"/>.</param>
    void Apply(ObjectChangeKind kind, T? item);
}
