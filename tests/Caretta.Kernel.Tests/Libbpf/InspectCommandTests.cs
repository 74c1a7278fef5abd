using System.Text.Json;
using Caretta.Aot.Inspect;
using Caretta.Kernel.Tests.Support;
using Caretta.Testing;
using Xunit;

namespace Caretta.Kernel.Tests.Libbpf;

/// <summary>The command as a whole: what it prints and how it exits; <c>docs/inspect.md</c> describes both.</summary>
public sealed class InspectCommandTests
{
    [KernelFact]
    public void Dumped_instructions_are_libbpfs()
    {
        using var directory = new TemporaryDirectory();
        string program = LibbpfDump.Compile(directory["libbpf_dump"]);
        string path = Fixture("core/kernel.bpf.o");
        LibbpfDump theirs = LibbpfDump.Run(program, path, null);

        (int code, JsonDocument json) = Json(path, "--dump");

        Assert.Equal(0, code);
        foreach (JsonElement ours in json.RootElement.GetProperty("programs").EnumerateArray())
        {
            string hex = string.Concat(ours.GetProperty("instructions").EnumerateArray().Select(static instruction => instruction.GetString()));
            Assert.Equal(Convert.ToHexStringLower(theirs.Programs[ours.GetProperty("name").GetString()!].Code), hex);
        }

        Assert.NotEmpty(json.RootElement.GetProperty("core_relocations").EnumerateArray());
    }

    [KernelFact]
    public void An_object_that_loads_passes()
    {
        (int code, JsonDocument json) = Json(Path.Combine(Repository.Root, "artifacts/bpf/caretta.bpf.o"), "--load");

        Assert.Equal(0, code);
        Assert.True(json.RootElement.GetProperty("loaded").GetBoolean());
        Assert.All(
            json.RootElement.GetProperty("programs").EnumerateArray().Where(static program => program.GetProperty("autoload").GetBoolean()),
            static program => Assert.True(program.GetProperty("loaded").GetBoolean()));
    }

    [KernelFact]
    public void A_refused_program_fails_with_the_verifiers_reason_and_others_have_their_own_verdict()
    {
        using var directory = new TemporaryDirectory();
        string source = Path.Combine(Repository.Root, "tests/Caretta.Kernel.Tests/Fixtures/comparison/one_refused.bpf.c");
        CompiledCorpus.Compile(source, directory["one_refused.o"], "v3");

        (int code, JsonDocument json) = Json(directory["one_refused.o"], "--load");

        Assert.Equal(1, code);
        Assert.False(json.RootElement.GetProperty("loaded").GetBoolean());
        Dictionary<string, JsonElement> programs = json.RootElement.GetProperty("programs").EnumerateArray()
            .ToDictionary(static program => program.GetProperty("name").GetString()!);
        Assert.True(programs["good"].GetProperty("loaded").GetBoolean());
        Assert.False(programs["bad"].GetProperty("loaded").GetBoolean());
        Assert.Contains("load program bad: ", programs["bad"].GetProperty("refusal").GetString(), StringComparison.Ordinal);
        Assert.Contains("invalid", programs["bad"].GetProperty("verifier_log").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Types_of_a_file_are_used_instead_of_the_kernels()
    {
        string target = Fixture("core/target_moved.btf");

        (int code, JsonDocument json) = Json(Fixture("core/access.bpf.o"), "--btf", target);

        Assert.Equal(0, code);
        Assert.Equal(target, json.RootElement.GetProperty("target").GetString());
        string[] outcomes = [.. json.RootElement.GetProperty("core_relocations").EnumerateArray()
            .Select(static relocation => relocation.GetProperty("outcome").GetString()!).Distinct().Order()];
        Assert.Equal(["patched", "poisoned"], outcomes);
    }

    [Fact]
    public void Every_relocation_without_an_answer_is_named()
    {
        (int code, JsonDocument json) = Json(Fixture("core/access.bpf.o"), "--btf", Fixture("core/target_many.btf"));

        Assert.Equal(1, code);
        JsonElement[] failed = [.. json.RootElement.GetProperty("core_relocations").EnumerateArray()
            .Where(static relocation => relocation.GetProperty("outcome").GetString() == "failed")];
        Assert.NotEmpty(failed);
        Assert.All(failed, static relocation => Assert.NotEmpty(relocation.GetProperty("failure").GetString()!));
    }

    [Fact]
    public void Text_shows_code_maps_and_relocations()
    {
        (int code, string text, _) = Run(Fixture("relocations.bpf.o"), "--dump");

        Assert.Equal(0, code);
        Assert.Contains("exit\n", text, StringComparison.Ordinal);
        Assert.EndsWith("ok\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_malformed_object_fails_and_says_where()
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllBytes(directory["broken.o"], File.ReadAllBytes(Fixture("data.bpf.o"))[..500]);

        (int code, JsonDocument json) = Json(directory["broken.o"], "--load");

        Assert.Equal(1, code);
        Assert.StartsWith("broken.o: ", json.RootElement.GetProperty("errors")[0].GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "which object?")]
    [InlineData(2, "unknown flag --lode", "a.o", "--lode")]
    [InlineData(2, "more than one object", "a.o", "b.o")]
    [InlineData(2, "--btf: expected a file", "a.o", "--btf")]
    [InlineData(1, "nowhere.o", "/nowhere.o")]
    public void Wrong_arguments_are_named(int expected, string complaint, params string[] arguments)
    {
        (int code, string text, string errors) = Run(arguments);

        Assert.Equal((expected, ""), (code, text));
        Assert.Contains(complaint, errors, StringComparison.Ordinal);
    }

    private static string Fixture(string name) => Path.Combine(Repository.Root, "tests/Caretta.Bpf.Tests/Fixtures", name);

    private static (int Code, JsonDocument Json) Json(params string[] arguments)
    {
        (int code, string text, string errors) = Run([.. arguments, "--json"]);
        Assert.Equal("", errors);
        return (code, JsonDocument.Parse(text));
    }

    private static (int Code, string Text, string Errors) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        int code = InspectCommand.Run(arguments, output, errors);
        return (code, output.ToString(), errors.ToString());
    }
}
