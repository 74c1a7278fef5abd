using System.Text;
using Caretta.Aot.Kubernetes;
using Xunit;

namespace Caretta.Aot.Tests.Kubernetes;

public sealed class KubernetesConfigTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("caretta-config").FullName;
    private readonly Dictionary<string, string> _environment = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("10.96.0.1", "443", "https://10.96.0.1/")]
    [InlineData("fd00::1", "6443", "https://[fd00::1]:6443/")]
    [InlineData("kubernetes.default.svc", "443", "https://kubernetes.default.svc/")]
    public void In_a_pod_the_service_account_is_used(string host, string port, string server)
    {
        WriteServiceAccount();
        KubernetesConfig config = InCluster(host, port);
        Assert.Equal(server, config.Server.AbsoluteUri);
        Assert.Equal("first", config.Token!.Current);
        Assert.Equal("caretta", config.Namespace);
        Assert.Equal(TestCertificates.Shared.AuthorityPem, config.Authorities!());
    }

    [Theory]
    [InlineData("token")]
    [InlineData("ca.crt")]
    public void Without_a_part_of_the_service_account_the_file_is_named(string missing)
    {
        WriteServiceAccount();
        File.Delete(Path.Combine(_folder, missing));
        Assert.Contains(Path.Combine(_folder, missing), Assert.Throws<KubernetesConfigException>(() => InCluster("10.0.0.1", "443")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.0.1", "x", "KUBERNETES_SERVICE_PORT")]
    [InlineData("10.0.0.1", "0", "KUBERNETES_SERVICE_PORT")]
    [InlineData("a b", "443", "KUBERNETES_SERVICE_HOST")]
    [InlineData("user@host", "443", "KUBERNETES_SERVICE_HOST")]
    public void Malformed_variables_are_refused_by_name(string host, string port, string variable)
    {
        WriteServiceAccount();
        Assert.StartsWith(variable, Assert.Throws<KubernetesConfigException>(() => InCluster(host, port)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_sign_of_a_cluster_there_is_none()
    {
        Assert.Null(Find());
        _environment["HOME"] = _folder;
        Assert.Null(Find(useHome: true));
        Directory.CreateDirectory(Path.Combine(_folder, ".kube"));
        File.WriteAllText(Path.Combine(_folder, ".kube", "config"), Kubeconfig("token: abc"));
        Assert.Null(Find());
        Assert.Equal("abc", Find(useHome: true)!.Token!.Current);
    }

    [Fact]
    public void A_file_that_kubectl_wrote_is_read()
    {
        KubernetesConfig config = Load(Kubeconfig("token: abc", "tls-server-name: kubernetes"));
        Assert.Equal("https://127.0.0.1:6443/", config.Server.AbsoluteUri);
        Assert.Equal("abc", config.Token!.Current);
        Assert.Equal("kubernetes", config.TlsServerName);
        Assert.Equal("shop", config.Namespace);
        Assert.Equal(TestCertificates.Shared.AuthorityPem, config.Authorities!());
        Assert.Null(config.Client);
    }

    [Fact]
    public void A_file_in_JSON_is_read()
    {
        KubernetesConfig config = Load("""
            {
              "apiVersion": "v1", "kind": "Config", "preferences": {},
              "clusters": [{"name": "c", "cluster": {"server": "https://h.example/k8s/clusters/c-1"}}],
              "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
              "users": [{"name": "u", "user": {"token": "t\u002d1"}}],
              "current-context": "x"
            }
            """);
        Assert.Equal("https://h.example/k8s/clusters/c-1/", config.Server.AbsoluteUri);
        Assert.Equal("t-1", config.Token!.Current);
        Assert.Null(config.Authorities);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Client_certificates_may_stand_in_files_beside_it(bool rsa)
    {
        (string certificate, string key) = TestCertificates.Shared.Client(rsa);
        File.WriteAllText(Path.Combine(_folder, "client.crt"), certificate);
        File.WriteAllText(Path.Combine(_folder, "client.key"), key);
        KubernetesConfig config = Load(Kubeconfig("client-certificate: client.crt\n    client-key: client.key"));
        Assert.Equal("CN=developer", config.Client!.TargetCertificate.Subject);
        KubernetesConfig inline = Load(Kubeconfig($"client-certificate-data: {Base64(certificate)}\n    client-key-data: {Base64(key)}"));
        Assert.Equal("CN=developer", inline.Client!.TargetCertificate.Subject);
    }

    [Fact]
    public void A_token_file_wins_over_a_token()
    {
        File.WriteAllText(Path.Combine(_folder, "t"), "from-file\n");
        Assert.Equal("from-file", Load(Kubeconfig("token: abc\n    tokenFile: t")).Token!.Current);
    }

    [Theory]
    [InlineData("exec:\n      command: aws\n      args:\n      - eks", "", "user \"u\": exec would start a program and is not supported; use token")]
    [InlineData("auth-provider:\n      name: gcp", "", "auth-provider would start a program")]
    [InlineData("username: a\n    password: b", "", "username and password")]
    [InlineData("as: admin\n    token: x", "", "impersonation")]
    [InlineData("token: x", "insecure-skip-tls-verify: true", "insecure-skip-tls-verify is refused")]
    [InlineData("token: x", "proxy-url: http://proxy", "proxy-url is not supported")]
    [InlineData("token: \"a\\nb\"", "", "expected a bearer token")]
    [InlineData("client-certificate-data: eA==", "", "belong together")]
    [InlineData("client-certificate-data: eA==\n    client-key-data: eA==", "", "expected a client certificate and its RSA or EC key")]
    [InlineData("client-certificate-data: '*'\n    client-key-data: eA==", "", "client-certificate-data: expected base64")]
    [InlineData("client-certificate: none.crt\n    client-key: none.key", "", "cannot read the client certificate")]
    [InlineData("tokenFile: none", "", "cannot read the token")]
    [InlineData("token: [a]", "", "token: expected text")]
    public void What_cannot_be_used_is_refused_with_the_reason(string user, string cluster, string reason)
    {
        KubernetesConfigException e = Assert.Throws<KubernetesConfigException>(() => Load(Kubeconfig(user, cluster)));
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
        Assert.StartsWith(_folder, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("server: https://127.0.0.1:6443", "server: http://127.0.0.1:8080", "expected a server like https://")]
    [InlineData("server: https://127.0.0.1:6443", "server: https://u:p@h", "expected a server like https://")]
    [InlineData("current-context: x", "current-context: y", "contexts has no \"y\"")]
    [InlineData("current-context: x", "current-context: \"\"", "current-context is not set")]
    [InlineData("cluster: c\n", "cluster: d\n", "clusters has no \"d\"")]
    [InlineData("user: u\n", "user: v\n", "users has no \"v\"")]
    public void A_broken_reference_is_refused(string from, string to, string reason)
    {
        string text = Kubeconfig("token: x");
        Assert.Contains(from, text, StringComparison.Ordinal);
        KubernetesConfigException e = Assert.Throws<KubernetesConfigException>(() => Load(text.Replace(from, to, StringComparison.Ordinal)));
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_several_files_the_first_that_says_something_counts()
    {
        string first = Path.Combine(_folder, "first");
        string second = Path.Combine(_folder, "second");
        File.WriteAllText(first, "users:\n- name: u\n  user:\n    token: one\n");
        File.WriteAllText(second, Kubeconfig("token: two"));
        _environment["KUBECONFIG"] = $"{first}:{_folder}/missing:{second}";
        Assert.Equal("one", Find()!.Token!.Current);
        _environment["KUBECONFIG"] = $"{_folder}/missing";
        Assert.Contains("no such file", Assert.Throws<KubernetesConfigException>(() => Find()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_renewed_token_is_read_after_a_minute_or_a_refusal()
    {
        WriteServiceAccount();
        var time = new ShiftedTime();
        string file = Path.Combine(_folder, "token");
        var token = TokenSource.FromFile(file, time);
        Assert.False(token.Refuse("first"));
        File.WriteAllText(file, "second");
        Assert.Equal("first", token.Current);
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("second", token.Current);
        File.WriteAllText(file, "third");
        Assert.True(token.Refuse("second"));
        Assert.Equal("third", token.Current);
        File.Delete(file);
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("third", token.Current);
        File.WriteAllText(file, "");
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("third", token.Current);
    }

    [Theory]
    [InlineData("a: 1 # one\nb:\n  # nothing\n  c: 'it''s'\n", "it's")]
    [InlineData("b: {c: \"it's\", d: [1, {e: f}]}\n", "it's")]
    [InlineData("---\n\"b\":\n    'c': it's\n...\n", "it's")]
    [InlineData("b:\n  c: |-\n    it's\n", "it's")]
    [InlineData("b:\n  c: >\n    it's\n    more\nd: x", "it's more\n")]
    [InlineData("\uFEFFb:\r\n  c: it's\r\n", "it's")]
    [InlineData("b:\n  c: https://h:1/x#y\n", "https://h:1/x#y")]
    [InlineData("b:\n  c:\n    it's\n", "it's")]
    public void Forms_of_YAML_mean_the_same(string text, string expected) => Assert.Equal(expected, YamlReader.Parse(text, "f")["b"]!["c"]!.Text);

    [Theory]
    [InlineData("a: &x 1", 1)]
    [InlineData("a: 1\nb: *x", 2)]
    [InlineData("a: !!str 1", 1)]
    [InlineData("a: b: c", 1)]
    [InlineData("a: 'x\ny'", 1)]
    [InlineData("a: {b", 1)]
    [InlineData("a:\n\tb: 1", 2)]
    [InlineData("a: 1\n  b: 2", 2)]
    [InlineData("a: \"\\q\"", 1)]
    [InlineData("a: 1\n---\nb: 2", 2)]
    [InlineData("? a\n: b", 1)]
    [InlineData("just text\nand: more", 2)]
    public void Other_YAML_is_refused_by_line(string text, int line) =>
        Assert.StartsWith($"f: line {line}: ", Assert.Throws<KubernetesConfigException>(() => YamlReader.Parse(text, "f")).Message, StringComparison.Ordinal);

    [Fact]
    public void Any_damage_to_a_file_is_refused_or_read()
    {
        string text = Kubeconfig("token: \"a\\u0062\"\n    list: [a, {b: 'c'}]\n    text: |\n      x");
        for (int i = 0; i < text.Length; i++)
        {
            TryParse(text[..i]);
            foreach (char other in "\"'{}[]|>-:,#\n\t \\&")
            {
                TryParse(string.Concat(text.AsSpan(0, i), [other], text.AsSpan(i + 1)));
            }
        }

        TryParse(new string('[', 100_000));
        TryParse(string.Concat(Enumerable.Range(0, 1000).Select(i => new string(' ', i) + "a:\n")));
        TryParse(string.Concat(Enumerable.Repeat("- ", 10_000)));

        static void TryParse(string text)
        {
            try
            {
                YamlReader.Parse(text, "f");
            }
            catch (KubernetesConfigException)
            {
                // Refused.
            }
        }
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Kubeconfig(string user, string cluster = "") => $$"""
        apiVersion: v1
        clusters:
        - cluster:
            certificate-authority-data: {{Base64(TestCertificates.Shared.AuthorityPem)}}
            extensions:
            - extension:
                last-update: Mon, 06 May 2024 07:08:09 UTC
                provider: minikube.sigs.k8s.io
              name: cluster_info
            server: https://127.0.0.1:6443
            {{cluster}}
          name: c
        contexts:
        - context:
            cluster: c
            namespace: shop
            user: u
          name: x
        current-context: x
        kind: Config
        preferences: {}
        users:
        - name: u
          user:
            {{user}}

        """;

    private KubernetesConfig InCluster(string host, string port)
    {
        _environment["KUBERNETES_SERVICE_HOST"] = host;
        _environment["KUBERNETES_SERVICE_PORT"] = port;
        return KubernetesConfig.InCluster(_environment.GetValueOrDefault, _folder, TimeProvider.System);
    }

    private KubernetesConfig Load(string text)
    {
        string file = Path.Combine(_folder, "config");
        File.WriteAllText(file, text);
        _environment["KUBECONFIG"] = file;
        return Find()!;
    }

    private KubernetesConfig? Find(bool useHome = false) => KubernetesConfig.Find(_environment.GetValueOrDefault, TimeProvider.System, useHome);

    private void WriteServiceAccount()
    {
        File.WriteAllText(Path.Combine(_folder, "token"), "first\n");
        File.WriteAllText(Path.Combine(_folder, "ca.crt"), TestCertificates.Shared.AuthorityPem);
        File.WriteAllText(Path.Combine(_folder, "namespace"), "caretta");
    }
}
