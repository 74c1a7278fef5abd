namespace Caretta.Aot.Json;

/// <summary>
/// A response that cannot be used: cut, malformed, or beyond a limit. What was read before stays valid; the same request may do better.
/// </summary>
internal sealed class BadResponseException(string message) : Exception(message);
