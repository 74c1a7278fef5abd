using System.Globalization;
using System.Text;
using Caretta.Bpf;
using Caretta.Bpf.CoreRelocation;
using Caretta.Bpf.Linking;

namespace Caretta.Aot.Inspect;

/// <summary>What <c>caretta inspect</c> prints for people.</summary>
internal static class InspectText
{
    /// <summary>Writes the report.</summary>
    public static string Write(ObjectInspection inspection, bool dump)
    {
        var text = new StringBuilder();
        if (inspection.Object is { } bpf)
        {
            text.Append(CultureInfo.InvariantCulture, $"{inspection.Name}: license \"{bpf.License}\", ")
                .Append(bpf.Btf is null ? "no types" : string.Create(CultureInfo.InvariantCulture, $"{bpf.Btf.Count} types"))
                .Append(inspection.TargetName is null ? "" : $", linked against {inspection.TargetName}").Append('\n');
            WritePrograms(text, inspection, bpf, dump);
            WriteMaps(text, bpf);
            WriteSymbols(text, bpf);
            WriteResolutions(text, inspection.Resolutions);
        }

        foreach (string error in inspection.Errors)
        {
            text.Append("error: ").Append(error).Append('\n');
        }

        text.Append(inspection.Passed ? "ok" : "failed")
            .Append(inspection.Loaded switch { true => ", loaded and verified\n", false => ", not loaded\n", _ => "\n" });
        return text.ToString();
    }

    private static void WritePrograms(StringBuilder text, ObjectInspection inspection, BpfObject bpf, bool dump)
    {
        text.Append("\nprograms\n");
        foreach (ProgramInspection program in inspection.Programs)
        {
            BpfProgramDefinition definition = program.Definition;
            text.Append(CultureInfo.InvariantCulture, $"  {definition.Name}: SEC(\"{definition.SectionName}\"), {InspectNames.Of(definition.Type)}");
            Append(text, ", attach type ", InspectNames.Of(definition));
            Append(text, ", target ", definition.AttachTarget);
            text.Append(definition.AutoLoad ? "" : ", not loaded by itself").Append('\n');
            Append(text, "    error: ", program.Error, "\n");
            Append(text, "    refused: ", program.Refusal, "\n");
            text.Append(program.Loaded == true ? "    loaded\n" : "");
            if (program.Linked is { } linked)
            {
                text.Append(CultureInfo.InvariantCulture, $"    {linked.Instructions.Length} instructions: ")
                    .AppendJoin(", ", linked.Functions.Select(static function => $"{function.Name} at {function.Start}")).Append('\n');
                WriteCode(text, linked, bpf, dump);
            }

            if (program.Log is { Text.Length: > 0 } log)
            {
                text.Append("    the verifier says:\n").Append(log.Text.TrimEnd()).Append('\n');
            }
        }
    }

    private static void WriteCode(StringBuilder text, LinkedProgram linked, BpfObject bpf, bool dump)
    {
        if (!dump)
        {
            return;
        }

        Dictionary<int, string> notes = [];
        foreach (BpfMapReference reference in linked.MapReferences)
        {
            string name = bpf.Maps[reference.MapIndex].Name;
            notes[reference.InstructionIndex] = reference.IsValue ? $"map {name}, byte {reference.ValueOffset}" : $"map {name}";
        }

        foreach (BpfKernelSymbolReference reference in linked.KernelSymbolReferences)
        {
            notes[reference.InstructionIndex] = $"kernel's {bpf.KernelSymbols[reference.SymbolIndex].Name}";
        }

        ReadOnlySpan<BpfInstruction> code = linked.Instructions;
        int next = 0;
        for (int i = 0; i < code.Length; i++)
        {
            if (next < linked.Functions.Count && linked.Functions[next].Start == i)
            {
                text.Append("    ").Append(linked.Functions[next++].Name).Append(":\n");
            }

            bool isSecondHalf = i > 0 && code[i - 1].IsWide && code[i].Opcode == 0;
            text.Append(CultureInfo.InvariantCulture, $"    {i,6}  {InspectNames.Bytes(code[i])}  ")
                .Append(isSecondHalf ? "" : Disassembler.Describe(code[i], i + 1 < code.Length ? code[i + 1] : default, i));
            Append(text, "  ; ", notes.GetValueOrDefault(i));
            text.Append('\n');
        }
    }

    private static void WriteMaps(StringBuilder text, BpfObject bpf)
    {
        text.Append("\nmaps\n");
        foreach (BpfMapDefinition map in bpf.Maps)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"  {map.Name}: {InspectNames.Of(map.Type)}, key {map.KeySize}, value {map.ValueSize}, {map.MaxEntries} entries, flags 0x{map.Flags:x}")
                .Append(map.PinByName ? ", pinned by name" : "").Append(map.InnerMap is { } inner ? $", of maps like {inner}" : "").Append('\n');
        }
    }

    private static void WriteSymbols(StringBuilder text, BpfObject bpf)
    {
        if (bpf.KernelSymbols.Count > 0)
        {
            text.Append("\nkernel symbols\n");
        }

        foreach (BpfKernelSymbol symbol in bpf.KernelSymbols)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {symbol.Name}: {InspectNames.Of(symbol.Kind)}").Append(symbol.IsWeak ? ", weak\n" : "\n");
        }
    }

    private static void WriteResolutions(StringBuilder text, IReadOnlyList<CoreResolution> resolutions)
    {
        if (resolutions.Count > 0)
        {
            text.Append("\nrelocations against kernel types\n");
        }

        foreach (CoreResolution resolution in resolutions)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"  {resolution.Function}+{resolution.Record.InstructionIndex}: {InspectNames.Of(resolution.Record.Kind)} of {resolution.LocalType} {resolution.Access}");
            Append(text, " (", resolution.Path.Length == 0 ? null : resolution.Path, ")");
            text.Append(resolution.Outcome switch
            {
                CoreOutcome.Patched => string.Create(CultureInfo.InvariantCulture, $": {resolution.LocalValue} -> {resolution.Value}"),
                CoreOutcome.Poisoned => ": poisoned, nothing there",
                _ => $": {resolution.Failure}",
            });
            Append(text, " by ", resolution.TargetType);
            text.Append('\n');
        }
    }

    private static void Append(StringBuilder text, string before, string? value, string after = "")
    {
        if (value is not null)
        {
            text.Append(before).Append(value).Append(after);
        }
    }
}
