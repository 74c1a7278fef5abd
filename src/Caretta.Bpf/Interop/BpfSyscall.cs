using System.Runtime.CompilerServices;

namespace Caretta.Bpf.Interop;

/// <summary>The one door to bpf(2).</summary>
internal static unsafe class BpfSyscall
{
    /// <summary>
    /// Interrupted loads are repeated this often: the verifier gives up with EAGAIN whenever a signal is pending, and the runtime's own
    /// signals (garbage collector activation) come in bursts. Nothing else is repeated here: a batch or a test run that was cut short has
    /// done part of its work.
    /// </summary>
    private const int MaxTries = 1000;

    /// <summary>
    /// Calls bpf(2) with an attr of exactly the size of <typeparamref name="T"/>. Where the kernel charges locked memory and refuses for
    /// it, the limit is raised and the call made again.
    /// </summary>
    /// <returns>The kernel's non-negative result, or <c>-errno</c>.</returns>
    public static int Call<T>(bpf_cmd command, ref T attr)
        where T : unmanaged
    {
        KernelCalls kernel = KernelCalls.Current;

        // The reference is pinned for the length of the call; the kernel reads and writes sizeof(T) bytes, no more.
        fixed (T* pointer = &attr)
        {
            int result = CallPatiently(kernel, command, pointer, sizeof(T));
            bool isCharged = command is bpf_cmd.BPF_MAP_CREATE or bpf_cmd.BPF_PROG_LOAD or bpf_cmd.BPF_BTF_LOAD;
            return result == -Errno.EPERM && isCharged && kernel.LockedMemory.Raise(kernel)
                ? CallPatiently(kernel, command, pointer, sizeof(T))
                : result;
        }
    }

    /// <summary>One call, repeated only where it was interrupted before it did anything.</summary>
    internal static int CallPatiently(KernelCalls kernel, bpf_cmd command, void* attr, int size)
    {
        for (int i = 0; ; i++)
        {
            int result = kernel.Bpf(command, attr, size);
            bool interrupted = command == bpf_cmd.BPF_PROG_LOAD && result is -Errno.EAGAIN or -Errno.EINTR;
            if (!interrupted || i == MaxTries)
            {
                return result;
            }
        }
    }

    /// <summary>An address as bpf(2) wants it. The caller keeps the memory pinned across the call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Address(void* pointer) => (ulong)pointer;

    /// <summary>Copies at most 15 bytes, replacing what the kernel refuses in a name (bpf_obj_name_cpy: letters, digits, '_' and '.').</summary>
    public static bpf_obj_name Name(string name)
    {
        bpf_obj_name result = default;
        int length = Math.Min(name.Length, bpf_obj_name.Length - 1);
        for (int i = 0; i < length; i++)
        {
            result[i] = char.IsAsciiLetterOrDigit(name[i]) ? (byte)name[i] : (byte)'_';
        }

        return result;
    }
}
