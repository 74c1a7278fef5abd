using Caretta.Aot.Collections;
using Xunit;

namespace Caretta.Aot.Tests.Collections;

public sealed class PagedListTests
{
    [Fact]
    public void Items_stay_where_they_are_while_it_grows()
    {
        var list = new PagedList<int>();
        ref int first = ref list[list.Add()];
        for (int i = 1; i < 10_000; i++)
        {
            list[list.Add()] = i;
        }

        first = -1;
        Assert.Equal(10_000, list.Count);
        Assert.Equal(-1, list[0]);
        Assert.All(Enumerable.Range(1, 9_999), i => Assert.Equal(i, list[i]));
    }

    [Fact]
    public void Going_up_and_down_a_little_allocates_nothing()
    {
        var list = new PagedList<long>();
        for (int i = 0; i < 5000; i++)
        {
            list.Add();
        }

        for (int i = 0; i < 4000; i++)
        {
            list.RemoveLast();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 1000; round++)
        {
            for (int i = 0; i < 700; i++)
            {
                list.Add();
            }

            for (int i = 0; i < 700; i++)
            {
                list.RemoveLast();
            }
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(1000, list.Count);
        Assert.Equal(0, allocated);
    }
}
