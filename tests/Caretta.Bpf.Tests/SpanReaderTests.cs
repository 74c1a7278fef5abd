using Xunit;

namespace Caretta.Bpf.Tests;

public sealed class SpanReaderTests
{
    [Fact]
    public void Numbers_are_little_endian_and_advance_the_position()
    {
        SpanReader reader = new([1, 2, 0, 3, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 4, 0, 0, 0, 0, 0, 0, 0x80], "image");

        Assert.Equal(1, reader.ReadU8());
        Assert.Equal(2, reader.ReadU16());
        Assert.Equal(3u, reader.ReadU32());
        Assert.Equal(-1, reader.ReadI32());
        Assert.Equal(0x8000000000000004, reader.ReadU64());
        Assert.Equal(19, reader.Offset);
        Assert.Equal(0, reader.Remaining);
    }

    [Fact]
    public void Read_past_the_end_names_the_image_and_the_offset()
    {
        BadImageException e = Assert.Throws<BadImageException>(() =>
        {
            SpanReader reader = new([1, 2, 3], "image.o");
            reader.Skip(1);
            reader.ReadU32();
        });

        Assert.Equal("image.o: need 4 bytes at offset 0x1, only 2 left", e.Message);
    }

    [Fact]
    public void Negative_count_is_refused() =>
        Assert.Throws<BadImageException>(() => new SpanReader([1, 2, 3], "image").Take(-1));

    [Theory]
    [InlineData(4, 0)]
    [InlineData(0, 4)]
    [InlineData(2, 2)]
    [InlineData(ulong.MaxValue, 1)]
    [InlineData(1, ulong.MaxValue)]
    [InlineData(0x1_0000_0000, 1)]
    public void Slice_outside_of_the_image_is_refused(ulong offset, ulong count) =>
        Assert.Throws<BadImageException>(() => new SpanReader([1, 2, 3], "image").Slice(offset, count));

    [Fact]
    public void Slice_leaves_the_position_alone()
    {
        SpanReader reader = new([1, 2, 3], "image");

        Assert.True(reader.Slice(1, 2).SequenceEqual((ReadOnlySpan<byte>)[2, 3]));
        Assert.True(reader.Slice(3, 0).IsEmpty);
        Assert.Equal(0, reader.Offset);
    }

    [Fact]
    public void Text_ends_at_its_NUL()
    {
        SpanReader reader = new("one\0\0two"u8, "image");

        Assert.True(reader.ReadCString().SequenceEqual("one"u8));
        Assert.True(reader.ReadCString().IsEmpty);
        Assert.Equal(5, reader.Offset);
    }

    [Fact]
    public void Text_without_NUL_is_refused() =>
        Assert.Throws<BadImageException>(() => new SpanReader("one"u8, "image").ReadCString());
}
