using Caretta.Bpf;
using Caretta.Kernel.Tests.Support;
using Caretta.Testing;

using Xunit;

namespace Caretta.Kernel.Tests.Loader;

/// <summary>What is said when the kernel refuses a program, or would.</summary>
public sealed class RefusalTests
{
    [KernelFact]
    public void The_verifiers_reason_is_in_the_message_and_the_whole_log_beside_it()
    {
        BpfException refused = Assert.Throws<BpfException>(() => LoaderFixture.Load("refused.bpf.o", "unchecked_lookup").Dispose());

        Assert.Equal("load program unchecked_lookup: EACCES (13): R0 invalid mem access 'map_value_or_null'", refused.Message);
        Assert.Equal(("load program unchecked_lookup", 13, "EACCES"), (refused.Operation, refused.ErrorNumber, refused.ErrorName));
        Assert.Contains("bpf_map_lookup_elem", refused.Log!.Text, StringComparison.Ordinal);
        Assert.Contains("processed ", refused.Log.Text, StringComparison.Ordinal);
        Assert.False(refused.Log.IsTruncated);
        Assert.Null(refused.Advice);
    }

    [KernelFact]
    public void A_long_log_is_whole_and_its_end_is_the_reason()
    {
        BpfException refused = Assert.Throws<BpfException>(() => LoaderFixture.Load("refused.bpf.o", "long_log").Dispose());

        Assert.Equal("EACCES", refused.ErrorName);
        Assert.Matches("^R[0-9] invalid mem access 'scalar'$", refused.Log!.Summary);
        Assert.DoesNotContain('\0', refused.Log.Text);
        Assert.True(refused.Log.Text.Length > 64 * 1024, $"{refused.Log.Text.Length} characters");
        Assert.False(refused.Log.IsTruncated);
        Assert.Contains("\n0: ", refused.Log.Text, StringComparison.Ordinal);
    }

    [KernelTheory]
    [InlineData("missing_field")]
    [InlineData("missing_field_below")]
    public void A_field_that_this_kernel_has_not_is_explained(string program)
    {
        BpfException refused = Assert.Throws<BpfException>(() => LoaderFixture.Load("refused.bpf.o", program).Dispose());

        Assert.Equal(
            $"load program {program}: EINVAL (22): the program uses task_struct.this_field_never_existed, which this kernel does not have "
            + "(CO-RE relocation without target)",
            refused.Message);
    }

    [KernelFact]
    public void A_function_that_this_kernel_has_not_is_explained()
    {
        BpfException refused = Assert.Throws<BpfException>(() => LoaderFixture.Load("refused.bpf.o", "missing_function").Dispose());

        Assert.Equal(
            "load program missing_function: EINVAL (22): the program calls kernel function no_such_function that this kernel does not have", refused.Message);
    }

    [KernelFact]
    public void A_section_that_names_no_type_is_refused_before_the_kernel_is_asked()
    {
        NotSupportedException refused = Assert.Throws<NotSupportedException>(
            () => LoaderFixture.Load("refused.bpf.o", "unknown_section").Dispose());

        Assert.Equal(
            "refused.bpf.o: program unknown_section: section ?no_such_type/anything names no type that is known: set Type, or clear AutoLoad",
            refused.Message);
    }

    [KernelFact]
    public void A_function_that_the_other_program_has_not_is_refused_by_name()
    {
        using LoadedObject host = LoaderFixture.Load("probes.bpf.o", "host");
        BpfObject file = LoaderFixture.Parse("probes.bpf.o", "replacement");

        KeyNotFoundException nobody = Assert.Throws<KeyNotFoundException>(() => BpfLoader.Load(file).Dispose());
        file.Program("replacement").AttachProgram = host.Program("host");
        file.Program("replacement").AttachTarget = "no_such_function";
        KeyNotFoundException nowhere = Assert.Throws<KeyNotFoundException>(() => BpfLoader.Load(file).Dispose());

        Assert.Equal("program replacement: set AttachProgram to the program whose function it replaces", nobody.Message);
        Assert.Equal("program replacement: program host has no function no_such_function to attach to", nowhere.Message);
    }

    [KernelFact]
    public void One_refused_program_takes_the_others_with_it()
    {
        int before = OpenDescriptors.Count();

        Assert.Throws<BpfException>(() => LoaderFixture.Load("refused.bpf.o", "good", "unchecked_lookup").Dispose());

        Assert.Equal(before, OpenDescriptors.Count());
    }

    [KernelFact]
    public async Task Without_the_capability_the_advice_names_it()
    {
        if (!Rerun.IsInner())
        {
            await Rerun.ExpectPassAsync(typeof(RefusalTests), ["setpriv", "--bounding-set=-bpf,-sys_admin"], cancellation: TestContext.Current.CancellationToken);
            return;
        }

        BpfException refused = Assert.Throws<BpfException>(() => LoaderFixture.Load("refused.bpf.o", "good").Dispose());
        BpfException map = Assert.Throws<BpfException>(
            () => BpfMap.Create(new BpfMapShape("numbers", BpfMapType.LruHash, 4, 8, 16, 0)).Dispose());

        Assert.StartsWith("load the types of refused.bpf.o: EPERM (1); needs CAP_BPF", refused.Message, StringComparison.Ordinal);
        Assert.StartsWith(
            "create map numbers (LruHash, key 4, value 8, entries 16): EPERM (1); needs CAP_BPF", map.Message, StringComparison.Ordinal);
        Assert.Contains("CAP_SYS_ADMIN before Linux 5.8", refused.Advice, StringComparison.Ordinal);
    }
}
