namespace Caretta.Aot.Transport;

/// <summary>No connection, or it broke, or what came over it is no HTTP.</summary>
/// <param name="message">What went wrong, in one line.</param>
/// <param name="inner">What the runtime says.</param>
internal sealed class TransportException(string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>Whether the server was reached and TLS could not be agreed upon: its certificate, or ours.</summary>
    public bool IsTls { get; init; }
}
