namespace Caretta.Aot;

/// <summary>One setting: an environment variable that is also a flag.</summary>
/// <param name="Variable">Name of the variable, upper case with underscores.</param>
/// <param name="Default">Value when nobody sets it, as the help shows it.</param>
/// <param name="Expected">What is allowed, to follow the words "expected" and, in the help, a dash.</param>
/// <param name="Meaning">What it does, for the help.</param>
/// <param name="IsSwitch">Whether the flag alone means true.</param>
/// <param name="Apply">Puts a value into the options; null when the value is not allowed.</param>
internal sealed record AgentSetting(
    string Variable, string Default, string Expected, string Meaning, bool IsSwitch, Func<AgentOptions, string, AgentOptions?> Apply)
{
    /// <summary>The flag: <c>POLL_INTERVAL</c> becomes <c>--poll-interval</c>.</summary>
    public string Flag { get; } = "--" + string.Concat(Variable.Select(c => c == '_' ? '-' : char.ToLowerInvariant(c)));
}
