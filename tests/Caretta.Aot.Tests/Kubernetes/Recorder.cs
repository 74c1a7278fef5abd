using System.Collections.Concurrent;
using System.Diagnostics;
using Caretta.Aot.Identity.Objects;
using Xunit;

namespace Caretta.Aot.Tests.Kubernetes;

/// <summary>A sink that keeps the order of what it was given, as text.</summary>
internal sealed class Recorder<T>(Func<T, string> describe) : IObjectSink<T>
    where T : class
{
    private readonly ConcurrentQueue<string> _changes = [];

    public IReadOnlyList<string> Changes => [.. _changes];

    public void Apply(ObjectChangeKind kind, T? item) => _changes.Enqueue(item is null ? $"{kind}" : $"{kind} {describe(item)}");

    public Task WaitAsync(params string[] expected) =>
        Until(() => _changes.Count >= expected.Length, () => Assert.Equal(expected, Changes));

    public static async Task Until(Func<bool> condition, Action check)
    {
        long began = Stopwatch.GetTimestamp();
        while (!condition() && Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(15))
        {
            await Task.Delay(5);
        }

        check();
    }
}
