using System.Diagnostics;
using System.Runtime.InteropServices;
using Caretta.Aot.Inspect;
using Caretta.Bpf;
using Caretta.Bpf.Linking;
using Caretta.Kernel.Tests.Support;
using Caretta.Testing;
using Xunit;

namespace Caretta.Kernel.Tests.Libbpf;

/// <summary>
/// Our final instructions against libbpf's, byte for byte, for every BPF source of the repository and the types of several kernels.
/// </summary>
/// <remarks>
/// Descriptors of maps and addresses of kernel symbols are compared by what they stand for. A call of a weak kernel function that is
/// missing is compared with what libbpf 1.2 and later make of it (helper 2002000000 + number of the extern), because older ones leave a
/// call of kernel function 0, which no verifier lets pass even behind a check.
/// </remarks>
public sealed class LibbpfComparisonTests
{
    private const int MinimumPrograms = 50;

    [KernelTheory]
    [InlineData("v1")]
    [InlineData("v2")]
    [InlineData("v3")]
    public void Every_program_links_as_with_libbpf_on_this_kernel(string cpu)
    {
        using var corpus = new CompiledCorpus(cpu);
        Compare(corpus, null);
    }

    [KernelTheory]
    [InlineData("5.10")]
    [InlineData("6.1")]
    [InlineData("6.12")]
    [InlineData("7.3")]
    public void Every_program_links_as_with_libbpf_for_another_kernel(string series)
    {
        using var corpus = new CompiledCorpus("v3");
        Compare(corpus, TypesOf(series));
    }

    private static void Compare(CompiledCorpus corpus, string? btf)
    {
        List<string> differences = [];
        int programs = 0;
        foreach ((string name, string path) in corpus.Objects)
        {
            LibbpfDump theirs = LibbpfDump.Run(corpus.Dump, path, btf);
            ObjectInspection ours = ObjectInspection.Run(File.ReadAllBytes(path), name, new InspectOptions { ObjectPath = path, BtfPath = btf });
            if (theirs.Refusal is { } refusal)
            {
                bool agree = !ours.Passed || ours.Programs.Any(static program => program.MissingSymbols.Count > 0);
                if (!agree && !IsOnlyTheirs(refusal))
                {
                    differences.Add($"{name}: libbpf refuses it ({refusal}), we do not");
                }

                continue;
            }

            differences.AddRange(ours.Errors.Select(error => $"{name}: {error}"));
            foreach (ProgramInspection program in ours.Programs.Where(static program => program.Definition.AutoLoad))
            {
                programs++;
                (bool autoLoad, byte[] code) = theirs.Programs[program.Definition.Name];
                string? difference = !autoLoad ? "libbpf does not load it by itself" : program.Error ?? Difference(program, ours.Object!, theirs, code);
                if (difference is not null)
                {
                    differences.Add($"{name}: {program.Definition.Name}: {difference}");
                }
            }
        }

        Assert.Equal([], differences);
        Assert.True(programs >= MinimumPrograms, $"only {programs} programs were compared");
    }

    // What libbpf gave up at 1.0 and others still load: static programs without types, maps in the section "maps".
    private static bool IsOnlyTheirs(string refusal) => refusal.Contains("is static and not supported", StringComparison.Ordinal)
        || refusal.Contains("legacy map definitions", StringComparison.Ordinal);

    private static string? Difference(ProgramInspection program, BpfObject bpf, LibbpfDump theirs, byte[] code)
    {
        LinkedProgram linked = program.Linked!;
        BpfInstruction[] expected = MemoryMarshal.Cast<byte, BpfInstruction>(code).ToArray();
        if (expected.Length != linked.Instructions.Length)
        {
            return $"{linked.Instructions.Length} instructions, libbpf has {expected.Length}";
        }

        foreach (BpfMapReference reference in linked.MapReferences)
        {
            ref BpfInstruction first = ref expected[reference.InstructionIndex];
            if (theirs.MapOf(first.Immediate) != reference.MapIndex)
            {
                return $"instruction {reference.InstructionIndex} has map {reference.MapIndex}, libbpf has map {theirs.MapOf(first.Immediate)}";
            }

            first = first with { Immediate = 0 };
        }

        foreach (BpfKernelSymbolReference reference in linked.KernelSymbolReferences)
        {
            ref BpfInstruction first = ref expected[reference.InstructionIndex];
            if (bpf.KernelSymbols[reference.SymbolIndex].Kind == BpfKernelSymbolKind.Address)
            {
                first = first with { Immediate = 0 };
                expected[reference.InstructionIndex + 1] = default;
            }
            else if (reference.IsCall && program.MissingSymbols.Contains(reference.SymbolIndex)
                && first is { SourceRegister: BpfInstruction.PseudoKernelFunctionCall, Immediate: 0 })
            {
                int configured = bpf.Variables.Count(variable => bpf.Maps[variable.MapIndex].Kind == BpfMapKind.KernelConfiguration);
                first = new BpfInstruction(BpfInstruction.Call, immediate: 2002000000 + configured + reference.SymbolIndex);
            }
        }

        for (int i = 0; i < expected.Length; i++)
        {
            if (expected[i] != linked.Instructions[i])
            {
                return $"instruction {i} is {linked.Instructions[i]}, libbpf has {expected[i]}";
            }
        }

        return null;
    }

    private static string TypesOf(string series)
    {
        var start = new ProcessStartInfo("bash", [Path.Combine(Repository.Root, "tests/kernels/btf.sh"), series]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string path = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return path;
    }
}
