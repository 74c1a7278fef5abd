using System.Diagnostics.CodeAnalysis;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>
/// The cgroup v2 tree as programs name it: by 64-bit id, which is the inode number of the cgroup's directory
/// (<c>kernfs_node.id</c>; <c>bpf_get_current_cgroup_id</c> returns the same).
/// </summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class CgroupTree
{
    /// <summary>Id of the machine's root cgroup (<c>kernfs_create_root</c> numbers from 1). A container's own root has another.</summary>
    public const ulong RootId = 1;

    // Time between scans as a multiple of what one takes.
    private const int MaxShare = 20;

    private readonly Dictionary<ulong, string> _paths = [];
    private readonly TimeProvider _time;
    private readonly TimeSpan _minInterval;
    private TimeSpan _interval;
    private long _lastScan;
    private bool _scanned;

    /// <summary>Reads nothing yet.</summary>
    /// <param name="mount">Where the tree is mounted, e.g. <c>/sys/fs/cgroup</c>.</param>
    /// <param name="time">The clock that spaces scans.</param>
    /// <param name="minInterval">
    /// An unknown id makes the tree be scanned again, but not more often than this, nor so often that scanning takes more than a
    /// twentieth of the time: large trees wait longer.
    /// </param>
    public CgroupTree(string mount, TimeProvider time, TimeSpan minInterval)
    {
        ArgumentException.ThrowIfNullOrEmpty(mount);
        ArgumentNullException.ThrowIfNull(time);
        Mount = mount.Length > 1 ? mount.TrimEnd('/') : mount;
        _time = time;
        _minInterval = _interval = minInterval;
    }

    /// <summary>Where the tree is mounted.</summary>
    public string Mount { get; }

    /// <summary>
    /// Finds where cgroup v2 is mounted, preferring a mount of the machine's root: pure v2 systems have it at <c>/sys/fs/cgroup</c>,
    /// hybrid ones at <c>/sys/fs/cgroup/unified</c>.
    /// </summary>
    /// <returns>The path, or null where cgroup v2 is not mounted.</returns>
    public static string? FindMount()
    {
        string? found = null;
        foreach (string line in File.ReadLines("/proc/self/mountinfo"))
        {
            // proc(5): id parent major:minor root mount-point options [optional fields] - type source super-options
            int separator = line.IndexOf(" - ", StringComparison.Ordinal);
            if (separator < 0 || !line.AsSpan(separator + 3).StartsWith("cgroup2 ", StringComparison.Ordinal))
            {
                continue;
            }

            string[] fields = line[..separator].Split(' ');
            if (fields.Length < 5)
            {
                continue;
            }

            string path = UnescapeMount(fields[4]);
            if (TryGetId(path, out ulong id) && id == RootId)
            {
                return path;
            }

            found ??= path;
        }

        return found;
    }

    /// <summary>The id of a cgroup's directory.</summary>
    /// <returns>False if there is no such directory, or it may not be seen.</returns>
    public static unsafe bool TryGetId(string path, out ulong id)
    {
        const uint StatxIno = 0x100;
        const int StatxSize = 256;
        const int InodeOffset = 32;

        id = 0;
        byte[] name = System.Text.Encoding.UTF8.GetBytes(path + "\0");
        byte* buffer = stackalloc byte[StatxSize];

        // The kernel reads up to the terminating NUL and writes one struct statx (include/uapi/linux/stat.h: 256 bytes).
        fixed (byte* pointer = name)
        {
            if (Libc.Syscall(SystemCall.Statx, Libc.AT_FDCWD, (nint)pointer, 0, (nint)StatxIno, (nint)buffer) < 0)
            {
                return false;
            }
        }

        id = *(ulong*)(buffer + InodeOffset);
        return true;
    }

    /// <summary>The cgroup's path from the root of the tree, e.g. <c>/system.slice/ssh.service</c>; the root is <c>/</c>.</summary>
    /// <returns>False if no such cgroup was there at the last scan.</returns>
    public bool TryGetPath(ulong id, [NotNullWhen(true)] out string? path)
    {
        if (_paths.TryGetValue(id, out path))
        {
            return true;
        }

        if (_scanned && _time.GetElapsedTime(_lastScan) < _interval)
        {
            return false;
        }

        Scan();
        return _paths.TryGetValue(id, out path);
    }

    private static string UnescapeMount(string path) =>
        path.Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal);

    private void Scan()
    {
        long started = _time.GetTimestamp();
        _scanned = true;
        _paths.Clear();
        if (TryGetId(Mount, out ulong rootId))
        {
            _paths[rootId] = "/";
        }

        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            IgnoreInaccessible = true,
            AttributesToSkip = FileAttributes.ReparsePoint,
        };
        try
        {
            foreach (string directory in Directory.EnumerateDirectories(Mount, "*", options))
            {
                if (TryGetId(directory, out ulong id))
                {
                    _paths[id] = Mount == "/" ? directory : directory[Mount.Length..];
                }
            }
        }
        catch (IOException)
        {
            // A cgroup went away under the walk: what was found stands, and the next unknown id scans again.
        }

        _lastScan = _time.GetTimestamp();
        TimeSpan cost = _time.GetElapsedTime(started, _lastScan) * MaxShare;
        _interval = cost > _minInterval ? cost : _minInterval;
    }
}
