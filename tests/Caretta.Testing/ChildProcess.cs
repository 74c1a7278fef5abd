using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Caretta.Testing;

/// <summary>A program that a test started: its output is kept, and it does not outlive the test.</summary>
internal class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _log = new();

    /// <summary>Starts it.</summary>
    /// <param name="program">A path or a name on PATH.</param>
    /// <param name="arguments">As they are, without a shell.</param>
    /// <param name="keepOutput">Whether standard output goes to the log too; else it can be read.</param>
    /// <param name="environment">Variables to set beside those of this process.</param>
    public ChildProcess(
        string program,
        IEnumerable<string> arguments,
        bool keepOutput = true,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        _process = new Process { StartInfo = start };
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
        _process.OutputDataReceived += (_, line) => Append(line.Data);
        _process.Start();
        _process.BeginErrorReadLine();
        if (keepOutput)
        {
            _process.BeginOutputReadLine();
        }
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    protected StreamWriter Input => _process.StandardInput;

    protected StreamReader Output => _process.StandardOutput;

    /// <summary>What it wrote so far.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary>A TCP port that was free on loopback a moment ago.</summary>
    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Sends a signal and waits for the end.</summary>
    /// <returns>The exit code, and how long the end took.</returns>
    public async Task<(int Code, TimeSpan Took)> StopAsync(PosixSignal signal, CancellationToken cancellation)
    {
        long start = TimeProvider.System.GetTimestamp();
        string name = signal == PosixSignal.SIGINT ? "-INT" : "-TERM";
        using (var kill = Process.Start("kill", [name, Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync(cancellation);
        }

        await _process.WaitForExitAsync(cancellation);
        return (_process.ExitCode, TimeProvider.System.GetElapsedTime(start));
    }

    /// <summary>Ends it at once, as a crash would (SIGKILL).</summary>
    public async Task KillAsync(CancellationToken cancellation)
    {
        _process.Kill();
        await _process.WaitForExitAsync(cancellation);
    }

    /// <summary>Waits for the end.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> WaitAsync(CancellationToken cancellation)
    {
        await _process.WaitForExitAsync(cancellation);
        return _process.ExitCode;
    }

    public virtual async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        GC.SuppressFinalize(this);
    }

    private void Append(string? line)
    {
        lock (_log)
        {
            _log.AppendLine(line);
        }
    }
}
