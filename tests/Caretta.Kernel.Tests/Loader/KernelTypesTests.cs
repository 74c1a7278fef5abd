using System.Runtime.CompilerServices;

using Caretta.Aot;
using Caretta.Bpf;
using Caretta.Bpf.Btf;
using Caretta.Kernel.Tests.Support;

using Xunit;

namespace Caretta.Kernel.Tests.Loader;

/// <summary>What this kernel takes as an object's types.</summary>
public sealed class KernelTypesTests
{
    [KernelFact]
    public void This_kernel_takes_everything_there_is() => Assert.Equal(BtfFeatures.All, KernelFeatures.ProbeBtf());

    [KernelFact]
    public void Types_without_any_one_feature_are_still_types()
    {
        foreach (BpfObject file in Objects())
        {
            foreach (BtfFeatures missing in Enum.GetValues<BtfFeatures>())
            {
                // Refused ones throw, and the kernel's reason is in the message.
                using BpfHandle types = BtfObject.Load(file.EncodeBtf(BtfFeatures.All & ~missing)!, $"{file.Name} without {missing}");
                Assert.False(types.IsInvalid);
            }
        }
    }

    [KernelFact]
    public void Types_without_any_two_features_are_still_types()
    {
        BtfFeatures[] features = Enum.GetValues<BtfFeatures>();
        foreach (BpfObject file in Objects())
        {
            foreach (BtfFeatures first in features)
            {
                foreach (BtfFeatures second in features)
                {
                    using BpfHandle types = BtfObject.Load(
                        file.EncodeBtf(BtfFeatures.All & ~first & ~second)!, $"{file.Name} without {first} and {second}");
                }
            }
        }
    }

    [KernelFact]
    public void The_kernels_own_types_are_read_and_given_back()
    {
        using KernelTypes kernel = KernelTypes.Read();

        Assert.True(kernel.Types.Count > 10_000);
        Assert.NotEqual(0u, kernel.Types.FindByName("tcp_sock"u8, BtfKind.Struct));
        kernel.Dispose();
        Assert.Throws<ObjectDisposedException>(() => kernel.Types.FindByName("sock"u8, BtfKind.Struct));
    }

    private static IEnumerable<BpfObject> Objects([CallerFilePath] string here = "")
    {
        yield return BpfObject.Parse(BuildInfo.ReadBpfObject(), "caretta.bpf.o");
        string tests = Path.Combine(Path.GetDirectoryName(here)!, "..", "..");
        foreach (string folder in (string[])["Caretta.Kernel.Tests", "Caretta.Bpf.Tests"])
        {
            foreach (string path in Directory.EnumerateFiles(Path.Combine(tests, folder, "Fixtures"), "*.bpf.o").Order())
            {
                BpfObject file = BpfObject.Parse(File.ReadAllBytes(path), Path.GetFileName(path));
                if (file.Btf is not null)
                {
                    yield return file;
                }
            }
        }
    }
}
