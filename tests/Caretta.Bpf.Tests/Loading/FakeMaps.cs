using System.Runtime.InteropServices;

using Caretta.Bpf.Interop;

namespace Caretta.Bpf.Tests.Loading;

/// <summary>The maps of a <see cref="FakeKernel"/> and what they hold, for those who read them.</summary>
internal sealed unsafe class FakeMaps
{
    private const uint Array = 2;
    private const uint ArrayOfMaps = 12;

    private readonly Dictionary<int, FakeMap> _byDescriptor = [];

    /// <summary>The map that the last element written to a map of maps names.</summary>
    public FakeMap Inner { get; private set; } = new(0, 0, 0);

    /// <summary>A map was made.</summary>
    public void Add(int fd, byte[] attr) => _byDescriptor[fd] = new FakeMap(
        FakeKernel.Read<uint>(attr, 0), FakeKernel.Read<int>(attr, 4), FakeKernel.Read<int>(attr, 8));

    /// <summary>Does what a command on elements does; null for any other.</summary>
    public int? Call(bpf_cmd command, byte* attr)
    {
        switch (command)
        {
            case bpf_cmd.BPF_MAP_LOOKUP_AND_DELETE_BATCH:
                // The whole map at once, which a batch of a small one is.
                FakeMap all = _byDescriptor[*(int*)(attr + 36)];
                int count = 0;
                foreach ((string name, byte[] content) in all.Entries)
                {
                    Convert.FromHexString(name).CopyTo(new Span<byte>(*(byte**)(attr + 16) + (count * all.KeySize), all.KeySize));
                    content.CopyTo(new Span<byte>(*(byte**)(attr + 24) + (count * all.ValueSize), all.ValueSize));
                    count++;
                }

                all.Entries.Clear();
                *(int*)(attr + 32) = count;
                return -Errno.ENOENT;
            case bpf_cmd.BPF_MAP_LOOKUP_ELEM or bpf_cmd.BPF_MAP_UPDATE_ELEM or bpf_cmd.BPF_MAP_DELETE_ELEM or bpf_cmd.BPF_MAP_GET_NEXT_KEY
                when _byDescriptor.TryGetValue(*(int*)attr, out FakeMap? map):
                byte* key = *(byte**)(attr + 8);
                string entry = key is null ? string.Empty : Convert.ToHexString(new Span<byte>(key, map.KeySize));
                return Element(command, map, entry, *(byte**)(attr + 16));
            default:
                return null;
        }
    }

    private int Element(bpf_cmd command, FakeMap map, string key, byte* value)
    {
        switch (command)
        {
            case bpf_cmd.BPF_MAP_UPDATE_ELEM:
                if (map.Type == ArrayOfMaps)
                {
                    Inner = _byDescriptor[*(int*)value];
                }

                map.Entries[key] = new Span<byte>(value, map.ValueSize).ToArray();
                return 0;
            case bpf_cmd.BPF_MAP_LOOKUP_ELEM:
                if (map.Entries.TryGetValue(key, out byte[]? found))
                {
                    found.CopyTo(new Span<byte>(value, map.ValueSize));
                    return 0;
                }

                if (map.Type == Array)
                {
                    new Span<byte>(value, map.ValueSize).Clear();
                    return 0;
                }

                return -Errno.ENOENT;
            case bpf_cmd.BPF_MAP_DELETE_ELEM:
                return map.Entries.Remove(key) ? 0 : -Errno.ENOENT;
            default:
                // As a hash does: behind a key that is not there comes the first.
                string[] keys = [.. map.Entries.Keys.Order(StringComparer.Ordinal)];
                int next = System.Array.IndexOf(keys, key) + 1;
                if (next == keys.Length)
                {
                    return -Errno.ENOENT;
                }

                Convert.FromHexString(keys[next]).CopyTo(new Span<byte>(value, map.KeySize));
                return 0;
        }
    }

    /// <summary>One of them.</summary>
    internal sealed record FakeMap(uint Type, int KeySize, int ValueSize)
    {
        /// <summary>Values by key in hexadecimal.</summary>
        public Dictionary<string, byte[]> Entries { get; } = [];

        /// <summary>Writes an entry as a program would.</summary>
        public void Put<TKey, TValue>(TKey key, TValue value)
            where TKey : unmanaged
            where TValue : unmanaged =>
            Entries[Convert.ToHexString(MemoryMarshal.AsBytes(new ReadOnlySpan<TKey>(in key)))] =
                MemoryMarshal.AsBytes(new ReadOnlySpan<TValue>(in value)).ToArray();
    }
}
