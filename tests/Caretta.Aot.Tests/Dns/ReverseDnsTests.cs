using System.Net;
using System.Net.Sockets;
using Caretta.Aot.Dns;
using Caretta.Aot.Identity;
using Caretta.Aot.Tests.Http;
using Caretta.Testing;
using Xunit;

namespace Caretta.Aot.Tests.Dns;

public sealed class ReverseDnsTests
{
    private static readonly NetAddress One = NetAddress.From(IPAddress.Parse("203.0.113.1"));

    private readonly FakeTime _time = new();
    private readonly Lock _gate = new();
    private readonly List<string> _asked = [];
    private Func<string, Task<string?>> _answer = static address => Task.FromResult<string?>("host-" + address + ".example.com.");

    [Fact]
    public async Task A_name_is_there_after_it_was_asked_for_and_is_asked_for_once()
    {
        using ReverseDns dns = Make();
        Assert.False(dns.TryGetName(One, out _));
        await Until(() => dns.Epoch == 1);
        Assert.True(dns.TryGetName(One, out string? name));
        Assert.Equal("host-203.0.113.1.example.com", name);
        Assert.Equal(["203.0.113.1"], Asked());
    }

    [Fact]
    public async Task A_name_that_expired_is_used_until_the_new_one_is_there()
    {
        using ReverseDns dns = Make();
        dns.TryGetName(One, out _);
        await Until(() => dns.Epoch == 1);
        _answer = static _ => Task.FromResult<string?>("new.example.com");
        _time.Advance(TimeSpan.FromMinutes(59));
        dns.TryGetName(One, out _);
        Assert.Single(Asked());
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(dns.TryGetName(One, out string? name));
        Assert.Equal("host-203.0.113.1.example.com", name);
        await Until(() => dns.Epoch == 2);
        Assert.True(dns.TryGetName(One, out name));
        Assert.Equal("new.example.com", name);
    }

    [Theory]
    [InlineData(SocketError.HostNotFound, 0ul)]
    [InlineData(SocketError.TryAgain, 1ul)]
    public async Task A_failure_is_known_for_a_while_and_then_tried_again(SocketError error, ulong failures)
    {
        _answer = _ => Task.FromException<string?>(new SocketException((int)error));
        using ReverseDns dns = Make();
        dns.TryGetName(One, out _);
        await Until(() => dns.TryGetName(One, out string? none) && none is null);
        Assert.Equal(failures, dns.Failures);
        Assert.Single(Asked());
        _answer = static _ => Task.FromResult<string?>("late.example.com");
        _time.Advance(TimeSpan.FromMinutes(5));
        dns.TryGetName(One, out _);
        await Until(() => dns.TryGetName(One, out string? name) && name == "late.example.com");
    }

    [Theory]
    [InlineData("203.0.113.1")]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData(null)]
    public async Task What_is_no_name_is_none(string? answer)
    {
        _answer = _ => Task.FromResult(answer);
        using ReverseDns dns = Make();
        dns.TryGetName(One, out _);
        await Until(() => dns.TryGetName(One, out _));
        Assert.True(dns.TryGetName(One, out string? name));
        Assert.Null(name);
    }

    [Fact]
    public async Task Cache_queue_and_lookups_are_bounded()
    {
        var blocked = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _answer = _ => blocked.Task;
        using ReverseDns dns = Make(new ReverseDnsLimits { MaxAddresses = 20, MaxWaiting = 8, MaxLookups = 3 });
        for (int i = 0; i < 100; i++)
        {
            dns.TryGetName(Number(i), out _);
        }

        await Until(() => Asked().Length == 3);
        Assert.InRange(dns.Count, 3, 20);
        Assert.Equal(3, Asked().Length);
        blocked.SetResult("x.example.com");
        await Until(() => Asked().Length >= 11 - 3);
        for (int i = 0; i < 1000; i++)
        {
            dns.TryGetName(Number(i), out _);
            Assert.InRange(dns.Count, 1, 20);
        }
    }

    [Fact]
    public async Task A_known_name_is_found_without_allocating()
    {
        using ReverseDns dns = Make();
        dns.TryGetName(One, out _);
        await Until(() => dns.Epoch == 1);
        dns.TryGetName(One, out _);
        long allocated = Allocated.By(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                dns.TryGetName(One, out _);
            }
        });
        Assert.Equal(0, allocated);
    }

    private static NetAddress Number(int i) => NetAddress.From(new IPAddress([198, 18, (byte)(i >> 8), (byte)i]));

    private static async Task Until(Func<bool> condition)
    {
        long deadline = Environment.TickCount64 + 10_000;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < deadline, "it did not happen");
            await Task.Yield();
        }
    }

    private string[] Asked()
    {
        lock (_gate)
        {
            return [.. _asked];
        }
    }

    private ReverseDns Make(ReverseDnsLimits? limits = null) => new(_time, limits, (address, _) =>
    {
        lock (_gate)
        {
            _asked.Add(address.ToString());
        }

        return _answer(address.ToString());
    });
}
