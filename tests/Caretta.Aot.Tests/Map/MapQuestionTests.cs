using System.Text;
using Caretta.Aot.Map;
using Xunit;

namespace Caretta.Aot.Tests.Map;

public sealed class MapQuestionTests
{
    [Fact]
    public void Without_parameters_it_is_about_this_node() => Assert.Equal(new MapQuestion(), MapQuestion.ParseLinks(""u8));

    [Fact]
    public void A_range_of_the_cluster_is_taken()
    {
        MapQuestion question = MapQuestion.ParseLinks("scope=cluster&from=1795380000.5&to=1795390000&"u8);
        Assert.True(question.IsCluster);
        Assert.Equal((1795380000.5, 1795390000), (question.From, question.To));
        Assert.False(question.IsSketch);
    }

    [Fact]
    public void A_sketch_is_another_question()
    {
        Assert.True(MapQuestion.ParseLinks("scope=cluster&detail=sketch"u8).IsSketch);
        Assert.Equal(MapQuestion.ParseLinks("scope=cluster"u8), MapQuestion.ParseLinks("scope=cluster&detail=all"u8));
        Assert.NotEqual(MapQuestion.ParseLinks("scope=cluster"u8), MapQuestion.ParseLinks("scope=cluster&detail=sketch"u8));
        MapException refused = Assert.Throws<MapException>(() => MapQuestion.ParsePolicies("scope=cluster&detail=sketch"u8));
        Assert.Equal("\"detail\": no such parameter; there are scope, from, to", refused.Message);
    }

    [Fact]
    public void Names_are_decoded_and_may_be_hostile()
    {
        MapQuestion question = MapQuestion.ParseHistory(
            "scope=cluster&from=1&to=99&client=%22%7D%3C%2Fscript%3E%E2%80%AE+x&clientNamespace=&port=80"u8);
        Assert.Equal(("\"}</script>\u202e x", ""), question.Client);
        Assert.Null(question.Server);
        Assert.Equal(80, question.Port);
    }

    [Theory]
    [InlineData("scope=Node", "scope: expected node or cluster, got \"Node\"")]
    [InlineData("scope=", "scope: expected node or cluster, got \"\"")]
    [InlineData("query=up", "\"query\": no such parameter; there are scope, from, to, detail")]
    [InlineData("scope=node&scope=node", "scope: given twice")]
    [InlineData("scope=cluster&from=1", "from, to: expected both or neither")]
    [InlineData("from=1&to=2", "from, to: go with scope=cluster only; an agent remembers no history")]
    [InlineData("scope=cluster&from=-1&to=2", "from: expected seconds since 1970, got \"-1\"")]
    [InlineData("scope=cluster&from=1e3&to=2000", "from: expected seconds since 1970, got \"1e3\"")]
    [InlineData("scope=cluster&from=NaN&to=2000", "from: expected seconds since 1970, got \"NaN\"")]
    [InlineData("scope=cluster&from=5&to=5", "from, to: expected a range of one second to 400 days, the earlier time first")]
    [InlineData("scope=cluster&from=9&to=5", "from, to: expected a range of one second to 400 days, the earlier time first")]
    [InlineData("scope=cluster&from=0&to=99999999", "from, to: expected a range of one second to 400 days, the earlier time first")]
    [InlineData("scope=cluster&detail=", "detail: expected all or sketch, got \"\"")]
    [InlineData("detail=sketch", "detail: sketch goes with scope=cluster only; what an agent counts itself is there at once")]
    [InlineData("scope=%zz", "a percent sign must be followed by two hexadecimal digits")]
    [InlineData("scope=%4", "a percent sign must be followed by two hexadecimal digits")]
    [InlineData("scope=%ff", "parameters must be UTF-8")]
    [InlineData("a%0d%0ab=1", "\"a??b\": no such parameter; there are scope, from, to, detail")]
    public void What_is_not_allowed_is_refused_in_one_line(string query, string message)
    {
        MapException refused = Assert.Throws<MapException>(() => MapQuestion.ParseLinks(Encoding.ASCII.GetBytes(query)));
        Assert.Equal((400, "bad-parameter", message), (refused.Status, refused.Reason, refused.Message));
    }

    [Theory]
    [InlineData("client=a&clientNamespace=b", "scope: expected cluster; an agent remembers no history")]
    [InlineData("scope=cluster&client=a&clientNamespace=b", "from, to: both are needed")]
    [InlineData("scope=cluster&from=1&to=9", "client, server: at least one end is needed, with its namespace")]
    [InlineData("scope=cluster&from=1&to=9&client=a", "client, clientNamespace: expected both or neither")]
    [InlineData("scope=cluster&from=1&to=9&client=a&clientNamespace=b&port=65536", "port: expected a number up to 65535, got \"65536\"")]
    [InlineData("scope=cluster&from=1&to=9&client=a&clientNamespace=b&port=-1", "port: expected a number up to 65535, got \"-1\"")]
    public void A_history_wants_an_end_and_a_range(string query, string message) =>
        Assert.Equal(message, Assert.Throws<MapException>(() => MapQuestion.ParseHistory(Encoding.ASCII.GetBytes(query))).Message);

    [Fact]
    public void Rubbish_of_any_kind_is_refused_and_nothing_else()
    {
        var random = new Random(7);
        byte[] alphabet = "scopefrmtlien=&%+0129af\"{}\\\xff"u8.ToArray();
        for (int i = 0; i < 20_000; i++)
        {
            byte[] query = new byte[random.Next(40)];
            for (int j = 0; j < query.Length; j++)
            {
                query[j] = alphabet[random.Next(alphabet.Length)];
            }

            try
            {
                MapQuestion.ParseLinks(query);
                MapQuestion.ParseHistory(query);
            }
            catch (MapException refused)
            {
                Assert.DoesNotContain('\n', refused.Message);
                Assert.InRange(refused.Message.Length, 1, 300);
            }
        }
    }
}
