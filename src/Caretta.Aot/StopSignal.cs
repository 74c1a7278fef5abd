using System.Runtime.InteropServices;

namespace Caretta.Aot;

/// <summary>Ctrl-C and SIGTERM: asked to end. From its construction on, the signals no longer end the process by themselves.</summary>
internal sealed class StopSignal : IDisposable
{
    // A poll under way ends first, and takes milliseconds; where the kernel keeps it longer than this, nobody waits for it. Whatever is
    // attached detaches with the process.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(600);

    private readonly ManualResetEventSlim _requested = new();
    private Timer? _deadline;
    private readonly PosixSignalRegistration[] _registrations;

    /// <summary>Starts to listen.</summary>
    public StopSignal() =>
        _registrations = [Register(PosixSignal.SIGINT), Register(PosixSignal.SIGTERM), Register(PosixSignal.SIGQUIT)];

    /// <summary>Whether the process was asked to end. Any thread.</summary>
    public bool IsRequested => _requested.IsSet;

    /// <summary>Waits for it. Allocates nothing.</summary>
    /// <returns>Whether the process was asked to end before the time was up.</returns>
    public bool Wait(TimeSpan timeout) => _requested.Wait(timeout);

    /// <summary>Does as a signal does. Any thread, any number of times.</summary>
    public void Request()
    {
        _deadline ??= new Timer(static _ => Environment.Exit(0), null, Patience, Timeout.InfiniteTimeSpan);
        _requested.Set();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        _deadline?.Dispose();
        _requested.Dispose();
    }

    private PosixSignalRegistration Register(PosixSignal signal) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        Request();
    });
}
