using System.Buffers;
using Caretta.Aot.Http;
using Caretta.Aot.Map;
using Caretta.Aot.Store;

namespace Caretta.Aot;

/// <summary>
/// Answers about the cluster, as the store knows it. Whoever asks what somebody asks already gets the same answer, for a moment longer; a few
/// different questions may be under way, more are turned away. Any thread.
/// </summary>
internal sealed class ClusterAnswers : IDisposable
{
    /// <summary>Most questions to the store at once.</summary>
    public const int MaxQuestions = 4;

    private const int MaxKept = 8;
    private const double LiveRange = 300;

    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly StoreClient _store;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<(MapQuestion, bool IsHistory), Task<HttpReply>> _answers = [];
    private int _underWay;
    private long _asked;

    /// <summary>Prepares to answer.</summary>
    /// <param name="store">Disposed of with this.</param>
    /// <param name="time">The clock.</param>
    public ClusterAnswers(StoreClient store, TimeProvider time)
    {
        _store = store;
        _time = time;
    }

    /// <summary>Questions put to the store, not counting those that shared an answer.</summary>
    public long Asked => Interlocked.Read(ref _asked);

    /// <summary>Who talks to whom in a range.</summary>
    public Task<HttpReply> GetLinksAsync(MapQuestion question) => Share(question, isHistory: false);

    /// <summary>How a link went over time.</summary>
    public Task<HttpReply> GetHistoryAsync(MapQuestion question) => Share(question, isHistory: true);

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Cancel();
        _store.Dispose();
    }

    private Task<HttpReply> Share(MapQuestion question, bool isHistory)
    {
        lock (_gate)
        {
            if (_answers.TryGetValue((question, isHistory), out Task<HttpReply>? known))
            {
                return known;
            }

            if (_underWay == MaxQuestions || _stop.IsCancellationRequested)
            {
                return Task.FromResult(MapReplies.Fail(StoreFailure.Busy(MaxQuestions)));
            }

            _underWay++;
            Interlocked.Increment(ref _asked);
            DropOldest();
            Task<HttpReply> answer = Task.Run(() => AnswerAsync(question, isHistory));
            _answers.Add((question, isHistory), answer);
            _ = ForgetAsync(question, isHistory, answer);
            return answer;
        }
    }

    private async Task<HttpReply> AnswerAsync(MapQuestion question, bool isHistory)
    {
        try
        {
            return isHistory
                ? Render(await _store.QueryHistoryAsync(question, _stop.Token).ConfigureAwait(false), MapJson.Write)
                : Render(await ReadMapAsync(question).ConfigureAwait(false), MapJson.Write);
        }
        catch (MapException failure)
        {
            return MapReplies.Fail(failure);
        }
        catch (OperationCanceledException)
        {
            return MapReplies.Fail(new MapException(503, "busy", "the agent is stopping"));
        }
        finally
        {
            lock (_gate)
            {
                _underWay--;
            }
        }
    }

    private async Task<LinkMap> ReadMapAsync(MapQuestion question)
    {
        double now = _time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
        double to = Math.Round(question.To ?? now, 3);
        double from = Math.Round(question.From ?? (to - LiveRange), 3);
        return question.IsSketch
            ? await ClusterMap.SketchAsync(_store, from, to, now, _stop.Token).ConfigureAwait(false)
            : await ClusterMap.ReadAsync(_store, from, to, now, _stop.Token).ConfigureAwait(false);
    }

    private static HttpReply Render<T>(T answer, Action<T, IBufferWriter<byte>> write)
        where T : class => MapReplies.Document(output => write(answer, output));

    private async Task ForgetAsync(MapQuestion question, bool isHistory, Task<HttpReply> answer)
    {
        try
        {
            await answer.ConfigureAwait(false);
            await Task.Delay(Kept, _time, _stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The agent is stopping.
        }

        lock (_gate)
        {
            if (_answers.TryGetValue((question, isHistory), out Task<HttpReply>? known) && known == answer)
            {
                _answers.Remove((question, isHistory));
            }
        }
    }

    // Answers may be large: few are kept, whoever asked first.
    private void DropOldest()
    {
        if (_answers.Count < MaxKept)
        {
            return;
        }

        foreach (((MapQuestion, bool) question, Task<HttpReply> answer) in _answers)
        {
            if (answer.IsCompleted)
            {
                _answers.Remove(question);
                return;
            }
        }
    }
}
