namespace Caretta.Aot;

/// <summary>What the command line asks for.</summary>
internal enum AgentCommand
{
    /// <summary>Run the agent.</summary>
    Run,

    /// <summary>Say whether and how the agent can run here.</summary>
    Check,

    /// <summary>Print <see cref="AgentOptions.HelpText"/>.</summary>
    Help,

    /// <summary>Print the version.</summary>
    Version,
}
