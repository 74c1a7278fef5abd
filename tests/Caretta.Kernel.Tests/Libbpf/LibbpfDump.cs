using System.Diagnostics;
using System.Globalization;
using Caretta.Testing;

namespace Caretta.Kernel.Tests.Libbpf;

/// <summary>What libbpf makes of an object: <c>Fixtures/libbpf_dump.c</c>, compiled against this machine's libbpf.</summary>
internal sealed class LibbpfDump
{
    private readonly List<int> _maps = [];
    private readonly Dictionary<string, (bool AutoLoad, byte[] Code)> _programs = [];

    /// <summary>Why libbpf refuses it; null if it does not.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Final instructions by name of the program.</summary>
    public IReadOnlyDictionary<string, (bool AutoLoad, byte[] Code)> Programs => _programs;

    /// <summary>The position of the map with a descriptor.</summary>
    public int MapOf(int descriptor) => _maps.IndexOf(descriptor);

    /// <summary>Compiles the program.</summary>
    /// <param name="program">Where to put it.</param>
    /// <returns>The same path.</returns>
    public static string Compile(string program)
    {
        Command.Run("clang", "-O1", "-Wall", "-Werror", Path.Combine(Repository.Root, "tests/Caretta.Kernel.Tests/Fixtures/libbpf_dump.c"),
            "-o", program, "-lbpf", "-ldl");
        return program;
    }

    /// <summary>Runs it.</summary>
    /// <param name="program">As <see cref="Compile"/> returned it.</param>
    /// <param name="bpfObject">Path of the object.</param>
    /// <param name="btf">Path of the types to link against; null for the running kernel's.</param>
    public static LibbpfDump Run(string program, string bpfObject, string? btf)
    {
        var start = new ProcessStartInfo(program, btf is null ? [bpfObject] : [bpfObject, btf]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        var dump = new LibbpfDump();
        while (process.StandardOutput.ReadLine() is { } line)
        {
            dump.Read(line);
        }

        process.WaitForExit();
        return process.ExitCode == 0 ? dump : throw new InvalidOperationException($"libbpf_dump {bpfObject}: exit code {process.ExitCode}");
    }

    private void Read(string line)
    {
        string[] words = line.Split(' ');
        switch (words[0])
        {
            case "refused":
                Refusal = line["refused ".Length..];
                break;
            case "map":
                _maps.Add(int.Parse(words[1], CultureInfo.InvariantCulture));
                break;
            default:
                _programs.Add(words[1], (words[2] == "1", Convert.FromHexString(words[3])));
                break;
        }
    }
}
