using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using Caretta.Aot.Identity.Objects;
using Caretta.Aot.Json;

namespace Caretta.Aot.Kubernetes;

/// <summary>
/// Follows controllers upwards until there is none, through metadata alone, a few requests at a time, and remembers the answers by uid. An
/// owner that may not be read or is not there stands at the top of its chain, under the kind and name by which it was referred to.
/// </summary>
internal sealed class OwnerLookup : IOwnerSource
{
    // After so many, a failure that is not the network's counts as an answer.
    private const int MaxAttempts = 3;

    private readonly ApiClient _client;
    private readonly OwnerLookupOptions _options;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly Log _log;
    private readonly ResourceNames _names;
    private readonly Channel<Question> _questions;
    private readonly Lock _gate = new();
    private readonly Dictionary<Uid, Answer> _answers = [];
    private long _uses;
    private long _epoch;
    private int _waiting;
    private long _answered;
    private long _refused;
    private long _failures;
    private volatile string? _lastError;

    /// <summary>Requests nothing yet.</summary>
    public OwnerLookup(ApiClient client, OwnerLookupOptions options, Random random, Log log)
    {
        _client = client;
        _options = options;
        _time = client.Options.Time;
        _random = random;
        _log = log;
        _names = new ResourceNames(client, options.RefusalGoodFor);
        _questions = Channel.CreateBounded<Question>(new BoundedChannelOptions(options.MaxWaiting) { FullMode = BoundedChannelFullMode.Wait });
    }

    /// <inheritdoc/>
    public long Epoch => Interlocked.Read(ref _epoch);

    /// <summary>How it is doing. Any thread.</summary>
    public OwnerLookupStatus Status
    {
        get
        {
            lock (_gate)
            {
                return new OwnerLookupStatus(
                    _answers.Count - _waiting, _waiting, Interlocked.Read(ref _answered), Interlocked.Read(ref _refused),
                    Interlocked.Read(ref _failures), _lastError);
            }
        }
    }

    /// <inheritdoc/>
    public bool TryGetTop(string space, OwnerReference controller, [NotNullWhen(true)] out OwnerReference? top)
    {
        lock (_gate)
        {
            ref Answer answer = ref CollectionsMarshal.GetValueRefOrAddDefault(_answers, controller.Uid, out bool exists);
            answer.LastUse = ++_uses;
            top = answer.Top;
            bool fresh = exists && (answer.IsAsked || (top is not null && _time.GetElapsedTime(answer.LearntAt) < answer.GoodFor));
            if (fresh)
            {
                return top is not null;
            }

            if (_questions.Writer.TryWrite(new Question(space, controller)))
            {
                answer.IsAsked = true;
                _waiting += top is null ? 1 : 0;
            }
            else if (!exists)
            {
                _answers.Remove(controller.Uid);
            }

            bool known = top is not null;
            if (_answers.Count > _options.Capacity)
            {
                Forget();
            }

            return known;
        }
    }

    /// <summary>Answers questions until it is told to end. Once.</summary>
    /// <returns>A task that ends soon after <paramref name="cancel"/>, without an exception.</returns>
    public async Task RunAsync(CancellationToken cancel)
    {
        var workers = new Task[_options.Concurrency];
        for (int i = 0; i < workers.Length; i++)
        {
            workers[i] = WorkAsync(cancel);
        }

        await Task.WhenAll(workers).ConfigureAwait(false);
    }

    private async Task WorkAsync(CancellationToken cancel)
    {
        var backoff = new Backoff(_options.FirstDelay, _options.MaxDelay, _random);
        var decoder = new OwnedObjectDecoder();
        try
        {
            await foreach (Question question in _questions.Reader.ReadAllAsync(cancel).ConfigureAwait(false))
            {
                for (int attempt = 1; ; attempt++)
                {
                    try
                    {
                        await AnswerAsync(question, decoder, cancel).ConfigureAwait(false);
                        backoff.Reset();
                        _lastError = null;
                        break;
                    }
                    catch (Exception e) when (ApiClient.IsTransient(e))
                    {
                        Interlocked.Increment(ref _failures);
                        _lastError = ApiClient.Describe(e);
                        if (attempt >= MaxAttempts && e is BadResponseException or ApiException { Code: not (401 or 429 or 503) })
                        {
                            // This one object, not the server: others wait behind it.
                            Interlocked.Increment(ref _refused);
                            Learn(question.Controller, question.Controller, _options.RefusalGoodFor);
                            _log.Warn("kubernetes owners given up", $"owners: {_lastError}; {question.Controller.Kind} {question.Controller.Name} is shown itself");
                            break;
                        }

                        _log.Warn("kubernetes owners", $"owners: {_lastError}; trying again");
                        await Task.Delay(backoff.Next((e as ApiException)?.RetryAfter), _time, cancel).ConfigureAwait(false);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Told to end.
        }
    }

    private async Task AnswerAsync(Question question, OwnedObjectDecoder decoder, CancellationToken cancel)
    {
        OwnerReference top = question.Controller;
        bool refused = false;
        var seen = new HashSet<Uid> { top.Uid };
        for (int depth = 1; depth < _options.MaxDepth; depth++)
        {
            if (depth > 1 && TryGetKnown(top.Uid, out OwnerReference? known))
            {
                top = known;
                break;
            }

            (OwnerReference? parent, refused) = await ParentAsync(question.Space, top, decoder, cancel).ConfigureAwait(false);
            if (parent is null || !seen.Add(parent.Uid))
            {
                break;
            }

            top = parent;
        }

        Learn(question.Controller, top, refused ? _options.RefusalGoodFor : _options.GoodFor);
    }

    private void Learn(OwnerReference controller, OwnerReference top, TimeSpan goodFor)
    {
        lock (_gate)
        {
            if (_answers.TryGetValue(controller.Uid, out Answer answer))
            {
                bool changed = answer.Top != top;
                _waiting -= answer.Top is null ? 1 : 0;
                _answers[controller.Uid] = answer with
                {
                    Top = changed ? top : answer.Top,
                    IsAsked = false,
                    LearntAt = _time.GetTimestamp(),
                    GoodFor = goodFor,
                };
                _epoch += changed ? 1 : 0;
            }
        }

        Interlocked.Increment(ref _answered);
    }

    private bool TryGetKnown(Uid uid, [NotNullWhen(true)] out OwnerReference? top)
    {
        lock (_gate)
        {
            bool known = _answers.TryGetValue(uid, out Answer answer) && _time.GetElapsedTime(answer.LearntAt) < answer.GoodFor;
            top = known ? answer.Top : null;
            return top is not null;
        }
    }

    private async Task<(OwnerReference? Parent, bool Refused)> ParentAsync(
        string space, OwnerReference owner, OwnedObjectDecoder decoder, CancellationToken cancel)
    {
        // The kubelet's static pods are controlled by their node, and a node by nobody.
        if (owner is { ApiVersion: "v1", Kind: "Node" })
        {
            return default;
        }

        string? path = await _names.PathAsync(owner.ApiVersion, owner.Kind, space, owner.Name, cancel).ConfigureAwait(false);
        if (path is null)
        {
            Interlocked.Increment(ref _refused);
            return (null, true);
        }

        try
        {
            var document = new OwnedDocument(decoder);
            await _client.ReadAsync(path, ApiClient.MetadataJson, decoder.Shape, document, cancel).ConfigureAwait(false);

            // Another object may have taken the name since; the one referred to is gone then.
            if (document.Item is not null && document.Item.Uid == owner.Uid)
            {
                return (document.Item.Controller, false);
            }
        }
        catch (ApiException e) when (e.IsDenied)
        {
            if (e.Code == 403)
            {
                _log.Warn(
                    "kubernetes owners denied",
                    $"the owners of {owner.Kind} {owner.Name} may not be read, and it is shown itself; "
                    + $"the agent's ClusterRole needs the verb get on {path.Split('/')[^2]} of {owner.ApiVersion} ({e.Message})");
            }
        }

        Interlocked.Increment(ref _refused);
        return (null, true);
    }

    // Drops the least recently used eighth of what is answered.
    private void Forget()
    {
        List<(long LastUse, Uid Uid)> candidates = [];
        foreach ((Uid uid, Answer answer) in _answers)
        {
            if (!answer.IsAsked)
            {
                candidates.Add((answer.LastUse, uid));
            }
        }

        candidates.Sort(static (a, b) => a.LastUse.CompareTo(b.LastUse));
        for (int i = 0; i < candidates.Count && i <= _options.Capacity / 8; i++)
        {
            _answers.Remove(candidates[i].Uid);
        }
    }

    private readonly record struct Question(string Space, OwnerReference Controller);

    private record struct Answer(OwnerReference? Top, bool IsAsked, long LearntAt, TimeSpan GoodFor, long LastUse);

    private sealed class OwnedDocument(ObjectDecoder<OwnedObject> decoder) : ObjectStream<OwnedObject>(decoder)
    {
        public OwnedObject? Item { get; private set; }

        protected override void EndItem() => Item = Decoder.Build();
    }
}
