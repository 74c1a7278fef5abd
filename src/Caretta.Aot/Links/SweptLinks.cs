using System.Runtime.InteropServices;
using Caretta.Bpf;

namespace Caretta.Aot.Links;

/// <summary>
/// The map that a sweep fills, read in place. Its size follows the work, as that of the link maps: what finds no room goes to those, so a
/// map that was full costs time and nothing else.
/// </summary>
/// <remarks>Poll thread only, and not while a sweep runs.</remarks>
internal sealed class SweptLinks : IDisposable
{
    /// <summary>Entries beyond which it is not enlarged: 4 MB. Beyond that the link maps do.</summary>
    private const uint MaxCapacity = 1 << 15;

    // A map nobody came near for this many sweeps is too large.
    private const int QuietSweeps = 64;

    private readonly BpfMap _holder;
    private readonly uint _minCapacity;
    private BpfMemory _memory;
    private int _largest;
    private int _quiet;

    /// <summary>Takes ownership of <paramref name="first"/>.</summary>
    /// <param name="holder">The map of maps that says which one is filled.</param>
    /// <param name="first">The one that is filled first.</param>
    /// <exception cref="BpfException">Its memory cannot be mapped.</exception>
    public SweptLinks(BpfMap holder, BpfMap first)
    {
        _holder = holder;
        Map = first;
        _minCapacity = first.Shape.MaxEntries;
        _memory = first.MapMemory(isWritable: false);
    }

    /// <summary>The map. It changes when it is resized.</summary>
    public BpfMap Map { get; private set; }

    /// <summary>Moves what the last sweep left to the table.</summary>
    /// <param name="count">How many entries it filled.</param>
    /// <param name="table">Where they go.</param>
    public void Drain(int count, LinkTable table)
    {
        table.Apply(MemoryMarshal.Cast<byte, SweptLink>(_memory.Span)[..count]);
        Adapt(count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _memory.Dispose();
        Map.Dispose();
    }

    private void Adapt(int count)
    {
        uint capacity = Map.Shape.MaxEntries;
        if (count == capacity && capacity < MaxCapacity)
        {
            Resize(Math.Min(MaxCapacity, capacity * 4));
        }

        _largest = Math.Max(_largest, count);
        if (++_quiet == QuietSweeps)
        {
            if (capacity > _minCapacity && _largest < capacity / 16)
            {
                Resize(Math.Max(_minCapacity, capacity / 4));
            }

            _quiet = 0;
            _largest = 0;
        }
    }

    private void Resize(uint capacity)
    {
        BpfMap? replacement = null;
        try
        {
            replacement = BpfMap.Create(Map.Shape with { MaxEntries = capacity });
            BpfMemory memory = replacement.MapMemory(isWritable: false);
            _holder.UpdateInner(0, replacement);
            _memory.Dispose();
            Map.Dispose();
            (Map, _memory) = (replacement, memory);
        }
        catch (BpfException)
        {
            // No memory for it. The one there is does, with the link maps behind it.
            replacement?.Dispose();
        }
    }
}
