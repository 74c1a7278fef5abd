namespace Caretta.Aot.Inspect;

/// <summary>What <c>caretta inspect</c> is asked to do.</summary>
internal sealed record InspectOptions
{
    /// <summary>How to call it.</summary>
    public const string Usage = "caretta inspect OBJECT.o [--btf FILE] [--load] [--json] [--dump]";

    /// <summary>The object file.</summary>
    public required string ObjectPath { get; init; }

    /// <summary>A file with the types to link against, instead of the running kernel's: raw BTF, or an ELF file with a section <c>.BTF</c>.</summary>
    public string? BtfPath { get; init; }

    /// <summary>Whether to load the object into the kernel.</summary>
    public bool Load { get; init; }

    /// <summary>Whether to answer in JSON.</summary>
    public bool Json { get; init; }

    /// <summary>Whether to show the final instructions.</summary>
    public bool Dump { get; init; }

    /// <summary>Reads the arguments behind the command's name.</summary>
    /// <exception cref="FormatException">They are wrong; the message says how.</exception>
    public static InspectOptions Parse(ReadOnlySpan<string> arguments)
    {
        string? path = null;
        string? btf = null;
        bool load = false;
        bool json = false;
        bool dump = false;
        for (int i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--load":
                    load = true;
                    break;
                case "--json":
                    json = true;
                    break;
                case "--dump":
                    dump = true;
                    break;
                case "--btf":
                    btf = ++i < arguments.Length ? arguments[i] : throw new FormatException($"--btf: expected a file; {Usage}");
                    break;
                case string flag when flag.StartsWith("--btf=", StringComparison.Ordinal):
                    btf = flag["--btf=".Length..];
                    break;
                case string flag when flag.StartsWith('-'):
                    throw new FormatException($"inspect: unknown flag {flag}; {Usage}");
                case string file:
                    path = path is null ? file : throw new FormatException($"inspect: more than one object; {Usage}");
                    break;
            }
        }

        return path is null ? throw new FormatException($"inspect: which object? {Usage}")
            : new InspectOptions { ObjectPath = path, BtfPath = btf, Load = load, Json = json, Dump = dump };
    }
}
