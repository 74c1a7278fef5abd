using Caretta.Bpf.Btf;
using Caretta.Bpf.Interop;
using Caretta.Bpf.Tests.Btf;

using Xunit;

namespace Caretta.Bpf.Tests.Loading;

/// <summary>What programs want of modules: <c>modules.bpf.c</c> on a kernel with the modules <c>first</c> and <c>second</c>.</summary>
public sealed class ModuleTests : IDisposable
{
    private const int AttachBtfId = 108;        // offsets in union bpf_attr for BPF_PROG_LOAD
    private const int AttachModule = 112;
    private const int DescriptorArray = 120;

    private readonly string _directory = Directory.CreateTempSubdirectory("caretta-types-").FullName;
    private readonly Dictionary<string, uint> _ids = [];
    private readonly List<int> _descriptors = [];
    private readonly FakeKernel _kernel = new(6, 12);
    private BpfInstruction[] _code = [];
    private byte[] _attr = [];

    public ModuleTests()
    {
        BtfTypes kernel = Write("vmlinux", new BtfBuilder(), null);
        Write("first", new BtfBuilder(kernel), kernel);
        Write("second", new BtfBuilder(kernel), kernel);
        _kernel.Types = _directory;
        _kernel.Modules.AddRange(["first", "second"]);
        _kernel.Answer = (command, attr) =>
        {
            if (command == bpf_cmd.BPF_PROG_LOAD)
            {
                Remember(attr);
            }

            return null;
        };
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Functions_of_modules_are_called_by_the_place_of_the_module_among_the_descriptors()
    {
        Load("calls");

        Assert.Equal(
            [(0, _ids["caretta_in_kernel"]), (1, _ids["caretta_in_second"]), (2, _ids["caretta_in_first"]), (1, _ids["caretta_in_second"])],
            _code.Where(static instruction => instruction.Opcode == BpfInstruction.Call)
                .Select(static instruction => ((int)instruction.Offset, (uint)instruction.Immediate)));
        Assert.Equal(0, _descriptors[0]);
        Assert.Equal(2, _descriptors.Skip(1).Where(static fd => fd > 2).Distinct().Count());
    }

    [Fact]
    public void A_variable_of_a_module_is_its_type_and_the_modules_descriptor()
    {
        Load("reads");

        int index = Array.FindIndex(_code, static instruction => instruction.SourceRegister == BpfInstruction.PseudoBtfId);
        Assert.Equal(_ids["caretta_variable"], (uint)_code[index].Immediate);
        Assert.True(_code[index + 1].Immediate > 2);
    }

    [Fact]
    public void Without_functions_of_modules_the_kernel_gets_no_descriptors()
    {
        Load("may_call");

        Assert.Equal(0UL, FakeKernel.Read<ulong>(_attr, DescriptorArray));
        Assert.Empty(_kernel.Of(bpf_cmd.BPF_BTF_GET_NEXT_ID));
    }

    [Theory]
    [InlineData("anywhere")]
    [InlineData("there")]
    public void A_hook_in_a_module_is_found_with_or_without_the_modules_name(string program)
    {
        Load(program);

        Assert.Equal(_ids["caretta_in_second"], FakeKernel.Read<uint>(_attr, AttachBtfId));
        Assert.True(FakeKernel.Read<int>(_attr, AttachModule) > 2);
    }

    [Fact]
    public void A_hook_is_looked_for_in_the_module_that_is_named_only()
    {
        KeyNotFoundException missing = Assert.Throws<KeyNotFoundException>(() => Load("elsewhere"));

        Assert.Contains("module first of this kernel has no caretta_in_second", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_module_that_went_away_is_named()
    {
        _kernel.Modules.Remove("second");

        Assert.Contains("module second", Assert.Throws<KeyNotFoundException>(() => Load("calls")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_the_capability_the_module_is_named_too()
    {
        _kernel.Answer = static (command, _) => command == bpf_cmd.BPF_BTF_GET_FD_BY_ID ? -Errno.EPERM : null;

        BpfException refusal = Assert.Throws<BpfException>(() => Load("there"));

        Assert.Equal(("open the types of module second", "EPERM"), (refusal.Operation, refusal.ErrorName));
    }

    private void Load(string program)
    {
        BpfObject file = BpfObject.Parse(File.ReadAllBytes(Fixture.KernelPath("modules.bpf.o")), "modules.bpf.o");
        file.Program(program).AutoLoad = true;
        using KernelCalls.Replacement _ = KernelCalls.Replace(_kernel);
        using LoadedObject loaded = BpfLoader.Load(file);
    }

    // While the call lasts: what the attr points to is gone afterwards.
    private unsafe void Remember(byte[] attr)
    {
        _attr = attr;
        _code = FakeKernel.InstructionsOf(attr);
        int most = _code.Max(static instruction => instruction.Opcode == BpfInstruction.Call ? instruction.Offset : 0);
        int* descriptors = (int*)FakeKernel.Read<ulong>(attr, DescriptorArray);
        _descriptors.Clear();
        for (int i = 0; descriptors is not null && i <= most; i++)
        {
            _descriptors.Add(descriptors[i]);
        }
    }

    private BtfTypes Write(string name, BtfBuilder builder, BtfTypes? kernel)
    {
        uint number = builder.Int("int", 4, signed: true);
        uint prototype = builder.Prototype(number, ("number", number));
        string function = name == "vmlinux" ? "caretta_in_kernel" : $"caretta_in_{name}";
        builder.Pointer(number);
        for (int i = 0; i < name.Length; i++)
        {
            // So that no two images give their functions the same number.
            builder.Pointer(number);
        }

        _ids[function] = builder.Function(function, prototype, BtfLinkage.Static);
        if (name == "second")
        {
            _ids["caretta_variable"] = builder.Variable("caretta_variable", number, BtfLinkage.Global);
        }

        byte[] image = builder.ToImage();
        File.WriteAllBytes(Path.Combine(_directory, name), image);
        return BtfTypes.Parse(image, name, kernel);
    }
}
