namespace Caretta.Aot.Export;

/// <summary>The agent could not be reached, or refused. The message is one line.</summary>
internal sealed class AgentAwayException(string message) : Exception(message);
