namespace Caretta.Traffic;

/// <summary>The workload did not go as written, so its counts mean nothing.</summary>
internal sealed class TrafficException(string message, Exception? inner = null) : Exception(message, inner);
