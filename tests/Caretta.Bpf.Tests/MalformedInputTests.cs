using System.Diagnostics;
using Caretta.Bpf.Btf;
using Caretta.Bpf.CoreRelocation;
using Caretta.Bpf.Linking;
using Xunit;

namespace Caretta.Bpf.Tests;

/// <summary>Damaged objects are refused with <see cref="BadImageException"/> or load as something else; nothing else may happen.</summary>
public sealed class MalformedInputTests
{
    // Far more than any fixture needs, far less than what a damaged size field asks for.
    private const long MaximumAllocation = 4 << 20;
    private static readonly TimeSpan MaximumTime = TimeSpan.FromSeconds(2);

    public static TheoryData<string> Objects => [.. Fixture.ManyObjects];

    [Theory]
    [MemberData(nameof(Objects))]
    public void Every_prefix_is_refused(string name)
    {
        byte[] image = Fixture.Read(name);
        for (int length = 0; length < image.Length; length++)
        {
            int cut = length;
            Assert.Throws<BadImageException>(() => BpfObject.Parse(image.AsMemory(0, cut), name));
        }
    }

    [Theory]
    [MemberData(nameof(Objects))]
    public void Every_changed_byte_is_refused_or_harmless(string name)
    {
        byte[] image = Fixture.Read(name);
        BtfTypes? types = BpfObject.Parse(Fixture.Read(name), name).Btf;
        for (int offset = 0; offset < image.Length; offset++)
        {
            byte original = image[offset];
            foreach (byte changed in (ReadOnlySpan<byte>)[(byte)(original ^ 1), (byte)(original ^ 0x80), (byte)~original])
            {
                image[offset] = changed;
                Try(image, name, types, $"byte 0x{offset:x} changed from {original:x2} to {changed:x2}");
            }

            image[offset] = original;
        }
    }

    [Theory]
    [MemberData(nameof(Objects))]
    public void Every_absurd_number_is_refused_or_harmless(string name)
    {
        byte[] original = Fixture.Read(name);
        BtfTypes? types = BpfObject.Parse(original, name).Btf;
        foreach (uint absurd in (ReadOnlySpan<uint>)[0, 0x7fffffff, 0xffffffff])
        {
            for (int offset = 0; offset + sizeof(uint) <= original.Length; offset += sizeof(uint))
            {
                byte[] image = (byte[])original.Clone();
                BitConverter.TryWriteBytes(image.AsSpan(offset), absurd);
                Try(image, name, types, $"{absurd:x} at 0x{offset:x}");
            }
        }
    }

    /// <summary>Several changes at once reach what one change cannot. The seed is fixed: a failure can be repeated.</summary>
    [Theory]
    [MemberData(nameof(Objects))]
    public void Random_damage_is_refused_or_harmless(string name)
    {
        byte[] original = Fixture.Read(name);
        BtfTypes? types = BpfObject.Parse(original, name).Btf;
        Random random = new(20260101);
        for (int round = 0; round < 2000; round++)
        {
            byte[] image = (byte[])original.Clone();
            for (int changes = random.Next(2, 12); changes > 0; changes--)
            {
                image[random.Next(image.Length)] = (byte)random.Next(256);
            }

            Try(image, name, types, $"round {round}");
        }
    }

    /// <summary>Names may share their text, and 100,000 names of 4,000 bytes must not take 400 MB.</summary>
    [Fact]
    public void Many_names_of_one_long_text_are_refused()
    {
        byte[] image = ObjectBuilder.Build("xdp", new byte[800_000], 8, new string('x', 4000));
        long before = GC.GetAllocatedBytesForCurrentThread();

        BadImageException e = Assert.Throws<BadImageException>(() => BpfObject.Parse(image, "names.o"));

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.StartsWith("names.o: its names have more than 16 times the bytes of the image", e.Message, StringComparison.Ordinal);
        Assert.True(allocated < MaximumAllocation, $"{allocated} bytes allocated");
    }

    private static void Try(byte[] image, string name, BtfTypes? kernelTypes, string damage)
    {
        long started = Stopwatch.GetTimestamp();
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            BpfObject parsed = BpfObject.Parse(image, name);
            ProgramLinker linker = parsed.CreateLinker(kernelTypes);
            linker.Resolutions = [];
            foreach (BpfProgramDefinition program in parsed.Programs)
            {
                Link(linker, program);
            }

            parsed.EncodeBtf(BtfFeatures.All);
            parsed.ApplyConfiguration(KernelConfig.Empty, default);
        }
        catch (BadImageException e)
        {
            Assert.StartsWith(name, e.Message, StringComparison.Ordinal);
        }
        catch (Exception e)
        {
            Assert.Fail($"{damage}: {e}");
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < MaximumAllocation, $"{damage}: {allocated} bytes allocated");
        Assert.True(Stopwatch.GetElapsedTime(started) < MaximumTime, $"{damage}: took {Stopwatch.GetElapsedTime(started)}");
    }

    private static void Link(ProgramLinker linker, BpfProgramDefinition program)
    {
        try
        {
            linker.Link(program);
        }
        catch (Exception e) when (e is BadImageException or CoreRelocationException)
        {
            // Another program of the object may still link.
        }
    }
}
