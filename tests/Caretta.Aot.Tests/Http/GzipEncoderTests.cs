using System.Buffers;
using System.IO.Compression;
using System.Text;
using Caretta.Aot.Http;
using Caretta.Testing;
using Xunit;

namespace Caretta.Aot.Tests.Http;

/// <summary>What the encoder writes must be what the framework's decoder reads back.</summary>
public sealed class GzipEncoderTests
{
    private readonly GzipEncoder _encoder = new();

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("aaaa")]
    [InlineData("abcabcabcabcabcabcabcabcabc")]
    public void Short_texts_survive(string text) => AssertSurvives(Encoding.ASCII.GetBytes(text), 1000);

    [Fact]
    public void Every_length_up_to_some_hundred_survives()
    {
        byte[] data = Encoding.ASCII.GetBytes(LinesContent.All(20));
        for (int length = 0; length < 700; length++)
        {
            AssertSurvives(data[..length], 64);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(257)]
    [InlineData(16_000)]
    [InlineData(1 << 20)]
    public void Metrics_text_survives_in_pieces_of_any_size(int pieceBytes)
    {
        byte[] data = Encoding.ASCII.GetBytes(LinesContent.All(20_000));
        int packed = AssertSurvives(data, pieceBytes);
        Assert.InRange(packed, 1, data.Length / 6);
    }

    [Fact]
    public void Runs_survive_and_shrink()
    {
        byte[] data = new byte[3_000_000];
        Assert.InRange(AssertSurvives(data, 16_000), 1, data.Length / 500);
    }

    [Fact]
    public void Noise_survives_and_hardly_grows()
    {
        byte[] data = new byte[1_000_000];
        new Random(7).NextBytes(data);
        Assert.InRange(AssertSurvives(data, 16_000), 1, data.Length + (data.Length / 100) + 100);
    }

    [Fact]
    public void Skewed_bytes_that_need_the_longest_codes_survive()
    {
        // Frequencies like Fibonacci numbers ask for codes longer than the 15 bits that deflate has.
        List<byte> data = [];
        (int now, int next) = (1, 1);
        for (byte symbol = 0; data.Count + now < DeflateBlock.Capacity - 1; symbol++)
        {
            data.AddRange(Enumerable.Repeat((byte)(symbol * 7), now));
            (now, next) = (next, now + next);
        }

        byte[] shuffled = [.. data];
        new Random(11).Shuffle(shuffled);
        AssertSurvives(shuffled, 4096);
    }

    [Fact]
    public void Random_mixtures_survive()
    {
        Random random = new(13);
        for (int round = 0; round < 300; round++)
        {
            byte[] data = new byte[random.Next(1, 200_000)];
            int filled = 0;
            while (filled < data.Length)
            {
                Span<byte> rest = data.AsSpan(filled);
                int count = Math.Min(rest.Length, random.Next(1, 1 << random.Next(1, 16)));
                switch (random.Next(4))
                {
                    case 0:
                        random.NextBytes(rest[..count]);
                        break;
                    case 1:
                        rest[..count].Fill((byte)random.Next(256));
                        break;
                    case 2:
                        random.GetItems<byte>("01234567\",={}\n"u8, rest[..count]);
                        break;
                    default:
                        // Far repeats, around and beyond the farthest that deflate can say.
                        int back = Math.Min(filled, random.Next(1, 40_000));
                        count = Math.Min(count, back);
                        data.AsSpan(filled - back, count).CopyTo(rest);
                        break;
                }

                filled += count;
            }

            AssertSurvives(data, random.Next(1, 70_000));
        }
    }

    [Fact]
    public void An_abandoned_page_leaves_no_trace_in_the_next()
    {
        ArrayBufferWriter<byte> lost = new();
        _encoder.Start(lost);
        _encoder.Append(new byte[100_001]);
        _encoder.Append("some text"u8);
        _encoder.Encode();
        AssertSurvives(Encoding.ASCII.GetBytes(LinesContent.All(10)), 100);
    }

    [Fact]
    public void A_warm_encoder_allocates_nothing()
    {
        byte[] data = Encoding.ASCII.GetBytes(LinesContent.All(20_000));
        ArrayBufferWriter<byte> output = new(data.Length);
        Compress(data, 16_000, output);
        long allocated = Allocated.By(() =>
        {
            output.ResetWrittenCount();
            Compress(data, 16_000, output);
        });
        Assert.Equal(0, allocated);
    }

    [Fact]
    public void The_checksum_is_the_known_one()
    {
        // The check value of CRC-32/ISO-HDLC.
        Assert.Equal(0xCBF43926u, Crc32.Append(0, "123456789"u8));
        Assert.Equal(0u, Crc32.Append(0, []));
        byte[] data = Encoding.ASCII.GetBytes(LinesContent.All(10));
        for (int split = 0; split < data.Length; split++)
        {
            Assert.Equal(Crc32.Append(0, data), Crc32.Append(Crc32.Append(0, data.AsSpan(0, split)), data.AsSpan(split)));
        }
    }

    private int AssertSurvives(byte[] data, int pieceBytes)
    {
        ArrayBufferWriter<byte> output = new();
        Compress(data, pieceBytes, output);
        using GZipStream gzip = new(new MemoryStream(output.WrittenSpan.ToArray()), CompressionMode.Decompress);
        using MemoryStream back = new();
        gzip.CopyTo(back);
        Assert.True(data.AsSpan().SequenceEqual(back.ToArray()), $"{data.Length} bytes in pieces of {pieceBytes} came back different");
        return output.WrittenCount;
    }

    private void Compress(ReadOnlySpan<byte> data, int pieceBytes, IBufferWriter<byte> output)
    {
        _encoder.Start(output);
        while (!data.IsEmpty)
        {
            int count = Math.Min(pieceBytes, data.Length);
            data[..count].CopyTo(_encoder.GetSpan(count));
            _encoder.Advance(count);
            _encoder.Encode();
            data = data[count..];
        }

        _encoder.Finish();
    }
}
