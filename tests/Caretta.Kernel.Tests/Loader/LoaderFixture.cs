using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

using Caretta.Bpf;

namespace Caretta.Kernel.Tests.Loader;

/// <summary>The objects beside the tests, and what tests do with them once they are loaded.</summary>
internal static class LoaderFixture
{
    // 64 bytes of zeroes pass for an Ethernet frame.
    private static readonly byte[] Packet = new byte[64];

    /// <summary>Takes an object apart and marks the programs to load; all others stay out.</summary>
    public static BpfObject Parse(string name, params ReadOnlySpan<string> programs)
    {
        BpfObject file = BpfObject.Parse(File.ReadAllBytes(PathOf(name)), name);
        foreach (string program in programs)
        {
            file.Program(program).AutoLoad = true;
        }

        return file;
    }

    /// <summary>Loads some programs of an object.</summary>
    public static LoadedObject Load(string name, params ReadOnlySpan<string> programs) => BpfLoader.Load(Parse(name, programs));

    /// <summary>Loads an object.</summary>
    public static LoadedObject Load(BpfObject file) => BpfLoader.Load(file);

    /// <summary>Runs a network program once; it returns 0, or the line of its source that found something wrong.</summary>
    public static uint Run(this LoadedObject loaded, string program) => loaded.Program(program).TestRun(Packet).ReturnValue;

    /// <summary>The value a variable has now.</summary>
    public static T Read<T>(this LoadedObject loaded, string variable)
        where T : unmanaged
    {
        (BpfMap map, int offset) = loaded.Variable(variable);
        byte[] section = new byte[map.Shape.ValueSize];
        map.TryLookup(new byte[sizeof(int)], section);
        return MemoryMarshal.Read<T>(section.AsSpan(offset));
    }

    /// <summary>A hash map of 4-byte keys and 8-byte values.</summary>
    public static BpfMap<uint, ulong> CreateHash(uint maxEntries, uint flags = 0) =>
        BpfMap.Create(new BpfMapShape("numbers", BpfMapType.Hash, sizeof(uint), sizeof(ulong), maxEntries, flags)).As<uint, ulong>();

    /// <summary>Waits until a condition holds, ten seconds at most.</summary>
    public static async Task<bool> HoldsAsync(Func<bool> condition, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(10))
            {
                return false;
            }

            await Task.Yield();
            cancellation.ThrowIfCancellationRequested();
        }

        return true;
    }

    private static string PathOf(string name, [CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "Fixtures", name);
}
