namespace Caretta.Aot.Map;

/// <summary>A question to the map's API that gets an error for an answer. The message is one line for whoever asked.</summary>
internal sealed class MapException(int status, string reason, string message) : Exception(message)
{
    /// <summary>HTTP status.</summary>
    public int Status { get; } = status;

    /// <summary>One of the reasons that docs/api.md lists.</summary>
    public string Reason { get; } = reason;

    /// <summary>A parameter that is not allowed.</summary>
    public static MapException BadParameter(string message) => new(400, "bad-parameter", message);
}
