using Caretta.Bpf;

namespace Caretta.LoaderTrial;

/// <summary>The loader on the kernel that runs, one line "ok - …" or "not ok - …" for each check.</summary>
/// <param name="directory">Where the objects are.</param>
internal sealed class Trial(string directory)
{
    /// <summary>Whether any check was not ok.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Takes an object apart and marks one program to load.</summary>
    public BpfObject Parse(string name, string program)
    {
        BpfObject file = BpfObject.Parse(File.ReadAllBytes(Path.Combine(directory, name)), name);
        file.Program(program).AutoLoad = true;
        if (file.TryFindVariable("process", out _))
        {
            file.SetVariable("process", (uint)Environment.ProcessId);
        }

        return file;
    }

    /// <summary>Runs one check; it throws, or returns what is wrong.</summary>
    public void Check(string what, Func<string?> check)
    {
        string? problem;
        try
        {
            problem = check();
        }
        catch (Exception exception)
        {
            problem = exception.ToString().ReplaceLineEndings(" / ");
        }

        HasFailed |= problem is not null;
        Console.WriteLine($"{(problem is null ? "ok" : "not ok")} - {KernelRelease.Text}: loader: {what}");
        if (problem is not null)
        {
            Console.WriteLine($"#   {problem}");
        }
    }

    /// <summary>Says what was not tried, and why; that is not a check.</summary>
    public static void Note(string text) => Console.WriteLine($"# {KernelRelease.Text}: loader: {text}");
}
