using System.Diagnostics;
using Caretta.Aot.Identity.Objects;
using Caretta.Aot.Kubernetes;
using Xunit;

namespace Caretta.Aot.Tests.Kubernetes;

public sealed class ReflectorTests : IAsyncDisposable
{
    private static readonly ReflectorOptions Quick = new()
    {
        RelistByInitialEvents = false,
        FirstDelay = TimeSpan.FromMilliseconds(20),
        MaxDelay = TimeSpan.FromMilliseconds(100),
        DeniedDelay = TimeSpan.FromMilliseconds(300),
    };

    private readonly Recorder<PodObject> _pods = new(static pod => pod.Name);
    private readonly StringWriter _log = new();
    private readonly CancellationTokenSource _stop = new();
    private FakeApiServer? _server;
    private ApiClient? _client;
    private Reflector<PodObject>? _reflector;
    private Task _running = Task.CompletedTask;

    private ReflectorStatus Status => _reflector!.Status;

    private string[] Requests => [.. _server!.Requests.Select(static request => System.Text.RegularExpressions.Regex.Replace(request, "timeoutSeconds=\\d+", "T"))];

    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        long began = Stopwatch.GetTimestamp();
        await _running;
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 5);
        _client?.Dispose();
        _server?.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task Pages_make_a_list_and_the_watch_goes_on_from_there()
    {
        Start(async exchange =>
        {
            if (exchange.IsWatch)
            {
                await exchange.BeginStreamAsync();
                await exchange.WriteAsync(Samples.Event("ADDED", Samples.Pod(4, 101)));
                await exchange.WriteAsync(Samples.Event("MODIFIED", Samples.Pod(1, 102)) + Samples.Event("DELETED", Samples.Pod(2, 103)));
                await exchange.HangAsync();
            }
            else if (exchange.Query("continue") is string next)
            {
                Assert.Equal("a b/+", next);
                await exchange.JsonAsync(Samples.List(Samples.Pod(3)));
            }
            else
            {
                await exchange.JsonAsync(Samples.List($"{Samples.Pod(1)},{Samples.Pod(2)}", next: "a b/+"), gzip: exchange.Headers["Accept-Encoding"] == "gzip");
            }
        });
        await _pods.WaitAsync(
            "Reset", "Upserted pod-1", "Upserted pod-2", "Upserted pod-3", "Synced", "Upserted pod-4", "Upserted pod-1", "Deleted pod-2");
        Assert.Equal(
            ["/api/v1/pods?limit=500&resourceVersion=0", "/api/v1/pods?limit=500&continue=a%20b%2F%2B", "/api/v1/pods?watch=true&allowWatchBookmarks=true&T&resourceVersion=100"],
            Requests);
        Assert.Equal(("pods", true, true, false, 3, 3, 0, 1), (Status.Resource, Status.IsSynced, Status.IsWatching, Status.IsDenied, Status.Events, Status.Listed, Status.Resets, Status.Lists));
        Assert.Null(Status.LastError);
        Assert.Empty(_log.ToString());
    }

    [Fact]
    public async Task A_watch_is_asked_to_last_five_to_ten_minutes()
    {
        Start(ListThenHang);
        await Until(() => Status.IsWatching);
        string target = _server!.Requests.Last();
        Assert.InRange(int.Parse(target.Split("timeoutSeconds=")[1].Split('&')[0], null), 300, 600);
    }

    [Theory]
    [InlineData("end")]
    [InlineData("cut in an event")]
    [InlineData("reset")]
    [InlineData("malformed")]
    public async Task A_watch_that_ends_is_resumed_where_it_was(string how)
    {
        int watches = 0;
        Start(async exchange =>
        {
            if (!exchange.IsWatch)
            {
                await exchange.JsonAsync(Samples.List(""));
                return;
            }

            await exchange.BeginStreamAsync();
            if (++watches > 1)
            {
                await exchange.WriteAsync(Samples.Event("ADDED", Samples.Pod(2, 151)));
                await exchange.HangAsync();
                return;
            }

            await exchange.WriteAsync(Samples.Event("ADDED", Samples.Pod(1, 101)) + Samples.Bookmark(150));
            switch (how)
            {
                case "cut in an event":
                    await exchange.WriteAsync(Samples.Event("ADDED", Samples.Pod(9, 160))[..50]);
                    await exchange.EndStreamAsync();
                    break;
                case "malformed":
                    await exchange.WriteAsync("{\"type\":\"ADDED\",,");
                    await exchange.HangAsync();
                    break;
                case "reset":
                    await Until(() => _pods.Changes.Count == 3);
                    _server!.Cut();
                    break;
                default:
                    await exchange.EndStreamAsync();
                    break;
            }
        });
        await _pods.WaitAsync("Reset", "Synced", "Upserted pod-1", "Upserted pod-2");
        Assert.Contains("resourceVersion=150", Requests[^1], StringComparison.Ordinal);
        Assert.Equal(1, Status.Resets);
        Assert.Equal(1, Status.Lists);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_version_too_old_means_the_newest_list(bool asEvent)
    {
        int lists = 0;
        Start(async exchange =>
        {
            if (!exchange.IsWatch)
            {
                await exchange.JsonAsync(Samples.List(Samples.Pod(++lists), version: $"{lists}00"));
            }
            else if (exchange.Query("resourceVersion") == "200")
            {
                await exchange.BeginStreamAsync();
                await exchange.HangAsync();
            }
            else if (asEvent)
            {
                await exchange.BeginStreamAsync();
                await exchange.WriteAsync(Samples.Gone);
                await exchange.HangAsync();
            }
            else
            {
                await exchange.StatusAsync(410, "too old resource version");
            }
        });
        await _pods.WaitAsync("Reset", "Upserted pod-1", "Synced", "Reset", "Upserted pod-2", "Synced");
        await Until(() => Status.IsWatching);
        Assert.Equal("/api/v1/pods?limit=500", Requests[2]);
        Assert.Null(Status.LastError);
    }

    [Fact]
    public async Task An_expired_continue_token_begins_the_list_again_and_then_asks_for_all_at_once()
    {
        Start(async exchange =>
        {
            if (exchange.IsWatch)
            {
                await exchange.BeginStreamAsync();
                await exchange.HangAsync();
            }
            else if (exchange.Query("continue") is not null)
            {
                await exchange.StatusAsync(410, "The provided continue parameter is too old");
            }
            else
            {
                await exchange.JsonAsync(Samples.List(Samples.Pod(1), next: exchange.Query("limit") is null ? "" : "next"));
            }
        });
        await _pods.WaitAsync("Reset", "Upserted pod-1", "Reset", "Upserted pod-1", "Reset", "Upserted pod-1", "Synced");
        Assert.Equal(
            ["/api/v1/pods?limit=500&resourceVersion=0", "/api/v1/pods?limit=500&continue=next", "/api/v1/pods?limit=500", "/api/v1/pods?limit=500&continue=next", "/api/v1/pods?"],
            Requests[..5]);
    }

    [Fact]
    public async Task Lists_are_not_repeated_without_pause()
    {
        Start(static async exchange =>
        {
            if (exchange.IsWatch)
            {
                await exchange.BeginStreamAsync();
                await exchange.WriteAsync(Samples.Gone);
                await exchange.HangAsync();
            }
            else
            {
                await exchange.JsonAsync(Samples.List(""));
            }
        }, Quick with { FirstDelay = TimeSpan.FromMilliseconds(100), MaxDelay = TimeSpan.FromSeconds(2) });
        long began = Stopwatch.GetTimestamp();
        await Until(() => Status.Lists >= 5);
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalMilliseconds, 50 + 100 + 200 + 400, 60_000);
    }

    [Fact]
    public async Task What_is_listed_anew_comes_as_initial_events_where_the_server_knows_them()
    {
        Start(async exchange =>
        {
            if (_server!.Requests.Count <= 2)
            {
                await ListThenExpire(exchange);
                return;
            }

            await exchange.BeginStreamAsync();
            if (exchange.Query("sendInitialEvents") is not null)
            {
                await exchange.WriteAsync(Samples.Event("ADDED", Samples.Pod(1, 105)) + Samples.Event("ADDED", Samples.Pod(2, 103)) + Samples.Bookmark(177, end: true));
                await exchange.WriteAsync(Samples.Event("ADDED", Samples.Pod(3, 178)));
                await Until(() => Status.Events == 1);
                await exchange.EndStreamAsync();
            }
            else
            {
                await exchange.HangAsync();
            }
        }, Quick with { RelistByInitialEvents = true });
        await _pods.WaitAsync("Reset", "Upserted pod-1", "Synced", "Reset", "Upserted pod-1", "Upserted pod-2", "Synced", "Upserted pod-3");
        await Until(() => Requests.Length == 4);
        Assert.Equal(
            ["/api/v1/pods?limit=500&resourceVersion=0",
                "/api/v1/pods?watch=true&allowWatchBookmarks=true&T&resourceVersion=100",
                "/api/v1/pods?watch=true&allowWatchBookmarks=true&T&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=",
                "/api/v1/pods?watch=true&allowWatchBookmarks=true&T&resourceVersion=178"],
            Requests);
        Assert.Equal(2, Status.Lists);
    }

    [Theory]
    [InlineData("400")]
    [InlineData("422")]
    [InlineData("plain bookmark")]
    [InlineData("end")]
    [InlineData("silence")]
    public async Task A_server_that_does_not_know_initial_events_is_listed(string how)
    {
        Start(async exchange =>
        {
            if (_server!.Requests.Count <= 2)
            {
                await ListThenExpire(exchange);
            }
            else if (exchange.Query("sendInitialEvents") is null)
            {
                await ListThenHang(exchange);
            }
            else if (int.TryParse(how, out int code))
            {
                await exchange.StatusAsync(code, "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled");
            }
            else
            {
                await exchange.BeginStreamAsync();
                await exchange.WriteAsync(Samples.Event("ADDED", Samples.Pod(8, 5)));
                if (how == "end")
                {
                    await exchange.EndStreamAsync();
                    return;
                }

                if (how == "plain bookmark")
                {
                    await exchange.WriteAsync(Samples.Bookmark(77));
                }

                await exchange.HangAsync();
            }
        }, Quick with { RelistByInitialEvents = true, InitialEventsIdle = TimeSpan.FromMilliseconds(300) });
        await Until(() => Status is { IsSynced: true, IsWatching: true } && _pods.Changes.Count(static change => change == "Synced") == 2);
        Assert.Equal(["Reset", "Upserted pod-1", "Synced"], _pods.Changes.TakeLast(3));
        await Until(() => Status is { IsWatching: true, LastError: null });
    }

    [Fact]
    public async Task Denied_access_is_said_once_with_the_missing_rule_and_tried_again()
    {
        bool allowed = false;
        Start(exchange => Volatile.Read(ref allowed) ? ListThenHang(exchange) : exchange.StatusAsync(403, "pods is forbidden: User cannot list"));
        await Until(() => Status.Failures >= 3);
        Assert.True(Status.IsDenied);
        Assert.False(Status.IsSynced);
        Assert.Contains("403", Status.LastError, StringComparison.Ordinal);
        string line = Assert.Single(_log.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("""apiGroups: [\"\"], resources: [\"pods\"], verbs: [\"list\", \"watch\"]""", line, StringComparison.Ordinal);
        Volatile.Write(ref allowed, true);
        await Until(() => Status is { IsSynced: true, IsDenied: false, LastError: null });
    }

    [Fact]
    public async Task A_server_that_asks_for_patience_gets_it()
    {
        long first = 0;
        long second = 0;
        Start(async exchange =>
        {
            if (Interlocked.CompareExchange(ref first, Stopwatch.GetTimestamp(), 0) == 0)
            {
                await exchange.StatusAsync(429, "busy", "Retry-After: 1\r\n");
                return;
            }

            Interlocked.CompareExchange(ref second, Stopwatch.GetTimestamp(), 0);
            await ListThenHang(exchange);
        });
        await Until(() => Status is { IsSynced: true, IsWatching: true });
        Assert.InRange(Stopwatch.GetElapsedTime(first, second).TotalSeconds, 0.99, 30);
    }

    [Fact]
    public async Task A_watch_gone_silent_is_begun_again()
    {
        Start(ListThenHang, Quick with { WatchAtLeast = TimeSpan.FromMilliseconds(300), WatchAtMost = TimeSpan.FromMilliseconds(300), WatchGrace = TimeSpan.FromMilliseconds(200) });
        await Until(() => Status.Resets >= 2);
        Assert.Equal(["Reset", "Upserted pod-1", "Synced"], _pods.Changes);
        Assert.Contains("the server sent nothing for 0.5 s", _log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_away_and_comes_back_is_watched_on()
    {
        Start(ListThenHang);
        await Until(() => Status.IsWatching);
        _server!.Kill();
        await Until(() => Status.Failures >= 3);
        Assert.Equal((true, false), (Status.IsSynced, Status.IsWatching));
        Assert.NotNull(Status.LastError);
        _server.Revive();
        await Until(() => Status is { IsWatching: true, LastError: null });
        Assert.Equal(["Reset", "Upserted pod-1", "Synced"], _pods.Changes);
        Assert.Contains("answering again", _log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_cut_short_begins_again()
    {
        int lists = 0;
        Start(async exchange =>
        {
            if (exchange.IsWatch || ++lists > 1)
            {
                await ListThenHang(exchange);
                return;
            }

            await exchange.BeginStreamAsync();
            await exchange.WriteAsync(Samples.List($"{Samples.Pod(7)},{Samples.Pod(8)}")[..400]);
            _server!.Cut();
        });
        await Until(() => Status.IsSynced);
        Assert.Equal(["Reset", "Upserted pod-1", "Synced"], _pods.Changes.TakeLast(3));
        Assert.Equal(2, Status.Lists);
    }

    [Fact]
    public async Task Objects_that_cannot_be_used_are_counted_and_said_once()
    {
        Start(async exchange =>
        {
            if (!exchange.IsWatch)
            {
                await exchange.JsonAsync(Samples.List($$$"""{"metadata":{"name":1}},7,{{{Samples.Pod(1)}}}"""));
                return;
            }

            await exchange.BeginStreamAsync();
            await exchange.WriteAsync(Samples.Event("ADDED", "[]") + Samples.Event("ODD", Samples.Pod(9)) + "7\n{}\n" + Samples.Event("ADDED", "{\"metadata\":{\"resourceVersion\":\"120\"}}"));
            await exchange.WriteAsync(Samples.Event("ADDED", Samples.Pod(2, 121)));
            await exchange.HangAsync();
        });
        await _pods.WaitAsync("Reset", "Upserted pod-1", "Synced", "Upserted pod-2");
        Assert.Equal(7, Status.Skipped);
        Assert.Single(_log.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task A_watch_that_never_gets_further_gives_way_to_a_list()
    {
        Start(async exchange =>
        {
            if (exchange.IsWatch)
            {
                await exchange.BeginStreamAsync();
                await exchange.WriteAsync("{\"type\":}");
                await exchange.HangAsync();
            }
            else
            {
                await exchange.JsonAsync(Samples.List(Samples.Pod(1)));
            }
        });
        await Until(() => Requests.Length >= 5);
        Assert.Equal(
            ["/api/v1/pods?limit=500&resourceVersion=0", "watch", "watch", "watch", "/api/v1/pods?limit=500&resourceVersion=100&resourceVersionMatch=NotOlderThan"],
            Requests[..5].Select(static request => request.Contains("watch=true", StringComparison.Ordinal) ? "watch" : request));
    }

    private static async Task ListThenExpire(FakeExchange exchange)
    {
        if (exchange.IsWatch)
        {
            await exchange.StatusAsync(410, "too old resource version");
        }
        else
        {
            await exchange.JsonAsync(Samples.List(Samples.Pod(1)));
        }
    }

    private static async Task ListThenHang(FakeExchange exchange)
    {
        if (exchange.IsWatch)
        {
            await exchange.BeginStreamAsync();
            await exchange.HangAsync();
        }
        else
        {
            await exchange.JsonAsync(Samples.List(Samples.Pod(1)));
        }
    }

    private static Task Until(Func<bool> condition) => Recorder<PodObject>.Until(condition, () => Assert.True(condition()));

    private void Start(Func<FakeExchange, Task> answer, ReflectorOptions? options = null)
    {
        _server = new FakeApiServer(answer);
        _client = new ApiClient(_server.Config(), new ApiClientOptions());
        _reflector = new Reflector<PodObject>(_client, ObjectTypes.Pods, _pods, options ?? Quick, new Random(1), new Log(_log, TimeProvider.System));
        _running = _reflector.RunAsync(_stop.Token);
    }
}
