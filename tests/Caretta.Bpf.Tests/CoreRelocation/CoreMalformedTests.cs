using Caretta.Bpf.Btf;
using Caretta.Bpf.CoreRelocation;
using Xunit;

namespace Caretta.Bpf.Tests.CoreRelocation;

/// <summary>Damaged types on either side and damaged records end in an answer or in one of the two documented exceptions.</summary>
public sealed class CoreMalformedTests
{
    [Fact]
    public void Damaged_kernel_types_give_answers_or_refusals()
    {
        BtfTypes local = BtfTypes.Parse(CoreFixtures.Section("access.bpf.o", ".BTF"), "access.bpf.o");
        CoreRelocationRecord[] records = [.. CoreFixtures.Programs("access.bpf.o", local).Values.SelectMany(program => program.Records)];
        byte[] image = CoreFixtures.Read("target_moved.btf");
        for (int at = 24; at < image.Length; at++)
        {
            image[at] ^= 0x05;
            if (TryParse(image) is { } target)
            {
                ResolveAll(records, new CoreRelocator(local, target));
            }

            image[at] ^= 0x05;
        }
    }

    [Fact]
    public void Damaged_types_of_the_object_give_answers_or_refusals()
    {
        byte[] image = CoreFixtures.Section("access.bpf.o", ".BTF").ToArray();
        BtfTypes undamaged = BtfTypes.Parse(image.ToArray(), "access.bpf.o");
        CoreRelocationRecord[] records = [.. CoreFixtures.Programs("access.bpf.o", undamaged).Values.SelectMany(program => program.Records)];
        BtfTypes target = CoreFixtures.ReadTypes("target_same.btf");
        for (int at = 24; at < image.Length; at++)
        {
            image[at] ^= 0x03;
            if (TryParse(image) is { } local)
            {
                ResolveAll(records, new CoreRelocator(local, target));
            }

            image[at] ^= 0x03;
        }
    }

    [Fact]
    public void Random_records_give_answers_or_refusals()
    {
        Random random = new(7117);
        BtfTypes local = BtfTypes.Parse(CoreFixtures.Section("access.bpf.o", ".BTF"), "access.bpf.o");
        CoreRelocationRecord[] records = [.. CoreFixtures.Programs("access.bpf.o", local).Values.SelectMany(program => program.Records)];
        CoreRelocator relocator = new(local, CoreFixtures.ReadTypes("target_moved.btf"));
        for (int round = 0; round < 20_000; round++)
        {
            CoreRelocationRecord record = records[random.Next(records.Length)];
            ResolveAll([random.Next(4) switch
            {
                0 => record with { TypeId = (uint)random.Next(local.Count + 2) },
                1 => record with { AccessStringOffset = records[random.Next(records.Length)].AccessStringOffset },
                2 => record with { AccessStringOffset = (uint)random.Next((int)local.StringLength + 2) },
                _ => record with { Kind = (CoreRelocationKind)random.Next(15), TypeId = (uint)random.Next(local.Count + 2) },
            }], relocator);
        }
    }

    private static BtfTypes? TryParse(byte[] image)
    {
        try
        {
            return BtfTypes.Parse(image, "damaged");
        }
        catch (BadImageException)
        {
            return null;
        }
    }

    private static void ResolveAll(CoreRelocationRecord[] records, CoreRelocator relocator)
    {
        foreach (CoreRelocationRecord record in records)
        {
            try
            {
                relocator.Resolve(record);
            }
            catch (CoreRelocationException exception)
            {
                Assert.NotEmpty(exception.Reason);
            }
        }
    }
}
