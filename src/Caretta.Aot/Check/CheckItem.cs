namespace Caretta.Aot.Check;

/// <summary>One thing that was looked at.</summary>
/// <param name="Name">What, in a word or two.</param>
/// <param name="State">How it stands.</param>
/// <param name="Found">What was found.</param>
/// <param name="Remedy">What to do about it; null where nothing is to be done.</param>
internal readonly record struct CheckItem(string Name, CheckState State, string Found, string? Remedy = null);

/// <summary>How a checked thing stands.</summary>
internal enum CheckState
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>The agent runs without it, with the loss that the text names.</summary>
    Warning,

    /// <summary>The agent cannot run.</summary>
    Failed,
}
