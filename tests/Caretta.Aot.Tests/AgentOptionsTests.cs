using Caretta.Aot.Metrics;
using Xunit;

namespace Caretta.Aot.Tests;

public sealed class AgentOptionsTests
{
    private readonly Dictionary<string, string> _environment = [];

    [Fact]
    public void Without_settings_the_defaults_hold()
    {
        _environment["SOMETHING_ELSE"] = "x";
        _environment["CARETTA_UNKNOWN"] = "x";
        AgentOptions options = Parse();
        Assert.Equal(AgentCommand.Run, options.Command);
        Assert.Equal(7117, options.Port);
        Assert.Equal("/metrics", options.Endpoint);
        Assert.Equal(TimeSpan.FromSeconds(5), options.PollInterval);
        Assert.False(options.ResolveDns);
        Assert.True(options.TraverseUpHierarchy);
        Assert.False(options.ServiceAsWorkload);
        Assert.Equal("", options.NodeName);
        Assert.Equal(10_000, options.MaxLinks);
        Assert.Equal(TimeSpan.FromHours(1), options.LinkTtl);
        Assert.Equal(LinkFamilies.All, options.LinkFamilies);
    }

    [Fact]
    public void The_help_states_the_defaults_that_hold()
    {
        var options = new AgentOptions();
        foreach (AgentSetting setting in AgentOptions.Settings)
        {
            Assert.Equal(options, setting.Apply(options, setting.Default));
            string line = $"{setting.Flag} ({setting.Variable}), default {setting.Default}";
            Assert.Contains(line, AgentOptions.HelpText, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_setting_can_be_a_variable()
    {
        _environment["PROMETHEUS_PORT"] = "65535";
        _environment["PROMETHEUS_ENDPOINT"] = "/a/b-c";
        _environment["POLL_INTERVAL"] = "0.02";
        _environment["RESOLVE_DNS"] = "T";
        _environment["TRAVERSE_UP_HIERARCHY"] = "0";
        _environment["LINK_METRICS"] = "caretta_links_observed, caretta_link_connections";
        _environment["SERVICE_AS"] = "workload";
        _environment["NODE_NAME"] = "node-1.example";
        _environment["MAX_LINKS"] = "1";
        _environment["LINK_TTL"] = "0";
        _environment["MAP"] = "false";
        _environment["PROMETHEUS_URL"] = "https://reader:secret@store.example:8443/prometheus/";
        AgentOptions options = Parse();
        Assert.False(options.Map);
        Assert.Equal("https://reader:secret@store.example:8443/prometheus/", options.PrometheusUrl);
        Assert.True(options.ServiceAsWorkload);
        Assert.Equal("node-1.example", options.NodeName);
        Assert.Equal(1, options.MaxLinks);
        Assert.Equal(TimeSpan.Zero, options.LinkTtl);
        Assert.Equal(65535, options.Port);
        Assert.Equal("/a/b-c", options.Endpoint);
        Assert.Equal(TimeSpan.FromMilliseconds(20), options.PollInterval);
        Assert.True(options.ResolveDns);
        Assert.False(options.TraverseUpHierarchy);
        Assert.Equal(LinkFamilies.LinksObserved | LinkFamilies.Connections, options.LinkFamilies);
    }

    [Theory]
    [InlineData("SERVICE_AS", "pod", "SERVICE_AS: expected service or workload, got \"pod\"")]
    [InlineData("MAX_LINKS", "0", "MAX_LINKS: expected a number from 1 to 1000000, got \"0\"")]
    [InlineData("LINK_TTL", "-1", "LINK_TTL: expected seconds, or 0 for never, got \"-1\"")]
    public void What_a_cluster_setting_does_not_allow_is_refused(string variable, string value, string message)
    {
        _environment[variable] = value;
        Assert.Equal(message, Assert.Throws<OptionsException>(() => Parse()).Message);
    }

    [Theory]
    [InlineData("localhost:8428")]
    [InlineData("ftp://store/")]
    [InlineData("/api")]
    [InlineData("http://")]
    [InlineData("http://store/?token=1")]
    [InlineData("http://store/#x")]
    [InlineData("file:///etc/passwd")]
    public void What_is_no_address_of_a_store_is_refused(string value)
    {
        _environment["PROMETHEUS_URL"] = value;
        Assert.StartsWith(
            "PROMETHEUS_URL: expected an http or https URL without query, or nothing, got",
            Assert.Throws<OptionsException>(() => Parse()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refused_address_does_not_show_its_password()
    {
        _environment["PROMETHEUS_URL"] = "htp://reader:secret@store/";
        string message = Assert.Throws<OptionsException>(() => Parse()).Message;
        Assert.Contains("htp://…@store/", message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/map.js")]
    [InlineData("/style.css")]
    [InlineData("/api/links")]
    public void The_metric_page_cannot_take_a_path_of_the_map(string path)
    {
        _environment["PROMETHEUS_ENDPOINT"] = path;
        Assert.StartsWith("PROMETHEUS_ENDPOINT: ", Assert.Throws<OptionsException>(() => Parse()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_setting_can_be_a_flag()
    {
        AgentOptions options = Parse(
            "--prometheus-port", "1", "--prometheus-endpoint=/x", "--poll-interval=3600", "--resolve-dns", "--traverse-up-hierarchy=false",
            "--link-metrics", "caretta_tcp_states");
        Assert.Equal(1, options.Port);
        Assert.Equal("/x", options.Endpoint);
        Assert.Equal(TimeSpan.FromHours(1), options.PollInterval);
        Assert.True(options.ResolveDns);
        Assert.False(options.TraverseUpHierarchy);
        Assert.Equal(LinkFamilies.TcpStates, options.LinkFamilies);
    }

    [Fact]
    public void A_flag_wins_over_a_variable_even_a_bad_one()
    {
        _environment["POLL_INTERVAL"] = "abc";
        Assert.Equal(TimeSpan.FromSeconds(1.5), Parse("--poll-interval", "1.5").PollInterval);
    }

    [Fact]
    public void A_switch_takes_the_next_argument_only_if_that_is_true_or_false()
    {
        Assert.False(Parse("--resolve-dns", "false").ResolveDns);
        AgentOptions options = Parse("--resolve-dns", "check");
        Assert.True(options.ResolveDns);
        Assert.Equal(AgentCommand.Check, options.Command);
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("t", true)]
    [InlineData("T", true)]
    [InlineData("true", true)]
    [InlineData("TRUE", true)]
    [InlineData("True", true)]
    [InlineData("0", false)]
    [InlineData("f", false)]
    [InlineData("F", false)]
    [InlineData("false", false)]
    [InlineData("FALSE", false)]
    [InlineData("False", false)]
    public void Truth_is_spelt_as_the_original_took_it(string text, bool expected)
    {
        _environment["RESOLVE_DNS"] = text;
        Assert.Equal(expected, Parse().ResolveDns);
    }

    [Theory]
    [InlineData("POLL_INTERVAL", "abc", "POLL_INTERVAL: expected seconds from 0.02 to 3600, got \"abc\"")]
    [InlineData("POLL_INTERVAL", "0.0199", "POLL_INTERVAL: expected seconds from 0.02 to 3600, got \"0.0199\"")]
    [InlineData("POLL_INTERVAL", "3600.1", "POLL_INTERVAL: expected seconds from 0.02 to 3600, got \"3600.1\"")]
    [InlineData("POLL_INTERVAL", "-1", "POLL_INTERVAL: expected seconds from 0.02 to 3600, got \"-1\"")]
    [InlineData("POLL_INTERVAL", "1,5", "POLL_INTERVAL: expected seconds from 0.02 to 3600, got \"1,5\"")]
    [InlineData("POLL_INTERVAL", "NaN", "POLL_INTERVAL: expected seconds from 0.02 to 3600, got \"NaN\"")]
    [InlineData("POLL_INTERVAL", "1e1", "POLL_INTERVAL: expected seconds from 0.02 to 3600, got \"1e1\"")]
    [InlineData("POLL_INTERVAL", "", "POLL_INTERVAL: expected seconds from 0.02 to 3600, got \"\"")]
    [InlineData("PROMETHEUS_PORT", "0", "PROMETHEUS_PORT: expected a port from 1 to 65535, got \"0\"")]
    [InlineData("PROMETHEUS_PORT", "65536", "PROMETHEUS_PORT: expected a port from 1 to 65535, got \"65536\"")]
    [InlineData("PROMETHEUS_PORT", " 80", "PROMETHEUS_PORT: expected a port from 1 to 65535, got \" 80\"")]
    [InlineData("PROMETHEUS_PORT", "+80", "PROMETHEUS_PORT: expected a port from 1 to 65535, got \"+80\"")]
    [InlineData("PROMETHEUS_PORT", "tcp://10.0.0.1:80", "PROMETHEUS_PORT: expected a port from 1 to 65535, got \"tcp://10.0.0.1:80\"")]
    [InlineData("RESOLVE_DNS", "yes", "RESOLVE_DNS: expected true or false, got \"yes\"")]
    [InlineData("TRAVERSE_UP_HIERARCHY", "tRUE", "TRAVERSE_UP_HIERARCHY: expected true or false, got \"tRUE\"")]
    public void A_bad_value_is_refused_with_name_value_and_what_is_allowed(string variable, string value, string message)
    {
        _environment[variable] = value;
        Assert.Equal(message, Assert.Throws<OptionsException>(() => Parse()).Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("metrics")]
    [InlineData("/")]
    [InlineData("/healthz")]
    [InlineData("/readyz")]
    [InlineData("/a b")]
    [InlineData("/a?b")]
    [InlineData("/a#b")]
    [InlineData("/a%20b")]
    [InlineData("/ä")]
    public void A_path_that_no_request_can_match_is_refused(string path)
    {
        _environment["PROMETHEUS_ENDPOINT"] = path;
        string message = Assert.Throws<OptionsException>(() => Parse()).Message;
        Assert.StartsWith("PROMETHEUS_ENDPOINT: expected a path such as /metrics", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("caretta_links_observed,")]
    [InlineData("links_observed")]
    [InlineData("caretta_links_observed;caretta_tcp_states")]
    public void An_unknown_family_is_refused_with_those_that_exist(string value)
    {
        _environment["LINK_METRICS"] = value;
        string message = Assert.Throws<OptionsException>(() => Parse()).Message;
        Assert.StartsWith(
            "LINK_METRICS: expected all, or names separated by commas of caretta_links_observed, caretta_tcp_states, ",
            message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--poll-interval: expected seconds from 0.02 to 3600, got \"x\"", "--poll-interval=x")]
    [InlineData("--poll-interval: expected seconds from 0.02 to 3600, got \"\"", "--poll-interval=")]
    [InlineData("--poll-interval: expected seconds from 0.02 to 3600, got nothing", "--poll-interval")]
    [InlineData("--poll-interval: expected seconds from 0.02 to 3600, got nothing", "--poll-interval", "--resolve-dns")]
    [InlineData("--poll-interval: given twice", "--poll-interval=1", "--poll-interval", "1")]
    [InlineData("--json: given twice", "check", "--json", "--json")]
    [InlineData("--json: goes with the command check only", "--json")]
    [InlineData("unknown flag \"--pol-interval\": did you mean --poll-interval?", "--pol-interval", "1")]
    [InlineData("unknown flag \"--port\": see --help", "--port", "1")]
    [InlineData("unknown flag \"--JSON\": see --help", "check", "--JSON")]
    [InlineData("\"run\" is neither a flag nor the command check; see --help", "run")]
    [InlineData("check: given twice", "check", "check")]
    [InlineData("\"-p\" is neither a flag nor the command check; see --help", "-p")]
    public void A_bad_command_line_is_refused(string message, params string[] arguments) =>
        Assert.Equal(message, Assert.Throws<OptionsException>(() => Parse(arguments)).Message);

    [Fact]
    public void Values_in_messages_are_cut_and_escaped()
    {
        _environment["POLL_INTERVAL"] = "\u001b[31m\n\"\\\u202e" + new string('9', 1000);
        string message = Assert.Throws<OptionsException>(() => Parse()).Message;
        Assert.Equal(
            "POLL_INTERVAL: expected seconds from 0.02 to 3600, got \"\\u{1b}[31m\\u{a}\\\"\\\\\\u{202e}" + new string('9', 55) + "…\"",
            message);
    }

    [Fact]
    public void Check_may_answer_in_JSON()
    {
        AgentOptions options = Parse("check", "--json", "--prometheus-port=8080");
        Assert.Equal(AgentCommand.Check, options.Command);
        Assert.True(options.Json);
        Assert.Equal(8080, options.Port);
        Assert.False(Parse("check").Json);
    }

    [Theory]
    [InlineData(AgentCommand.Help, "--help")]
    [InlineData(AgentCommand.Help, "-h")]
    [InlineData(AgentCommand.Help, "--nonsense", "--help")]
    [InlineData(AgentCommand.Version, "check", "--version")]
    internal void Help_and_version_are_answered_beside_anything_wrong(AgentCommand command, params string[] arguments)
    {
        _environment["POLL_INTERVAL"] = "abc";
        Assert.Equal(command, Parse(arguments).Command);
    }

    private AgentOptions Parse(params string[] arguments) => AgentOptions.Parse(arguments, _environment.GetValueOrDefault);
}
