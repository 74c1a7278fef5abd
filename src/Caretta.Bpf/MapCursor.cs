namespace Caretta.Bpf;

/// <summary>Where a walk over a map stands. A short batch is not its end; <see cref="Ended"/> is.</summary>
public struct MapCursor
{
    /// <summary>Opaque to us: a bucket number for hashes, so 4 bytes (<c>__htab_map_lookup_and_delete_batch</c>).</summary>
    internal uint Token;

    /// <summary>Whether a batch was read.</summary>
    public bool Started { get; internal set; }

    /// <summary>Whether the walk is over.</summary>
    public bool Ended { get; internal set; }
}
