using System.Runtime.CompilerServices;
using System.Security.Cryptography;

using Caretta.Bpf;
using Caretta.Bpf.Btf;

using Xunit;

namespace Caretta.Aot.Tests.Links;

/// <summary>
/// The files of <c>btf/</c>, which hold the answers to what the programs of the tracing tier ask, and to nothing else. With
/// <c>BLESS=1</c>, as <c>btf/generate.sh</c> sets it, writes down what they ask.
/// </summary>
public sealed class CarriedTypesTests
{
    private static readonly string Folder = FindFolder();
    private static readonly string Index = Path.Combine(Folder, "index.tsv");

    private static BpfObject Tracing => BpfObject.Parse(BuildInfo.TierObjects.Tracing(), "caretta_tracing.bpf.o");

    [Fact]
    public void Every_file_answers_what_the_programs_ask_now()
    {
        string fingerprint = CoreFingerprint.Of(Tracing);
        string[][] lines = [.. File.ReadLines(Index).Select(static line => line.Split('\t'))];
        if (Environment.GetEnvironmentVariable("BLESS") == "1")
        {
            File.WriteAllLines(Index, lines.Select(line => string.Join('\t', [.. line[..2], fingerprint, .. line[3..]])));
            return;
        }

        Assert.NotEmpty(lines);
        Assert.All(lines, line => Assert.True(
            line[2] == fingerprint, $"{line[1]}: made for programs that asked {line[2]}, they now ask {fingerprint}: run btf/generate.sh"));
    }

    [Fact]
    public void Every_file_is_the_one_of_the_index_and_is_built_in()
    {
        foreach (string[] line in File.ReadLines(Index).Select(static line => line.Split('\t')))
        {
            byte[] image = File.ReadAllBytes(Path.Combine(Folder, line[0], $"{line[1]}.btf"));

            Assert.Equal(line[3], Convert.ToHexStringLower(SHA256.HashData(image)));
        }
    }

    [Fact]
    public void Every_relocation_of_the_programs_has_an_answer_in_every_file()
    {
        foreach (string[] line in File.ReadLines(Index).Select(static line => line.Split('\t')))
        {
            BtfTypes types = BtfTypes.Parse(File.ReadAllBytes(Path.Combine(Folder, line[0], $"{line[1]}.btf")), line[1]);
            BpfObject file = Tracing;
            var linker = file.CreateLinker(types);

            Assert.All(file.Programs, program => Assert.NotEmpty(linker.Link(program).Instructions.ToArray()));
        }
    }

    [Fact]
    public void A_release_that_is_not_there_has_none() => Assert.Null(BuildInfo.TierObjects.FindTypes("9.9.9-none"));

    private static string FindFolder([CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "../../../btf"));
}
