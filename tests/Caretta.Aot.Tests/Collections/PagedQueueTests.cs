using Caretta.Aot.Collections;
using Xunit;

namespace Caretta.Aot.Tests.Collections;

public sealed class PagedQueueTests
{
    [Fact]
    public void What_goes_in_first_comes_out_first()
    {
        var random = new Random(7);
        var queue = new PagedQueue<int>();
        int next = 0;
        int expected = 0;
        for (int round = 0; round < 400; round++)
        {
            int more = random.Next(1500);
            for (int i = 0; i < more; i++)
            {
                queue.Enqueue(next++);
            }

            // Every other round down to nothing, so that pages end at every place.
            int fewer = round % 2 == 0 ? queue.Count : random.Next(queue.Count + 1);
            for (int i = 0; i < fewer; i++)
            {
                Assert.Equal(expected++, queue.Peek());
                queue.Dequeue();
            }

            Assert.Equal(next - expected, queue.Count);
        }
    }

    [Fact]
    public void A_steady_queue_uses_its_pages_again()
    {
        var queue = new PagedQueue<long>();
        for (int i = 0; i < 2000; i++)
        {
            queue.Enqueue(i);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100_000; i++)
        {
            queue.Enqueue(i);
            queue.Dequeue();
        }

        // The list of pages may grow once.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
    }
}
