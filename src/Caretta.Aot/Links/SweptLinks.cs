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
    private int _largest;
    private int _quiet;

    /// <summary>Takes ownership of <paramref name="first"/>.</summary>
    /// <param name="holder">The map of maps that says which one is filled.</param>
    /// <param name="first">The one that is filled first.</param>
    public SweptLinks(BpfMap holder, BpfMap first)
    {
        _holder = holder;
        Map = first;
        _minCapacity = first.Shape.MaxEntries;
    }

    /// <summary>The map. It changes when it is resized.</summary>
    public BpfMap Map { get; private set; }

    /// <summary>Moves what the last sweep left to the table.</summary>
    /// <param name="count">How many entries it filled.</param>
    /// <param name="table">Where they go.</param>
    /// <exception cref="BpfException">The kernel refused to show them.</exception>
    public void Drain(int count, LinkTable table)
    {
        if (count > 0)
        {
            Read(count, table);
        }

        Adapt(count);
    }

    /// <inheritdoc/>
    public void Dispose() => Map.Dispose();

    private void Read(int count, LinkTable table)
    {
        try
        {
            // Mapped for the moment only: megabytes of a busy node would count as the agent's all the time.
            using BpfMapping memory = Map.MapBriefly();
            table.Apply(MemoryMarshal.Cast<byte, SweptLink>(memory.Span)[..count]);
        }
        catch (BpfException)
        {
            // No room for the mapping. What a sweep found is told once, so it is read in any case.
            ReadOneByOne(count, table);
        }
    }

    private void ReadOneByOne(int count, LinkTable table)
    {
        Span<SweptLink> one = stackalloc SweptLink[1];
        for (int i = 0; i < count; i++)
        {
            Map.TryLookup(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in i)), MemoryMarshal.AsBytes(one));
            table.Apply(one);
        }
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
            _holder.UpdateInner(0, replacement);
            Map.Dispose();
            Map = replacement;
        }
        catch (BpfException)
        {
            // No memory for it. The one there is does, with the link maps behind it.
            replacement?.Dispose();
        }
    }
}
