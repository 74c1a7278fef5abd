using System.Globalization;
using System.Runtime.InteropServices;
using Caretta.Bpf;

namespace Caretta.LoaderTrial;

/// <summary>Maps as kernels of all ages have them.</summary>
internal sealed class MapTrials(Trial trial)
{
    private const int Entries = 10_000;
    private static readonly byte[] Packet = new byte[64];

    /// <summary>Runs them all.</summary>
    public void Run()
    {
        trial.Check("a map larger than the limit on locked memory", static () =>
        {
            // 64 MB; the limit is 8 MB at most where nobody raised it.
            BpfMap.Create(new BpfMapShape("large", BpfMapType.Array, 4, 64, 1 << 20, 0)).Dispose();
            return null;
        });
        trial.Check("every entry of a hash is read and taken once", Walk);
        trial.Check("records come through a ring buffer", Records);
        trial.Check("samples come through a perf buffer", Samples);
        trial.Check("a map is shared by name", Share);
        trial.Check("what the kernel has is found out", Features);
    }

    private static string? Walk()
    {
        using BpfMap map = BpfMap.Create(new BpfMapShape("numbers", BpfMapType.Hash, 4, 8, Entries, 0));
        BpfMap<uint, ulong> numbers = map.As<uint, ulong>();
        ulong sum = 0;
        for (uint i = 0; i < Entries; i++)
        {
            numbers.Update(i, i);
            sum += i;
        }

        foreach (bool take in (ReadOnlySpan<bool>)[false, true])
        {
            MapCursor cursor = default;
            uint[] keys = new uint[512];
            ulong[] values = new ulong[512];
            ulong found = 0;
            int count = 0;
            while (!cursor.Ended)
            {
                int some = take ? numbers.TakeBatch(ref cursor, keys, values) : numbers.ReadBatch(ref cursor, keys, values);
                for (int i = 0; i < some; i++)
                {
                    found += values[i];
                }

                count += some;
            }

            if (count != Entries || found != sum)
            {
                return $"{count} entries, sum {found}, take {take}";
            }
        }

        return null;
    }

    private string? Records()
    {
        using LoadedObject loaded = Load("emit");
        if (loaded.FindMap("records") is not { } map || loaded.FindProgram("emit") is not { } program)
        {
            Trial.Note($"no ring buffers: {string.Join("; ", loaded.LeftOut.Values.Select(static reason => reason.Message))}");
            return KernelRelease.VersionCode >= 0x050800 ? "Linux 5.8 has them" : null;
        }

        using var buffer = new BpfRingBuffer(map);
        return Count(program, (ref ulong sum) => buffer.Read(Add, ref sum));
    }

    private string? Samples()
    {
        using LoadedObject loaded = Load("emit_sample");
        if (loaded.FindProgram("emit_sample") is not { } program)
        {
            return string.Join("; ", loaded.LeftOut.Values.Select(static reason => reason.Message));
        }

        using var buffer = new BpfPerfBuffer(loaded.Map("samples"));
        return Count(program, (ref ulong sum) => buffer.Read(AddSample, ref sum));
    }

    private static string? Count(BpfProgram program, Reading read)
    {
        ulong sum = 0;
        int count = 0;
        for (int i = 0; i < 300; i++)
        {
            if (program.TestRun(Packet) is { ReturnValue: not 0 } run)
            {
                return $"the program returned {run.ReturnValue}";
            }

            count += read(ref sum);
        }

        return count == 300 && sum == 300 * 299 / 2 ? null : string.Create(CultureInfo.InvariantCulture, $"{count} records, sum {sum}");
    }

    private string? Share()
    {
        const string Path = "/sys/fs/bpf/shared_counts";
        try
        {
            using LoadedObject first = Load("count", isPinned: true);
            using LoadedObject second = Load("count", isPinned: true);
            first.Program("count").TestRun(Packet);
            second.Program("count").TestRun(Packet);
            using BpfMap pinned = BpfMap.OpenPinned(Path);
            return pinned.As<uint, ulong>().TryLookup(1, out ulong count) && count == 2 ? null : $"counted {count}";
        }
        finally
        {
            File.Delete(Path);
        }
    }

    private static string? Features()
    {
        KernelFeatures features = KernelFeatures.Current;
        Trial.Note($"names {features.HasObjectNames}, attach types {features.HasExpectedAttachType}, variables {features.HasGlobalData}, "
            + $"probe_read_kernel {features.HasProbeReadKernel}, memory {features.HasMappableArrays}, batches {features.HasBatches}, "
            + $"perf links {features.HasPerfLinks}, types {features.TypeInformation}");

        // Later releases have what these had; distributions may have more than their release.
        bool isAsExpected = features is { HasObjectNames: true, HasExpectedAttachType: true }
            && (features.HasGlobalData || KernelRelease.VersionCode < 0x050200)
            && (features.HasBatches || KernelRelease.VersionCode < 0x050600)
            && (features.HasPerfLinks || KernelRelease.VersionCode < 0x050f00)
            && KernelFeatures.HasHelper(BpfProgramType.SocketFilter, 1)
            && !KernelFeatures.HasHelper(BpfProgramType.SocketFilter, 999_999);
        return isAsExpected ? null : "less than its release has";
    }

    private static void Add(ReadOnlySpan<byte> record, ref ulong sum) => sum += MemoryMarshal.Read<ulong>(record);

    private static void AddSample(int cpu, ReadOnlySpan<byte> record, ref ulong sum) => Add(record, ref sum);

    private LoadedObject Load(string program, bool isPinned = false)
    {
        BpfObject file = trial.Parse("buffers.bpf.o", program);
        file.Map("shared_counts").PinByName = isPinned;
        foreach (BpfMapDefinition map in file.Maps)
        {
            map.IsOptional = map.Name is "records" or "orders";
        }

        file.Program(program).IsOptional = !isPinned;
        return BpfLoader.Load(file);
    }

    private delegate int Reading(ref ulong sum);
}
