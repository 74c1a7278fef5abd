using System.Globalization;
using System.Text.Json;

using Caretta.Map.Tests.Support;
using Caretta.Testing;

using Xunit;

namespace Caretta.Map.Tests;

/// <summary>Links that end, for nothing was heard of them for long, and come back, their counters beginning anew.</summary>
public sealed class ReturningLinkTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("prometheus")]
    [InlineData("victoria-metrics")]
    public async Task Both_parts_count_whatever_part_is_in_the_range(string kind)
    {
        const int Port = 5432;
        using var agent = new ScriptedAgent();
        await using StoreProcess store = await StoreProcess.StartAsync(kind, [Port], agent.Port);
        double begin = Now() - 30;
        agent.Show(Port, 1000, 10);
        double first = await ExpectAsync(begin, 1000, 10);
        agent.Show(Port, 1500, 15);
        double second = await ExpectAsync(begin, 1500, 15);
        await ExpectAsync(first, 500, 5);

        // It ends. Two pages without it, and the store has heard of that.
        agent.Show(Port, null, 0);
        long pages = agent.Scrapes;
        await Eventually.GetAsync("pages without the link", Patience, () => Task.FromResult(agent.Scrapes > pages + 2 ? agent : null), Cancellation);

        // It comes back with less than it had, and becomes more.
        agent.Show(Port, 300, 1);
        await ExpectAsync(begin, 1800, 16);
        agent.Show(Port, 4000, 20);
        double last = await ExpectAsync(begin, 5500, 35);
        await ExpectAsync(first, 4500, 25);
        await ExpectAsync(second, 4000, 20);
        agent.Show(Port, 4001, 20);
        await ExpectAsync(last, 1, 0);

        async Task<double> ExpectAsync(double from, double sent, double opened)
        {
            string shown = "";
            try
            {
                return (double)await Eventually.GetAsync($"{sent} bytes since {from}", Patience, async () =>
                {
                    double to = Now();
                    string[] flags = ["--store", store.Url, "--from", Seconds(from), "--to", Seconds(to), "--format", "json"];
                    (int code, string text, string remarks) = await MapCommand.RunAsync(flags, Cancellation);
                    if (code != 0)
                    {
                        shown = remarks;
                        return null;
                    }

                    using JsonDocument map = JsonDocument.Parse(text);
                    Assert.False(map.RootElement.TryGetProperty("incompleteLinks", out _));
                    var expected = new LinkSums(sent, sent * 2, opened, opened, 0, 0);
                    SortedDictionary<string, LinkSums> links = LinkSums.Read(map.RootElement, Port);
                    shown = LinkSums.Show(links);
                    return links.Count == 1 && links.Values.Single() == expected ? (object)to : null;
                }, Cancellation);
            }
            catch (TimeoutException e)
            {
                Assert.Fail($"{e.Message}; shown: {shown}; store: {store.Log}");
                throw;
            }
        }
    }

    private static string Seconds(double time) => time.ToString("0.###", CultureInfo.InvariantCulture);

    private static double Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
}
