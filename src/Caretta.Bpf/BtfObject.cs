using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>Type information in the kernel, to which maps and programs refer.</summary>
internal static unsafe class BtfObject
{
    private const int LogSize = 64 * 1024;

    /// <summary>Loads a complete BTF image. Linux 4.18.</summary>
    /// <exception cref="BpfException">Refused; the log says why.</exception>
    public static BpfHandle Load(ReadOnlySpan<byte> image, string name)
    {
        int first = Call(image, default);
        if (first >= 0)
        {
            return new BpfHandle(first);
        }

        byte[] log = new byte[LogSize];
        int second = Call(image, log);
        return second >= 0 ? new BpfHandle(second) : throw new BpfException(
            $"load the types of {name}", -first, VerifierLog.Parse(log, second == -Errno.ENOSPC), Advice.For(-first));
    }

    /// <summary>Loads a complete BTF image; why the kernel refuses it does not matter.</summary>
    /// <returns>Null if it does.</returns>
    public static BpfHandle? TryLoad(ReadOnlySpan<byte> image)
    {
        int result = Call(image, default);
        return result >= 0 ? new BpfHandle(result) : null;
    }

    private static int Call(ReadOnlySpan<byte> image, Span<byte> log)
    {
        // The kernel reads the image and writes at most the log's length.
        fixed (byte* pointer = image)
        fixed (byte* logPointer = log)
        {
            var attr = new bpf_attr_btf_load
            {
                btf = BpfSyscall.Address(pointer),
                btf_size = (uint)image.Length,
                btf_log_buf = BpfSyscall.Address(logPointer),
                btf_log_size = (uint)log.Length,
                btf_log_level = log.IsEmpty ? 0u : 1u,
            };
            return BpfSyscall.Call(bpf_cmd.BPF_BTF_LOAD, ref attr);
        }
    }
}
