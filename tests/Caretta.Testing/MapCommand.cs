namespace Caretta.Testing;

/// <summary>The published agent as the command <c>caretta map</c>.</summary>
internal sealed class MapCommand : ChildProcess
{
    private MapCommand(string[] arguments)
        : base(Repository.Artifact("caretta"), ["map", .. arguments], keepOutput: false)
    {
    }

    /// <summary>Runs it to its end.</summary>
    /// <returns>Its exit code, what it wrote, and what it remarked or complained of on standard error.</returns>
    public static async Task<(int Code, string Text, string Remarks)> RunAsync(string[] arguments, CancellationToken cancellation)
    {
        await using var command = new MapCommand(arguments);
        string text = await command.Output.ReadToEndAsync(cancellation);
        int code = await command.WaitAsync(cancellation);
        return (code, text, command.Log.Trim());
    }
}
