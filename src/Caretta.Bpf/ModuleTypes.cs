using System.Text;
using Caretta.Bpf.Btf;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>
/// The types of loaded modules, and their descriptors, which stand for the module wherever a program refers to one. Linux 5.11; calls of a
/// module's functions 5.16.
/// </summary>
/// <remarks>The descriptors are open until this is disposed; programs that are loaded by then keep the modules. Not thread-safe.</remarks>
internal sealed unsafe class ModuleTypes(Func<KernelTypes> kernel) : IDisposable
{
    private const int NameLength = 64;      // include/linux/moduleparam.h, MODULE_NAME_LEN: 56, its NUL included

    private readonly List<BpfHandle> _handles = [];
    private readonly Dictionary<string, int> _indexes = [];

    /// <summary>Nothing is read until it is asked for.</summary>
    public static ModuleTypes Of(Func<KernelTypes> kernel) => new(kernel);

    /// <summary>All of them, as <see cref="KernelTypes.ReadModules"/> gives them.</summary>
    public IReadOnlyList<BtfTypes> All => kernel().ReadModules();

    /// <summary>What goes with programs that call functions of modules: 0 for the kernel proper, then a descriptor for each that is open.</summary>
    public int[] Descriptors => [0, .. _handles.Select(static handle => (int)handle.DangerousGetHandle())];

    /// <summary>Finds what the kernel proper lacks.</summary>
    /// <param name="find">Finds it in one image; what it finds among the kernel's own does not count.</param>
    /// <returns>0 if no module has it.</returns>
    public KernelTypeId Find(Func<BtfTypes, uint> find)
    {
        foreach (BtfTypes module in All)
        {
            uint id = find(module);
            if (id >= module.FirstId)
            {
                return new KernelTypeId(id, module);
            }
        }

        return default;
    }

    /// <summary>The place of a module in <see cref="Descriptors"/>.</summary>
    /// <exception cref="BpfException">Refused: EPERM without CAP_SYS_ADMIN.</exception>
    /// <exception cref="KeyNotFoundException">It has been unloaded.</exception>
    public int IndexOf(BtfTypes module)
    {
        if (!_indexes.TryGetValue(module.ImageName, out int index))
        {
            _handles.Add(Open(module.ImageName));
            index = _handles.Count;
            _indexes.Add(module.ImageName, index);
        }

        return index;
    }

    /// <summary>The descriptor of a module, open as long as this object; 0 for the kernel proper.</summary>
    /// <exception cref="BpfException">Refused: EPERM without CAP_SYS_ADMIN.</exception>
    /// <exception cref="KeyNotFoundException">It has been unloaded.</exception>
    public int DescriptorOf(BtfTypes? module) =>
        module is null ? 0 : (int)_handles[IndexOf(module) - 1].DangerousGetHandle();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (BpfHandle handle in _handles)
        {
            handle.Dispose();
        }
    }

    /// <summary>Looks through all type information in the kernel, objects' included, for that of one module.</summary>
    private static BpfHandle Open(string name)
    {
        uint id = 0;
        while (true)
        {
            var next = new bpf_attr_get_id { start_id = id };
            int result = BpfSyscall.Call(bpf_cmd.BPF_BTF_GET_NEXT_ID, ref next);
            if (result == -Errno.ENOENT)
            {
                throw new KeyNotFoundException($"module {name} has been unloaded");
            }

            ThrowIfRefused(result, name);
            id = next.next_id;
            var open = new bpf_attr_get_id { start_id = id };
            int fd = BpfSyscall.Call(bpf_cmd.BPF_BTF_GET_FD_BY_ID, ref open);
            if (fd == -Errno.ENOENT)
            {
                // It went meanwhile.
                continue;
            }

            ThrowIfRefused(fd, name);
            var handle = new BpfHandle(fd);
            if (IsModule(handle, name))
            {
                return handle;
            }

            handle.Dispose();
        }
    }

    private static bool IsModule(BpfHandle handle, string name)
    {
        byte* text = stackalloc byte[NameLength];
        var info = new bpf_btf_info { name = BpfSyscall.Address(text), name_len = NameLength };
        using BpfHandle.Lease lease = handle.Borrow();

        // Both live on this stack frame; the kernel writes at most their lengths, and ends the name with a NUL.
        var attr = new bpf_attr_info { bpf_fd = (uint)lease.Fd, info_len = (uint)sizeof(bpf_btf_info), info = BpfSyscall.Address(&info) };
        int result = BpfSyscall.Call(bpf_cmd.BPF_OBJ_GET_INFO_BY_FD, ref attr);
        ReadOnlySpan<byte> bytes = new(text, NameLength);
        int end = bytes.IndexOf((byte)0);
        return result >= 0 && info.kernel_btf != 0 && end >= 0 && Encoding.UTF8.GetString(bytes[..end]) == name;
    }

    private static void ThrowIfRefused(int result, string name)
    {
        if (result < 0)
        {
            throw new BpfException($"open the types of module {name}", -result, advice: Advice.For(-result));
        }
    }
}
