using System.Text;
using Caretta.Aot.Identity.Objects;
using Caretta.Aot.Json;
using Caretta.Aot.Kubernetes;
using Xunit;

namespace Caretta.Aot.Tests.Kubernetes;

public sealed class JsonStreamTests
{
    private readonly List<PodObject> _pods = [];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(100)]
    [InlineData(100_000)]
    public async Task The_pieces_it_comes_in_do_not_matter(int most)
    {
        string list = Samples.List(string.Join(',', Enumerable.Range(0, 20).Select(Samples.FullPod)));
        await Read(list, most, new JsonLimits { BufferBytes = 512 });
        Assert.Equal(20, _pods.Count);
        Assert.Equal("workload-6-7d4b9c6f5d-00013", _pods[19].Name);
        Assert.Equal("namespace-19", _pods[19].Namespace);
    }

    [Fact]
    public async Task Every_cut_is_an_error_and_what_was_complete_stays()
    {
        string list = Samples.List($"{Samples.Pod(1)},{Samples.Pod(2)}");
        int firstEnds = list.IndexOf("},{\"metadata", StringComparison.Ordinal) + 1;
        for (int length = 0; length < list.Length; length++)
        {
            _pods.Clear();
            await Assert.ThrowsAsync<BadResponseException>(() => Read(list[..length], 64, new JsonLimits()));
            Assert.Equal(length >= firstEnds, _pods.Any(pod => pod.Name == "pod-1"));
        }
    }

    [Fact]
    public async Task Every_changed_byte_is_an_error_or_read()
    {
        byte[] list = Encoding.UTF8.GetBytes(Samples.List($"{Samples.Pod(1)},{Samples.Pod(2)}"));
        foreach (byte other in "\"{}[],:\\ 0\xff"u8.ToArray())
        {
            for (int i = 0; i < list.Length; i++)
            {
                byte[] changed = [.. list];
                changed[i] = other;
                try
                {
                    await Read([changed], 100, new JsonLimits());
                }
                catch (BadResponseException)
                {
                    // Refused.
                }
            }
        }
    }

    [Theory]
    [InlineData("x")]
    [InlineData("\\\\")]
    [InlineData("\\\"")]
    [InlineData("\\u00e9")]
    [InlineData("é")]
    public async Task A_string_of_any_length_is_skipped(string unit)
    {
        foreach (int count in (int[])[250, 255, 256, 257, 510, 513, 5000])
        {
            string text = string.Concat(Enumerable.Repeat(unit, count));
            string extra = $$""","annotations":{"a":"{{text}}","{{text}}":1},"labels":{"{{text}}":"{{text}}"}""";
            foreach (int most in (int[])[1, 33, 10_000])
            {
                _pods.Clear();
                await Read(Samples.List($"{Samples.Pod(1, 1, extra)},{Samples.Pod(2)}"), most, new JsonLimits { BufferBytes = 512 });
                Assert.Equal(["pod-1", "pod-2"], _pods.Select(pod => pod.Name));
            }
        }
    }

    [Fact]
    public async Task A_wanted_string_that_is_too_long_spoils_its_object_alone()
    {
        string long_ = new('x', 2000);
        string bad = $$$"""{"metadata":{"name":"{{{long_}}}","uid":"u"}}""";
        ListPage<PodObject> page = await Read(Samples.List($"{bad},{Samples.Pod(2)}"), 100, new JsonLimits { BufferBytes = 512 });
        Assert.Equal("pod-2", Assert.Single(_pods).Name);
        Assert.Equal(1, page.Skipped);
    }

    [Fact]
    public async Task A_string_of_two_gigabytes_is_refused_early_in_bounded_memory()
    {
        byte[] filler = new byte[64 * 1024];
        filler.AsSpan().Fill((byte)'a');
        string list = Samples.List($"{Samples.Pod(1)},{Samples.Pod(2, 1, ",\"annotations\":{\"a\":\"@\"}")}");
        string[] halves = list.Split('@');
        IEnumerable<ReadOnlyMemory<byte>> parts =
            [Encoding.UTF8.GetBytes(halves[0]), .. Enumerable.Repeat<ReadOnlyMemory<byte>>(filler, 32 * 1024), Encoding.UTF8.GetBytes(halves[1])];
        using var stream = new PieceStream(parts, 16 * 1024);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var page = new ListPage<PodObject>(new PodDecoder(), _pods.Add);
        Task reading = new JsonStream(new JsonLimits()).ReadAsync(stream, page.Shape, page, CancellationToken.None);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        BadResponseException e = await Assert.ThrowsAsync<BadResponseException>(() => reading);
        Assert.Contains("longer than 16777216 bytes", e.Message, StringComparison.Ordinal);
        Assert.InRange(stream.Given, 16 << 20, 17 << 20);
        Assert.InRange(allocated, 0, 1 << 20);
        Assert.Equal("pod-1", Assert.Single(_pods).Name);
    }

    [Fact]
    public async Task Deep_nesting_is_refused()
    {
        string deep = $$"""{"metadata":{"name":"x","uid":"u","other":{{new string('[', 100_000)}}""";
        BadResponseException e = await Assert.ThrowsAsync<BadResponseException>(() => Read(Samples.List(deep), 1000, new JsonLimits()));
        Assert.Contains("nested deeper than 64", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endless_number_or_value_is_refused()
    {
        string number = $$"""{"items":[{{new string('1', 100_000)}}""";
        await Assert.ThrowsAsync<BadResponseException>(() => Read(number, 1000, new JsonLimits()));
        string spaces = $$"""{"items":[{{new string(' ', 100_000)}}1""";
        await Assert.ThrowsAsync<BadResponseException>(() => Read(spaces, 1000, new JsonLimits()));
        string list = Samples.List(string.Join(',', Enumerable.Range(0, 100).Select(Samples.FullPod)));
        BadResponseException e = await Assert.ThrowsAsync<BadResponseException>(() => Read(list, 1000, new JsonLimits { MaxValueBytes = 100_000 }));
        Assert.Contains("value is longer", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_limit_on_values_is_for_each_of_them()
    {
        string events = string.Concat(Enumerable.Range(1, 50).Select(i => Samples.Event("ADDED", Samples.Pod(i))));
        int count = 0;
        var watch = new WatchEvents<PodObject>(new PodDecoder(), _ => count++);
        using var stream = new PieceStream([Encoding.UTF8.GetBytes(events)], 100);
        await new JsonStream(new JsonLimits { MaxValueBytes = 2000 }).ReadAsync(stream, watch.Shape, watch, CancellationToken.None);
        Assert.Equal(50, count);
        Assert.Equal(0, watch.Skipped);
    }

    [Fact]
    public async Task Something_that_is_no_list_is_refused()
    {
        foreach (string other in (string[])["", "{}", "[]", "7", "{\"items\":[]}", "{\"items\":{}}", "{\"metadata\":[]}", "{\"metadata\":{\"resourceVersion\":7}}", "<html>"])
        {
            await Assert.ThrowsAsync<BadResponseException>(() => Read(other, 100, new JsonLimits()));
        }
    }

    // About 125 MB of JSON, as the issue's cluster has: bounded by what is kept, not by what is sent.
    [Fact]
    public async Task Twenty_thousand_pods_are_read_in_little_memory()
    {
        const int Pods = 20_000;
        int kept = 0;
        var sink = new ListPage<PodObject>(new PodDecoder(), _ => kept++);
        var json = new JsonStream(new JsonLimits());
        byte[][] pages = [.. Enumerable.Range(0, 4).Select(page =>
            Encoding.UTF8.GetBytes(Samples.List(string.Join(',', Enumerable.Range(page * 500, 500).Select(Samples.FullPod)))))];
        await ReadPages(1);
        kept = 0;
        long before = GC.GetAllocatedBytesForCurrentThread();
        long began = System.Diagnostics.Stopwatch.GetTimestamp();
        long bytes = await ReadPages(Pods / 500);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        TimeSpan took = System.Diagnostics.Stopwatch.GetElapsedTime(began);
        Assert.Equal(Pods, kept);
        TestContext.Current.TestOutputHelper?.WriteLine($"{bytes} bytes of JSON, {allocated} bytes allocated, {allocated / Pods} a pod, {took.TotalMilliseconds:0} ms");
        Assert.InRange(allocated, 0, Pods * 500L);

        async Task<long> ReadPages(int count)
        {
            long total = 0;
            for (int i = 0; i < count; i++)
            {
                sink.Clear();
                using var stream = new PieceStream([pages[i % pages.Length]], 16 * 1024);
                await json.ReadAsync(stream, sink.Shape, sink, CancellationToken.None);
                sink.CheckComplete(json.Values);
                total += stream.Given;
            }

            return total;
        }
    }

    private Task<ListPage<PodObject>> Read(string text, int most, JsonLimits limits) => Read([Encoding.UTF8.GetBytes(text)], most, limits);

    private async Task<ListPage<PodObject>> Read(ReadOnlyMemory<byte>[] parts, int most, JsonLimits limits)
    {
        var page = new ListPage<PodObject>(new PodDecoder(), _pods.Add);
        var json = new JsonStream(limits);
        using var stream = new PieceStream(parts, most);
        await json.ReadAsync(stream, page.Shape, page, CancellationToken.None);
        page.CheckComplete(json.Values);
        return page;
    }
}
