using System.Runtime.InteropServices;
using Caretta.Bpf;
using Caretta.Bpf.Btf;
using Caretta.Bpf.CoreRelocation;

namespace Caretta.Aot.Links;

/// <summary>
/// Finds the best tier that runs here, by starting them in turn: nothing else tells for sure. The agent and <c>caretta check</c> share
/// it, so that the one does what the other says.
/// </summary>
internal sealed class TierChoice
{
    private readonly TierObjects _objects;
    private readonly KernelParts _without;
    private readonly string? _cgroupMount;
    private readonly bool _trackProcesses;
    private readonly List<TierAttempt> _attempts = [];

    private TierChoice(TierObjects objects, KernelParts without, string? cgroupMount, bool trackProcesses)
    {
        _objects = objects;
        _without = without;
        _cgroupMount = cgroupMount;
        _trackProcesses = trackProcesses;
    }

    /// <summary>Every tier that was tried, best first; the last one runs.</summary>
    public IReadOnlyList<TierAttempt> Attempts => _attempts;

    /// <summary>Why no better tier runs; null if the best one does.</summary>
    public string? Reason => _attempts.Count > 1 ? Describe(_attempts) : null;

    /// <summary>Starts the best tier that runs.</summary>
    /// <param name="objects">What is built in.</param>
    /// <param name="without">What to do without.</param>
    /// <param name="cgroupMount">The root of the cgroup v2 tree; null where it is not mounted.</param>
    /// <param name="trackProcesses">Whether links are told apart by process name too (host mode).</param>
    /// <param name="choice">How it was found.</param>
    /// <returns>The tier, attached.</returns>
    /// <exception cref="TierException">None runs.</exception>
    public static ILinkTier Start(
        TierObjects objects, KernelParts without, string? cgroupMount, bool trackProcesses, out TierChoice choice)
    {
        choice = new TierChoice(objects, without, cgroupMount, trackProcesses);
        return choice.Start();
    }

    /// <summary>One line on those that do not run.</summary>
    public static string Describe(IEnumerable<TierAttempt> attempts) => string.Join(
        "; ", attempts.Where(static attempt => attempt.Refusal is not null).Select(static attempt => $"{attempt.Kind.Name()}: {attempt.Refusal}"));

    private ILinkTier Start()
    {
        KernelFeatures.Current.Hide((_without & KernelParts.Batch) != 0, (_without & KernelParts.Globals) != 0);
        foreach (TierKind kind in Enum.GetValues<TierKind>())
        {
            try
            {
                ILinkTier tier = Start(kind);
                _attempts.Add(new TierAttempt(kind, null));
                return tier;
            }
            catch (Exception exception) when (IsRefusal(exception))
            {
                _attempts.Add(new TierAttempt(kind, exception.Message, (exception as BpfException)?.ErrorName));
            }
        }

        throw new TierException(_attempts);
    }

    private static bool IsRefusal(Exception exception) =>
        exception is BpfException or BadImageException or CoreRelocationException or KeyNotFoundException or IOException
            or UnauthorizedAccessException;

    private ILinkTier Start(TierKind kind) => kind switch
    {
        TierKind.Main => StartMain(),
        TierKind.SockopsTypes => StartSockopsTypes(),
        TierKind.Sockops => StartSockops(kind, "sock_ops_headers", KernelParts.Headers | KernelParts.Cookie),
        TierKind.Tracing => StartTracing(),
        _ when (_without & KernelParts.Cookie) != 0 => StartSockops(kind, "sock_ops_plain"),
        _ => StartFirst(() => StartSockops(kind, "sock_ops_cookie"), () => StartSockops(kind, "sock_ops_plain")),
    };

    private MainTier StartMain()
    {
        string mount = Need(KernelParts.Btf | KernelParts.Tracing | KernelParts.Iterators | KernelParts.Globals);
        NeedKernelTypes();
        MainTier tier = MainTier.Load(_objects.Main(), _trackProcesses);
        try
        {
            tier.Attach(mount);
            return tier;
        }
        catch
        {
            tier.Dispose();
            throw;
        }
    }

    private FallbackTier StartSockopsTypes()
    {
        string mount = Need(KernelParts.Btf | KernelParts.Tracing | KernelParts.Cookie | KernelParts.Globals);
        NeedKernelTypes();
        BpfObject file = BpfObject.Parse(_objects.SockopsTypes(), "caretta_sockops_types.bpf.o");
        file.SetVariable("track_processes", _trackProcesses);
        return (_without & KernelParts.Headers) != 0 ? Start("sock_ops_types") : StartFirst(() => Start("sock_ops_headers"), () => Start("sock_ops_types"));

        FallbackTier Start(string program) => FallbackTier.StartSockops(TierKind.SockopsTypes, file, program, mount);
    }

    private FallbackTier StartSockops(TierKind kind, string program, KernelParts needed = KernelParts.None)
    {
        string mount = Need(needed);
        return FallbackTier.StartSockops(kind, BpfObject.Parse(_objects.Sockops(), "caretta_sockops.bpf.o"), program, mount);
    }

    private FallbackTier StartTracing()
    {
        NeedParts(KernelParts.Tracing);
        BpfObject file = BpfObject.Parse(_objects.Tracing(), "caretta_tracing.bpf.o");
        bool hasOwn = (_without & KernelParts.Btf) == 0 && KernelTypes.AreAvailable;
        return FallbackTier.StartTracing(file, hasOwn ? null : FindCarriedTypes(file), _trackProcesses);
    }

    // Kernel types that were made for other questions would answer "is there such a member" with no, quietly.
    private BtfTypes FindCarriedTypes(BpfObject file)
    {
        string release = KernelRelease.Text;
        string kernel = $"{release} ({RuntimeInformation.OSArchitecture})";
        CarriedTypes carried = _objects.FindTypes(release) ?? throw new FileNotFoundException(
            $"this kernel does not describe its types, and none are carried for {kernel}");
        string fingerprint = CoreFingerprint.Of(file);
        return carried.Fingerprint == fingerprint
            ? BtfTypes.Parse(carried.Image, carried.Name)
            : throw new FileNotFoundException(
                $"the types carried for {kernel} were made for other programs ({carried.Fingerprint}, needed {fingerprint})");
    }

    private string Need(KernelParts needed)
    {
        NeedParts(needed | KernelParts.Sockops | KernelParts.Cgroup);
        return _cgroupMount ?? throw new FileNotFoundException("cgroup v2 is not mounted");
    }

    private void NeedParts(KernelParts needed)
    {
        KernelParts missing = needed & _without;
        if (missing != 0)
        {
            throw new FileNotFoundException($"without {missing.ToString().ToLowerInvariant()} ({KernelPartList.Variable})");
        }
    }

    private static void NeedKernelTypes()
    {
        if (!KernelTypes.AreAvailable)
        {
            throw new FileNotFoundException($"this kernel does not describe its types ({KernelTypes.Path} is missing)");
        }
    }

    // The second is for kernels that do not know what the first one uses; if both are refused, the last word is the second one's.
    private static FallbackTier StartFirst(Func<FallbackTier> first, Func<FallbackTier> second)
    {
        try
        {
            return first();
        }
        catch (BpfException)
        {
            return second();
        }
    }
}
