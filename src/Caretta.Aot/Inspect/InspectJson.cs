using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Caretta.Bpf;
using Caretta.Bpf.Btf;
using Caretta.Bpf.CoreRelocation;
using Caretta.Bpf.Linking;

namespace Caretta.Aot.Inspect;

/// <summary>What <c>caretta inspect --json</c> prints: one object, described in <c>docs/inspect.md</c>. Members are added, never changed.</summary>
internal static class InspectJson
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the report.</summary>
    public static string Write(ObjectInspection inspection, bool dump)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Options))
        {
            json.WriteStartObject();
            json.WriteString("object", inspection.Name);
            json.WriteBoolean("passed", inspection.Passed);
            WriteTexts(json, "errors", inspection.Errors);
            WriteOptional(json, "loaded", inspection.Loaded);
            json.WriteString("target", inspection.TargetName);
            if (inspection.Object is { } bpf)
            {
                json.WriteBoolean("big_endian", bpf.IsBigEndian);
                json.WriteString("license", bpf.License);
                WriteTypes(json, bpf.Btf);
                WritePrograms(json, inspection, bpf, dump);
                WriteMaps(json, bpf);
                WriteVariables(json, bpf);
                WriteExterns(json, bpf);
                WriteResolutions(json, inspection.Resolutions);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length) + "\n";
    }

    private static void WriteTypes(Utf8JsonWriter json, BtfTypes? types)
    {
        if (types is null)
        {
            json.WriteNull("btf");
            return;
        }

        json.WriteStartObject("btf");
        json.WriteNumber("types", types.Count);
        json.WriteNumber("pointer_size", types.PointerSize);
        json.WriteBoolean("big_endian", types.IsBigEndian);
        json.WriteEndObject();
    }

    private static void WritePrograms(Utf8JsonWriter json, ObjectInspection inspection, BpfObject bpf, bool dump)
    {
        json.WriteStartArray("programs");
        foreach (ProgramInspection program in inspection.Programs)
        {
            BpfProgramDefinition definition = program.Definition;
            json.WriteStartObject();
            json.WriteString("name", definition.Name);
            json.WriteString("section", definition.SectionName);
            json.WriteString("type", InspectNames.Of(definition.Type));
            json.WriteNumber("type_number", (int)definition.Type);
            json.WriteString("attach_type", InspectNames.Of(definition));
            json.WriteNumber("attach_type_number", (int)definition.ExpectedAttachType);
            json.WriteString("attach_target", definition.AttachTarget);
            json.WriteNumber("flags", (uint)definition.Flags);
            json.WriteBoolean("autoload", definition.AutoLoad);
            json.WriteString("error", program.Error);
            WriteOptional(json, "loaded", program.Loaded);
            json.WriteString("refusal", program.Refusal);
            json.WriteString("verifier_log", program.Log?.Text);
            if (program.Linked is { } linked)
            {
                WriteLinked(json, program, linked, bpf, dump);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteLinked(Utf8JsonWriter json, ProgramInspection program, LinkedProgram linked, BpfObject bpf, bool dump)
    {
        json.WriteNumber("instruction_count", linked.Instructions.Length);
        json.WriteStartArray("functions");
        foreach (LinkedFunction function in linked.Functions)
        {
            json.WriteStartObject();
            json.WriteString("name", function.Name);
            json.WriteNumber("start", function.Start);
            json.WriteNumber("length", function.Length);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("relocations");
        foreach (BpfMapReference reference in linked.MapReferences)
        {
            json.WriteStartObject();
            json.WriteNumber("instruction", reference.InstructionIndex);
            json.WriteString("kind", reference.IsValue ? "map_value" : "map");
            json.WriteString("name", bpf.Maps[reference.MapIndex].Name);
            json.WriteNumber("map", reference.MapIndex);
            if (reference.IsValue)
            {
                json.WriteNumber("offset", reference.ValueOffset);
            }

            json.WriteEndObject();
        }

        foreach (BpfKernelSymbolReference reference in linked.KernelSymbolReferences)
        {
            BpfKernelSymbol symbol = bpf.KernelSymbols[reference.SymbolIndex];
            json.WriteStartObject();
            json.WriteNumber("instruction", reference.InstructionIndex);
            json.WriteString("kind", reference.IsCall ? "kernel_call" : InspectNames.Of(symbol.Kind));
            json.WriteString("name", symbol.Name);
            json.WriteNumber("extern", reference.SymbolIndex);
            if (program.SymbolTypes.TryGetValue(reference.SymbolIndex, out uint id))
            {
                json.WriteNumber("type_id", id);
            }

            json.WriteBoolean("missing", program.MissingSymbols.Contains(reference.SymbolIndex));

            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (dump)
        {
            json.WriteStartArray("instructions");
            foreach (BpfInstruction instruction in linked.Instructions)
            {
                json.WriteStringValue(InspectNames.Bytes(instruction));
            }

            json.WriteEndArray();
        }
    }

    private static void WriteMaps(Utf8JsonWriter json, BpfObject bpf)
    {
        json.WriteStartArray("maps");
        foreach (BpfMapDefinition map in bpf.Maps)
        {
            json.WriteStartObject();
            WriteMap(json, map);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteMap(Utf8JsonWriter json, BpfMapDefinition map)
    {
        json.WriteString("name", map.Name);
        json.WriteString("kind", InspectNames.Of(map.Kind));
        json.WriteString("type", InspectNames.Of(map.Type));
        json.WriteNumber("type_number", (int)map.Type);
        json.WriteNumber("key_size", map.KeySize);
        json.WriteNumber("value_size", map.ValueSize);
        json.WriteNumber("max_entries", map.MaxEntries);
        json.WriteNumber("flags", map.Flags);
        json.WriteNumber("map_extra", map.MapExtra);
        json.WriteNumber("numa_node", map.NumaNode);
        json.WriteBoolean("pinned", map.PinByName);
        json.WriteBoolean("mmapable", map.IsMmapable);
        json.WriteNumber("btf_key_type_id", map.BtfKeyTypeId);
        json.WriteNumber("btf_value_type_id", map.BtfValueTypeId);
        if (map.InnerMap is { } inner)
        {
            json.WriteStartObject("inner");
            WriteMap(json, inner);
            json.WriteEndObject();
        }

        json.WriteStartArray("initial_slots");
        foreach (BpfInitialSlot slot in map.InitialSlots)
        {
            json.WriteStartObject();
            json.WriteNumber("slot", slot.Slot);
            json.WriteNumber(map.Type == BpfMapType.ProgramArray ? "program" : "map", slot.TargetIndex);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteVariables(Utf8JsonWriter json, BpfObject bpf)
    {
        json.WriteStartArray("variables");
        foreach (BpfVariable variable in bpf.Variables)
        {
            json.WriteStartObject();
            json.WriteString("name", variable.Name);
            json.WriteString("map", bpf.Maps[variable.MapIndex].Name);
            json.WriteNumber("offset", variable.Offset);
            json.WriteNumber("size", variable.Size);
            json.WriteString("type", variable.TypeId == 0 ? null : bpf.Btf![variable.TypeId].ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteExterns(Utf8JsonWriter json, BpfObject bpf)
    {
        json.WriteStartArray("externs");
        foreach (BpfKernelSymbol symbol in bpf.KernelSymbols)
        {
            json.WriteStartObject();
            json.WriteString("name", symbol.Name);
            json.WriteString("kind", InspectNames.Of(symbol.Kind));
            json.WriteBoolean("weak", symbol.IsWeak);
            json.WriteString("type", symbol.TypeId == 0 ? null : bpf.Btf![symbol.TypeId].ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteResolutions(Utf8JsonWriter json, IReadOnlyList<CoreResolution> resolutions)
    {
        json.WriteStartArray("core_relocations");
        foreach (CoreResolution resolution in resolutions)
        {
            json.WriteStartObject();
            json.WriteString("function", resolution.Function);
            json.WriteNumber("instruction", resolution.Record.InstructionIndex);
            json.WriteString("kind", InspectNames.Of(resolution.Record.Kind));
            json.WriteString("local_type", resolution.LocalType);
            json.WriteString("access", resolution.Access);
            json.WriteString("path", resolution.Path);
            json.WriteString("target_type", resolution.TargetType);
            json.WriteString("target", resolution.TargetName);
            json.WriteString("outcome", InspectNames.Of(resolution.Outcome));
            json.WriteNumber("local_value", resolution.LocalValue);
            if (resolution.Outcome == CoreOutcome.Patched)
            {
                json.WriteNumber("value", resolution.Value);
            }

            json.WriteString("failure", resolution.Failure);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, bool? value)
    {
        if (value is { } known)
        {
            json.WriteBoolean(name, known);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
