using System.Text;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>
/// A probe that was made through tracefs, and is removed again when this is disposed: it outlives descriptors and processes. One that a
/// killed process leaves behind does nothing, and its name says whose it was.
/// </summary>
internal sealed class ProbeEvent : IDisposable
{
    private const string Group = "caretta_bpf";
    private const int MaxSymbolLength = 24;      // of 64 that a name may have: kernel/trace/trace_probe.h, MAX_EVENT_NAME_LEN
    private const int MaxRemovalTries = 200;

    // Names must differ within the process; what they are does not matter.
    private static int _count;

    private readonly string _list;
    private bool _isRemoved;

    private ProbeEvent(string list, string name)
    {
        _list = list;
        Tracepoint = name;
    }

    /// <summary>The tracepoint that the probe became.</summary>
    public string Tracepoint { get; }

    /// <summary>Makes a probe.</summary>
    /// <param name="list"><c>kprobe_events</c> or <c>uprobe_events</c>.</param>
    /// <param name="isReturn">Whether it fires on return instead of entry.</param>
    /// <param name="place">Where, as that list wants it.</param>
    /// <param name="description">What is attached to what, for messages.</param>
    /// <exception cref="BpfException">Refused: ENOENT if there is no such place.</exception>
    /// <exception cref="FileNotFoundException">tracefs is not mounted, or the kernel has no such probes.</exception>
    public static ProbeEvent Create(string list, bool isReturn, string place, string description)
    {
        char kind = isReturn ? 'r' : 'p';
        string name = $"{Group}/{kind}_{Sanitize(place)}_{Environment.ProcessId}_{Interlocked.Increment(ref _count)}";
        int result = Tracefs.Command(list, $"{kind}:{name} {place}");
        return result < 0
            ? throw new BpfException($"make a probe for {description}", -result, advice: Advice.For(-result))
            : new ProbeEvent(list, name);
    }

    /// <summary>Leaves the probe in place: something that stays attached needs it.</summary>
    public void Keep() => _isRemoved = true;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isRemoved)
        {
            return;
        }

        _isRemoved = true;

        // The kernel closes perf events in the background when they were shared, and says EBUSY until it has.
        for (int i = 0; i < MaxRemovalTries && Tracefs.Command(_list, $"-:{Tracepoint}") == -Errno.EBUSY; i++)
        {
            Thread.Sleep(1);
        }
    }

    /// <summary>Of <c>module:function.isra.0+4</c> what a name may have.</summary>
    private static string Sanitize(string place)
    {
        var text = new StringBuilder();
        foreach (char c in place[(place.LastIndexOf('/') + 1)..])
        {
            if (text.Length < MaxSymbolLength)
            {
                text.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
            }
        }

        return text.ToString();
    }
}
