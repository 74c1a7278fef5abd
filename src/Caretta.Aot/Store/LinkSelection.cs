namespace Caretta.Aot.Store;

/// <summary>Which links a history is of.</summary>
/// <param name="Client">Their client; null for any.</param>
/// <param name="Server">Their server; null for any.</param>
/// <param name="Port">Their port; null for any.</param>
internal readonly record struct LinkSelection((string Name, string Namespace)? Client, (string Name, string Namespace)? Server, int? Port);
