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
        int result = TryLoad(image, default);
        if (result < 0)
        {
            byte[] log = new byte[LogSize];
            int second = TryLoad(image, log);
            if (second < 0)
            {
                throw new BpfException($"load the types of {name}", -result, VerifierLog.Parse(log, false), Advice.For(-result));
            }

            result = second;
        }

        return new BpfHandle(result);
    }

    /// <summary>Whether the kernel takes this image; the reason does not matter.</summary>
    public static bool IsAccepted(ReadOnlySpan<byte> image)
    {
        int result = TryLoad(image, default);
        if (result >= 0)
        {
            new BpfHandle(result).Dispose();
        }

        return result >= 0;
    }

    private static int TryLoad(ReadOnlySpan<byte> image, Span<byte> log)
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
