using System.Globalization;

namespace Caretta.Aot;

/// <summary>
/// One line per event on standard error, <c>key=value</c>: time, level, message, then what belongs to it. Any thread.
/// </summary>
/// <remarks>Small on purpose: the framework's logging would cost more memory than the rest of the agent's bookkeeping.</remarks>
internal sealed class Log(TextWriter writer, TimeProvider time)
{
    // The same cause is written at most this often; what was left out is counted in the next line.
    private static readonly TimeSpan RepeatAfter = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Cause> _causes = [];

    /// <summary>Something worth knowing.</summary>
    public void Info(string message) => Write("info", message);

    /// <summary>Something that stops the agent.</summary>
    public void Error(string message) => Write("error", message);

    /// <summary>Something that went wrong and may go wrong again soon.</summary>
    /// <param name="cause">Tells kinds of trouble apart; one of a few constants.</param>
    /// <param name="message">What happened this time.</param>
    public void Warn(string cause, string message)
    {
        long suppressed;
        lock (_gate)
        {
            long now = time.GetTimestamp();
            Cause known = _causes.GetValueOrDefault(cause);
            if (known.Written && time.GetElapsedTime(known.LastWritten, now) < RepeatAfter)
            {
                _causes[cause] = known with { Suppressed = known.Suppressed + 1 };
                return;
            }

            suppressed = known.Suppressed;
            _causes[cause] = new Cause(true, now, 0);
        }

        Write("warn", suppressed == 0 ? message : $"{message} (and {suppressed} times before)");
    }

    private void Write(string level, string message)
    {
        string now = time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        string line = $"time={now} level={level} msg={Quote(message)}\n";
        lock (_gate)
        {
            writer.Write(line);
            writer.Flush();
        }
    }

    private static string Quote(string text) =>
        "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
            .ReplaceLineEndings("\\n") + "\"";

    private readonly record struct Cause(bool Written, long LastWritten, long Suppressed);
}
