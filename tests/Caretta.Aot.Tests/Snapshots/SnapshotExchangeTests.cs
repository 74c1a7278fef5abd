using Caretta.Aot.Identity;
using Caretta.Aot.Snapshots;
using Xunit;

namespace Caretta.Aot.Tests.Snapshots;

public sealed class SnapshotExchangeTests
{
    private static readonly AgentFacts Facts = new()
    {
        Version = "1",
        Kernel = "6",
        Tier = "main",
        StartTime = DateTimeOffset.UnixEpoch,
        Programs = ["a", "b"],
        Maps = ["m"],
    };

    private readonly SnapshotExchange _exchange = new(Facts);
    private readonly LinkColumns _links = new();
    private readonly WorkloadTable _workloads = new();
    private readonly AgentHealth _health = new(Facts);

    [Fact]
    public void There_is_an_empty_snapshot_before_the_first_poll()
    {
        LinkSnapshot snapshot = _exchange.Acquire();
        Assert.Equal(0, snapshot.Links.Count);
        Assert.Equal(0ul, snapshot.Health.Polls);
        snapshot.Release();
    }

    [Fact]
    public void A_held_snapshot_does_not_change()
    {
        int link = _links.Add(new LinkIdentity(_workloads.Intern("a", "host", "unit"), 0, 80, 1));
        _links.SentBytes[link] = 5;
        _health.MissedEvents[1] = 3;
        _health.Polls = 1;
        Publish();
        LinkSnapshot held = _exchange.Acquire();
        for (int poll = 0; poll < 50; poll++)
        {
            _links.SentBytes[link]++;
            _health.MissedEvents[1]++;
            _health.Polls++;
            _links.Add(new LinkIdentity(_workloads.Intern($"b{poll}", "host", "unit"), 0, 80, 1));
            Publish();
        }

        Assert.Equal(5ul, held.Links.SentBytes[0]);
        Assert.Equal(1, held.Links.Count);
        Assert.Equal(1, held.Workloads.Length);
        Assert.Equal(3ul, held.Health.MissedEvents[1]);
        Assert.Equal(1ul, held.Health.Polls);
        held.Release();

        LinkSnapshot now = _exchange.Acquire();
        Assert.Equal(55ul, now.Links.SentBytes[0]);
        Assert.Equal(51, now.Links.Count);
        Assert.Equal("b49", now.Workloads[now.Links.Identities[50].Client].Name);
        now.Release();
    }

    [Fact]
    public void Links_that_give_way_to_others_stay_in_the_snapshots_that_have_them_and_cost_no_memory()
    {
        for (int i = 0; i < 1000; i++)
        {
            _links.Add(new LinkIdentity(i, 0, 80, 1));
        }

        Publish();
        LinkSnapshot held = _exchange.Acquire();
        Publish();
        Publish();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            _links.Replace(i, new LinkIdentity(1000 + i, 0, 80, 1));
            if (i % 3 == 0)
            {
                _links.RemoveBySwap(i);
                _links.Add(new LinkIdentity(2000 + i, 0, 80, 1));
            }

            Publish();
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(0, allocated);
        LinkSnapshot now = _exchange.Acquire();
        Assert.Equal(Enumerable.Range(0, 1000), held.Links.Identities.ToArray().Select(static link => link.Client));
        Assert.Equal(_links.Identities, now.Links.Identities);
        now.Release();
        held.Release();
    }

    [Fact]
    public void Two_buffers_take_turns_and_slow_readers_cost_one_each_until_they_are_done()
    {
        Publish();
        Publish();
        Assert.Equal(2, _exchange.BufferCount);
        List<LinkSnapshot> held = [];
        for (int i = 0; i < 10; i++)
        {
            held.Add(_exchange.Acquire());
            Publish();
        }

        Assert.Equal(11, _exchange.BufferCount);
        held.ForEach(snapshot => snapshot.Release());
        Publish();
        Publish();
        Assert.InRange(_exchange.BufferCount, 2, 3);
    }

    [Fact]
    public async Task Readers_see_whole_polls_while_the_poll_thread_runs_on()
    {
        CancellationToken cancel = TestContext.Current.CancellationToken;
        int workload = _workloads.Intern("a", "host", "unit");
        using var done = new CancellationTokenSource();
        Task[] readers = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            ulong last = 0;
            long seen = 0;
            while (!done.IsCancellationRequested || seen == 0)
            {
                LinkSnapshot snapshot = _exchange.Acquire();
                ulong polls = snapshot.Health.Polls;
                Assert.True(polls >= last);
                last = polls;
                for (int i = 0; i < snapshot.Links.Count; i++)
                {
                    Assert.Equal(polls, snapshot.Links.SentBytes[i]);
                    Assert.Equal(polls, snapshot.Links.ReceivedBytes[i]);
                }

                snapshot.Release();
                seen++;
            }
        }, cancel))];

        for (ulong poll = 1; poll <= 20_000; poll++)
        {
            if (poll % 200 == 1)
            {
                _links.Add(new LinkIdentity(workload, workload, (ushort)poll, 1));
            }

            _links.SentBytes.Fill(poll);
            _links.ReceivedBytes.Fill(poll);
            _health.Polls = poll;
            Publish();
        }

        await done.CancelAsync();
        await Task.WhenAll(readers);
        Assert.InRange(_exchange.BufferCount, 2, 6);
    }

    private void Publish() => _exchange.Publish(_links, _workloads, _health);
}
