using System.Text;

namespace Caretta.Cluster.Tests.Scale;

/// <summary>Writes an object with something wrong in it. Nothing large is held: it is made as it goes out.</summary>
internal static class FaultyObject
{
    /// <summary>Length of the huge string and of the huge name, in bytes.</summary>
    public const long HugeLength = 2L << 30;

    /// <summary>How many arrays <see cref="ScaleFault.DeepNesting"/> opens.</summary>
    public const int Depth = 1_000_000;

    private const int PieceLength = 64 << 10;
    private const int AnnotationCount = 40;
    private const int AnnotationLength = 250_000;     // the API server allows 256 KiB for all together

    private static readonly byte[] Filling = Repeat('x');

    /// <summary>Writes it.</summary>
    /// <param name="output">The answer.</param>
    /// <param name="good">The object, as it should be.</param>
    /// <param name="fault">What to do to it.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>False if the answer ends here.</returns>
    /// <exception cref="CutException">The connection ends here.</exception>
    public static async Task<bool> WriteAsync(Stream output, ReadOnlyMemory<byte> good, ScaleFault fault, CancellationToken cancellation)
    {
        // All templates have annotations; what is added comes first in them.
        ReadOnlyMemory<byte> mark = "\"annotations\":{"u8.ToArray();
        int middle = good.Span.IndexOf(mark.Span) + mark.Length;
        switch (fault)
        {
            case ScaleFault.CutConnection:
                await output.WriteAsync(good[..middle], cancellation);
                await output.FlushAsync(cancellation);
                throw new CutException();

            case ScaleFault.CutObject:
                await output.WriteAsync(good[..middle], cancellation);
                return false;

            case ScaleFault.HalfOpen:
                await output.WriteAsync(good[..middle], cancellation);
                await output.FlushAsync(cancellation);
                await Task.Delay(Timeout.Infinite, cancellation);
                return false;

            case ScaleFault.SlowDrip:
                for (int i = 0; i < good.Length; i++)
                {
                    await output.WriteAsync(good[i..(i + 1)], cancellation);
                    await output.FlushAsync(cancellation);
                    await Task.Delay(50, cancellation);
                }

                return true;

            case ScaleFault.HugeString:
                await WriteAroundAsync("\"huge\":\"", "\",", () => FillAsync(output, HugeLength, Filling, cancellation));
                return true;

            case ScaleFault.HugeName:
                await WriteAroundAsync("\"", "\":\"\",", () => FillAsync(output, HugeLength, Filling, cancellation));
                return true;

            case ScaleFault.DeepNesting:
                await WriteAroundAsync("\"deep\":", ",", async () =>
                {
                    await FillAsync(output, Depth, Repeat('['), cancellation);
                    await FillAsync(output, Depth, Repeat(']'), cancellation);
                });
                return true;

            case ScaleFault.HugeAnnotations:
                await WriteAroundAsync("", "", async () =>
                {
                    for (int i = 0; i < AnnotationCount; i++)
                    {
                        await output.WriteAsync(Encoding.ASCII.GetBytes($"\"example.org/large-{i}\":\""), cancellation);
                        await FillAsync(output, AnnotationLength, Filling, cancellation);
                        await output.WriteAsync("\","u8.ToArray(), cancellation);
                    }
                });
                return true;

            case ScaleFault.BadUtf8:
                await WriteAroundAsync("\"bad\":\"", "\",", () => output.WriteAsync(new byte[] { 0xFF, 0xC0, 0x80, 0xED, 0xA0, 0x80 }, cancellation).AsTask());
                return true;

            case ScaleFault.EndlessSpace:
                await WriteAroundAsync("", "", () => FillAsync(output, long.MaxValue, Repeat(' '), cancellation));
                return true;

            case ScaleFault.WrongTypes:
                await output.WriteAsync("""
                    {"metadata":{"name":["a"],"namespace":7,"uid":{"a":1},"resourceVersion":1e400,"deletionTimestamp":false,"labels":[1,{}],"ownerReferences":"none"},"spec":"x","status":{"phase":[],"podIP":12,"podIPs":{"ip":3},"addresses":"none","loadBalancer":[]}}
                    """u8.ToArray(), cancellation);
                return true;

            default:
                throw new InvalidOperationException($"{fault} does not happen within an object");
        }

        async Task WriteAroundAsync(string before, string after, Func<Task> write)
        {
            await output.WriteAsync(good[..middle], cancellation);
            await output.WriteAsync(Encoding.ASCII.GetBytes(before), cancellation);
            await write();
            await output.WriteAsync(Encoding.ASCII.GetBytes(after), cancellation);
            await output.WriteAsync(good[middle..], cancellation);
        }
    }

    private static byte[] Repeat(char letter) => [.. Enumerable.Repeat((byte)letter, PieceLength)];

    private static async Task FillAsync(Stream output, long length, ReadOnlyMemory<byte> filling, CancellationToken cancellation)
    {
        for (long left = length; left > 0; left -= filling.Length)
        {
            await output.WriteAsync(filling[..(int)Math.Min(left, filling.Length)], cancellation);
        }
    }
}
