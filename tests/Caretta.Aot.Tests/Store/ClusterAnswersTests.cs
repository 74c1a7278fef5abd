using System.Text;
using Caretta.Aot.Http;
using Caretta.Aot.Map;
using Caretta.Aot.Store;
using Xunit;

namespace Caretta.Aot.Tests.Store;

/// <summary>Who asks the same shares an answer, and who comes when too many ask is turned away.</summary>
public sealed class ClusterAnswersTests
{
    private const string Empty = """{"status":"success","data":{"resultType":"vector","result":[]}}""";

    [Fact]
    public async Task The_same_question_is_put_once_and_a_fifth_one_is_turned_away()
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new StoreServer(async (_, stream, cancel) =>
        {
            await release.Task.WaitAsync(cancel);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {Empty.Length}\r\nConnection: close\r\n\r\n{Empty}"), cancel);
        });
        using var answers = new ClusterAnswers(new StoreClient(server.Url, new StoreLimits()), TimeProvider.System);
        MapQuestion[] questions = [.. Enumerable.Range(0, ClusterAnswers.MaxQuestions).Select(Question)];
        Task<HttpReply>[] first = [.. questions.Select(answers.GetLinksAsync)];
        Task<HttpReply>[] again = [.. Enumerable.Range(0, 96).Select(i => answers.GetLinksAsync(Question(i % questions.Length)))];

        HttpReply busy = await answers.GetLinksAsync(Question(99));
        release.SetResult();
        HttpReply[] replies = await Task.WhenAll([.. first, .. again]);

        Assert.Equal(503, busy.Status);
        Assert.Contains("\"reason\":\"busy\"", Encoding.UTF8.GetString(busy.Body.Span), StringComparison.Ordinal);
        Assert.All(replies, static reply => Assert.Equal(200, reply.Status));
        Assert.Equal(ClusterAnswers.MaxQuestions, answers.Asked);
        Assert.Same(replies[0].Document, (await answers.GetLinksAsync(Question(0))).Document);
    }

    [Fact]
    public void Both_ends_of_a_link_are_joined_and_what_agents_say_of_one_end_is_added()
    {
        var observed = new ObservedLinks();
        var reader = new SeriesReader(ObservedLinks.Labels, 100, series =>
        {
            int row = observed.IndexOf(series);
            observed.Links[row].Sent += series.LastValue;
        });
        Read(reader, "web", "Deployment", "web-1", "db", 1, 100);
        Read(reader, "web", "Deployment", "", "db", 1, 10);      // an agent that does not know the owner
        Read(reader, "web", "Deployment", "web-1", "db", 2, 5000);
        Read(reader, "db", "Deployment", "db-1", "web", 1, 7);

        LinkMap map = ClusterMap.Join(observed, [], 1000, 2000, 3000);

        Assert.Equal(["db-1", "web-1"], map.Nodes.Select(static node => node.Owner).Order());
        MapLink link = map.Links.Single(link => map.Nodes[link.ClientNode].Name == "web");
        Assert.Equal((110, 5000), (link.Totals.BytesToServer, link.Totals.BytesToClient));
        Assert.Equal(MapLink.Client | MapLink.Server, link.SeenBy);
        Assert.Equal("db-1", map.Nodes[link.ServerNode].Owner);
        Assert.Equal((1000, 3000), (link.RateSeconds, map.Time));
    }

    private static MapQuestion Question(int number) => new() { IsCluster = true, From = 1000 + number, To = 2000 };

    private static void Read(SeriesReader reader, string client, string kind, string owner, string server, int role, int value)
    {
        string body = $$$$"""
            {"status":"success","data":{"result":[{"metric":{"client_name":"{{{{client}}}}","client_namespace":"shop","client_kind":"{{{{kind}}}}",
            "client_owner":"{{{{owner}}}}","server_name":"{{{{server}}}}","server_namespace":"shop","server_kind":"Deployment","server_port":"80",
            "role":"{{{{role}}}}"},"value":[1,"{{{{value}}}}"]}]}}
            """;
        reader.Reset();
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(body));
        new Json.JsonStream(new Json.JsonLimits()).ReadAsync(stream, reader.Shape, reader, CancellationToken.None).GetAwaiter().GetResult();
    }
}
