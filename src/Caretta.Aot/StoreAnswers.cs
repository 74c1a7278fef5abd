using Caretta.Aot.Http;
using Caretta.Aot.Map;
using Caretta.Aot.Store;

namespace Caretta.Aot;

/// <summary>
/// Answers about the cluster, out of the store. Equal questions share one answer: while it is on its way, and for two seconds after.
/// While nobody asks, nothing is asked. Any thread.
/// </summary>
internal sealed class StoreAnswers : IDisposable
{
    private const double DefaultRangeSeconds = 300;
    private const int MaxKept = 16;
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly StoreClient _store;
    private readonly TimeProvider _time;
    private readonly List<Answer> _answers = [];
    private readonly ITimer _timer;

    /// <summary>Prepares to answer.</summary>
    public StoreAnswers(StoreClient store, TimeProvider time)
    {
        _store = store;
        _time = time;
        _timer = time.CreateTimer(static answers => ((StoreAnswers)answers!).DropOld(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Answers kept or on their way.</summary>
    public int Kept
    {
        get
        {
            lock (_gate)
            {
                return _answers.Count;
            }
        }
    }

    /// <summary>Answers <c>/api/links</c>.</summary>
    public Task<HttpReply> GetLinks(MapQuestion question) => Get(question, LinksAsync);

    /// <summary>Answers <c>/api/history</c>.</summary>
    public Task<HttpReply> GetHistory(MapQuestion question) => Get(question, HistoryAsync);

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        _store.Dispose();
    }

    private Task<HttpReply> Get(MapQuestion question, Func<MapQuestion, Task<HttpReply>> ask)
    {
        lock (_gate)
        {
            foreach (Answer kept in _answers)
            {
                if (kept.Question == question && !kept.IsOld(_time))
                {
                    return kept.Reply;
                }
            }

            // The store bounds what is on its way; answers that came go first.
            DropOld();
            if (_answers.Count >= MaxKept)
            {
                _answers.RemoveAt(0);
            }

            var answer = new Answer(question);
            answer.Reply = TellAsync(answer, ask);
            _answers.Add(answer);
            return answer.Reply;
        }
    }

    private async Task<HttpReply> TellAsync(Answer answer, Func<MapQuestion, Task<HttpReply>> ask)
    {
        // Not under the lock, and not on the thread of whoever asked.
        await Task.Yield();
        try
        {
            return await ask(answer.Question).ConfigureAwait(false);
        }
        catch (StoreException failure)
        {
            return MapReplies.Fail(failure.Status, failure.Reason, failure.Message);
        }
        finally
        {
            lock (_gate)
            {
                answer.CameAt = _time.GetTimestamp();
            }

            _timer.Change(MaxAge, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task<HttpReply> LinksAsync(MapQuestion question)
    {
        double now = Now();
        double to = question.To ?? now;
        double from = question.From ?? to - DefaultRangeSeconds;
        LinkMap map = await ClusterMap.ReadAsync(_store, from, to, now).ConfigureAwait(false);
        return MapReplies.Document(output => MapJson.Write(map, output));
    }

    private async Task<HttpReply> HistoryAsync(MapQuestion question)
    {
        double from = question.From!.Value;
        double to = question.To!.Value;
        ObservedHistory history = await _store.QueryHistoryAsync(
            new LinkSelection(question.Client, question.Server, question.Port), from, to).ConfigureAwait(false);
        return MapReplies.Document(output => MapJson.WriteHistory(
            from, to, history.Step, history[HistoryLine.ToServer], history[HistoryLine.ToClient], history[HistoryLine.Opened],
            history[HistoryLine.Failed], output));
    }

    private double Now() => _time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;

    private void DropOld()
    {
        lock (_gate)
        {
            for (int i = _answers.Count - 1; i >= 0; i--)
            {
                if (_answers[i].IsOld(_time))
                {
                    _answers.RemoveAt(i);
                }
            }
        }
    }

    private sealed class Answer(MapQuestion question)
    {
        public MapQuestion Question { get; } = question;

        public Task<HttpReply> Reply { get; set; } = null!;

        public long? CameAt { get; set; }

        public bool IsOld(TimeProvider time) => CameAt is { } came && time.GetElapsedTime(came) >= MaxAge;
    }
}
