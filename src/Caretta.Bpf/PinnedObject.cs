using System.Text;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>Names for maps, programs and links in the BPF file system, which keep them when no process does. Linux 4.4.</summary>
internal static unsafe class PinnedObject
{
    /// <summary>Where maps are pinned by name (LIBBPF_PIN_BY_NAME of libbpf, by which objects ask for it).</summary>
    public const string DefaultDirectory = "/sys/fs/bpf";

    private const string NotMounted = "is the BPF file system mounted there? mount -t bpf bpf /sys/fs/bpf";

    /// <summary>The path of something that is pinned by its name: the file system refuses dots (<c>bpf_lookup</c>, kernel/bpf/inode.c).</summary>
    public static string PathOf(string directory, string name) => Path.Combine(directory, name.Replace('.', '_'));

    /// <summary>Gives an object a name.</summary>
    /// <exception cref="BpfException">Refused: EEXIST if the name is taken, EPERM if the path is in no BPF file system.</exception>
    public static void Pin(BpfHandle handle, string path, string what)
    {
        int result = TryPin(handle, path);
        if (result < 0)
        {
            throw new BpfException($"pin {what} at {path}", -result, advice: AdviceFor(result));
        }
    }

    /// <summary>Gives an object a name.</summary>
    /// <returns>0 or <c>-errno</c>.</returns>
    public static int TryPin(BpfHandle handle, string path)
    {
        using BpfHandle.Lease lease = handle.Borrow();
        return Call(bpf_cmd.BPF_OBJ_PIN, path, (uint)lease.Fd, 0);
    }

    /// <summary>Opens what is pinned.</summary>
    /// <param name="path">Where.</param>
    /// <param name="what">For messages: map, program or link.</param>
    /// <param name="flags">BPF_F_RDONLY or BPF_F_WRONLY, Linux 4.15.</param>
    /// <exception cref="BpfException">Refused: ENOENT if nothing is there.</exception>
    public static BpfHandle Open(string path, string what, uint flags = 0)
    {
        int result = Call(bpf_cmd.BPF_OBJ_GET, path, 0, flags);
        return result >= 0 ? new BpfHandle(result) : throw new BpfException($"open {what} {path}", -result, advice: AdviceFor(result));
    }

    /// <summary>Opens what is pinned.</summary>
    /// <returns>Null if nothing is there.</returns>
    /// <exception cref="BpfException">Refused for any other reason.</exception>
    public static BpfHandle? TryOpen(string path, string what)
    {
        int result = Call(bpf_cmd.BPF_OBJ_GET, path, 0, 0);
        return result switch
        {
            >= 0 => new BpfHandle(result),
            -Errno.ENOENT => null,
            _ => throw new BpfException($"open {what} {path}", -result, advice: AdviceFor(result)),
        };
    }

    /// <summary>What a refusal usually means.</summary>
    internal static string? AdviceFor(int result) => result is -Errno.EPERM or -Errno.ENOENT ? NotMounted : null;

    private static int Call(bpf_cmd command, string path, uint fd, uint flags)
    {
        byte[] name = Encoding.UTF8.GetBytes(path + "\0");

        // The kernel reads up to the terminating NUL.
        fixed (byte* pointer = name)
        {
            var attr = new bpf_attr_obj { pathname = BpfSyscall.Address(pointer), bpf_fd = fd, file_flags = flags };
            return BpfSyscall.Call(command, ref attr);
        }
    }
}
