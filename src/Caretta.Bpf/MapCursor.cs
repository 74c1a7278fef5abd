using System.Runtime.CompilerServices;

namespace Caretta.Bpf;

/// <summary>Where a walk over a map stands. A short batch is not its end; <see cref="Ended"/> is.</summary>
public struct MapCursor
{
    /// <summary>The longest key, in bytes, of maps that can be walked.</summary>
    public const int MaxKeySize = 128;

    /// <summary>
    /// Opaque to us in a walk by batches: a bucket number for hashes (<c>__htab_map_lookup_and_delete_batch</c>), else a key
    /// (<c>generic_map_lookup_batch</c>). In a walk key by key, the key to come next.
    /// </summary>
    internal MapToken Token;

    /// <summary>Keys taken one by one so far.</summary>
    internal long Steps;

    /// <summary>Whether a batch was read.</summary>
    public bool Started { get; internal set; }

    /// <summary>Whether the walk is over.</summary>
    public bool Ended { get; internal set; }

    /// <summary>Room for the token of any map that can be walked.</summary>
    [InlineArray(MaxKeySize)]
    internal struct MapToken
    {
        private byte _first;
    }
}
