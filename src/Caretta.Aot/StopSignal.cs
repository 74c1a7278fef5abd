using System.Runtime.InteropServices;

namespace Caretta.Aot;

/// <summary>Ctrl-C and SIGTERM: asked to end. From its construction on, the signals no longer end the process by themselves.</summary>
internal sealed class StopSignal : IDisposable
{
    // A poll under way ends first, and takes milliseconds; where the kernel keeps it longer than this, nobody waits for it. Whatever is
    // attached detaches with the process.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(600);

    private readonly Action? _onRequest;
    private readonly PosixSignalRegistration[] _registrations;
    private Timer? _deadline;
    private volatile bool _isRequested;

    /// <summary>Starts to listen.</summary>
    /// <param name="onRequest">Called when the process is asked to end, on any thread, perhaps more than once; null for nothing.</param>
    public StopSignal(Action? onRequest = null)
    {
        _onRequest = onRequest;
        _registrations = [Register(PosixSignal.SIGINT), Register(PosixSignal.SIGTERM), Register(PosixSignal.SIGQUIT)];
    }

    /// <summary>Whether the process was asked to end. Any thread.</summary>
    public bool IsRequested => _isRequested;

    /// <summary>Does as a signal does. Any thread, any number of times.</summary>
    public void Request()
    {
        _deadline ??= new Timer(static _ => Environment.Exit(0), null, Patience, Timeout.InfiniteTimeSpan);
        _isRequested = true;
        _onRequest?.Invoke();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        _deadline?.Dispose();
    }

    private PosixSignalRegistration Register(PosixSignal signal) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        Request();
    });
}
