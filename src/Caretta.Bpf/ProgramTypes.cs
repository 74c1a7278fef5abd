using Caretta.Bpf.Btf;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>The types that a loaded program came with, back out of the kernel: programs that attach to programs are verified by them.</summary>
internal static unsafe class ProgramTypes
{
    // No compiler comes near it; a kernel that says more is not believed.
    private const uint MaxSize = 64 << 20;

    /// <summary>Reads them. Linux 5.0.</summary>
    /// <exception cref="KeyNotFoundException">It has none.</exception>
    /// <exception cref="BpfException">Refused.</exception>
    /// <exception cref="BadImageException">They cannot be understood.</exception>
    public static BtfTypes Read(BpfProgram program)
    {
        uint id = program.ReadInfo().btf_id;
        if (id == 0)
        {
            throw new KeyNotFoundException($"program {program.Name} was loaded without types, and so has no functions to attach to");
        }

        using BpfHandle types = Open(id, program.Name);
        using BpfHandle.Lease lease = types.Borrow();
        bpf_btf_info info = default;
        ReadInfo(lease.Fd, &info, program.Name);
        if (info.btf_size > MaxSize)
        {
            throw new BadImageException($"the types of program {program.Name} have {info.btf_size} bytes");
        }

        byte[] image = new byte[info.btf_size];

        // The kernel writes at most btf_size bytes.
        fixed (byte* pointer = image)
        {
            info = new bpf_btf_info { btf = BpfSyscall.Address(pointer), btf_size = (uint)image.Length };
            ReadInfo(lease.Fd, &info, program.Name);
        }

        return BtfTypes.Parse(image, $"program {program.Name}");
    }

    private static BpfHandle Open(uint id, string name)
    {
        var attr = new bpf_attr_get_id { start_id = id };
        int result = BpfSyscall.Call(bpf_cmd.BPF_BTF_GET_FD_BY_ID, ref attr);
        return result >= 0
            ? new BpfHandle(result)
            : throw new BpfException($"open the types of program {name}", -result, advice: Advice.For(-result));
    }

    private static void ReadInfo(int fd, bpf_btf_info* info, string name)
    {
        // The caller keeps info where it is; the kernel writes at most info_len bytes.
        var attr = new bpf_attr_info { bpf_fd = (uint)fd, info_len = (uint)sizeof(bpf_btf_info), info = BpfSyscall.Address(info) };
        int result = BpfSyscall.Call(bpf_cmd.BPF_OBJ_GET_INFO_BY_FD, ref attr);
        if (result < 0)
        {
            throw new BpfException($"read the types of program {name}", -result);
        }
    }
}
