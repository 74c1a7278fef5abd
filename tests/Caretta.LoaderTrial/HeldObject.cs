using Caretta.Bpf;

namespace Caretta.LoaderTrial;

/// <summary>An object whose programs are attached while this process runs: for bench/agent/instructions.sh.</summary>
internal static class HeldObject
{
    /// <summary>Loads and attaches all programs, says "ready", and stays until it is killed.</summary>
    public static void Hold(string path)
    {
        using LoadedObject loaded = BpfLoader.Load(BpfObject.Parse(File.ReadAllBytes(path), path));
        BpfLink[] links = [.. loaded.Programs.Select(BpfLink.Attach)];
        Console.WriteLine("ready");
        Thread.Sleep(Timeout.Infinite);
        GC.KeepAlive(links);
    }
}
