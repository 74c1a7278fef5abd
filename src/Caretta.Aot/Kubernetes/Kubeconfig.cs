using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Caretta.Aot.Kubernetes;

/// <summary>
/// Reads kubeconfig files, as kubectl merges them: of entries with the same name the first counts. Whatever would start a program or
/// weaken TLS is refused. Source: Kubernetes documentation, "Organizing cluster access using kubeconfig files", and the kubeconfig (v1) reference.
/// </summary>
internal static class Kubeconfig
{
    private readonly record struct Entry(YamlNode Node, string File);

    /// <summary>Takes the current context.</summary>
    /// <param name="paths">Files, the most important first; missing ones are left out.</param>
    /// <param name="time">The clock by which token files are read again.</param>
    /// <exception cref="KubernetesConfigException">There is no such context, or it cannot be used.</exception>
    public static KubernetesConfig Load(IReadOnlyList<string> paths, TimeProvider time)
    {
        List<Entry> files = [];
        foreach (string path in paths)
        {
            if (File.Exists(path))
            {
                string full = Path.GetFullPath(path);
                files.Add(new Entry(YamlReader.Parse(KubernetesConfig.ReadFile(full, "the kubeconfig"), full), full));
            }
        }

        if (files.Count == 0)
        {
            throw new KubernetesConfigException($"KUBECONFIG: no such file: {string.Join(", ", paths)}");
        }

        string? name = files.Select(static file => file.Node["current-context"]?.Text).FirstOrDefault(static text => text is not null);
        if (name is null)
        {
            throw new KubernetesConfigException($"{files[0].File}: current-context is not set");
        }

        Entry context = Find(files, "contexts", name, "context");
        string clusterName = Text(context, "cluster") ?? throw Refuse(context, $"context \"{name}\" names no cluster");
        Entry cluster = Find(files, "clusters", clusterName, "cluster");
        string? userName = Text(context, "user");
        Entry? user = userName is null ? null : Find(files, "users", userName, "user");
        return new KubernetesConfig
        {
            Server = Server(cluster, clusterName),
            TlsServerName = Text(cluster, "tls-server-name"),
            Authorities = Authorities(cluster),
            Token = user is null ? null : Token(user.Value, userName!, time),
            Client = user is null ? null : Client(user.Value, userName!),
            Namespace = Text(context, "namespace") ?? "",
            Source = $"{context.File}, context \"{name}\"",
        };
    }

    private static Entry Find(List<Entry> files, string list, string name, string member)
    {
        foreach (Entry file in files)
        {
            foreach (YamlNode entry in file.Node[list]?.Items ?? [])
            {
                if (entry["name"]?.Text == name)
                {
                    return new Entry(entry[member] ?? new YamlNode(entry.Line) { Members = [] }, file.File);
                }
            }
        }

        throw new KubernetesConfigException($"{files[0].File}: {list} has no \"{name}\"");
    }

    private static Uri Server(Entry cluster, string name)
    {
        if (IsTrue(cluster, "insecure-skip-tls-verify"))
        {
            throw Refuse(cluster, $"cluster \"{name}\": insecure-skip-tls-verify is refused, since a token must not go to a server that nobody checked; set certificate-authority-data");
        }

        if (cluster.Node["proxy-url"] is not null)
        {
            throw Refuse(cluster, $"cluster \"{name}\": proxy-url is not supported");
        }

        string text = Text(cluster, "server") ?? throw Refuse(cluster, $"cluster \"{name}\" has no server");
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? server) || server.Scheme != Uri.UriSchemeHttps
            || server.UserInfo.Length > 0 || server.Query.Length > 0 || server.Fragment.Length > 0)
        {
            throw Refuse(cluster, $"cluster \"{name}\": expected a server like https://host:6443");
        }

        return server.AbsolutePath.EndsWith('/') ? server : new Uri(server.AbsoluteUri + "/");
    }

    private static Func<string>? Authorities(Entry cluster)
    {
        if (Data(cluster, "certificate-authority-data") is string data)
        {
            KubernetesConfig.ReadAuthorities(data, $"{cluster.File}: certificate-authority-data");
            return () => data;
        }

        if (Text(cluster, "certificate-authority") is not string path)
        {
            return null;
        }

        path = Resolve(cluster, path);
        KubernetesConfig.ReadAuthorities(KubernetesConfig.ReadFile(path, "the cluster's authority"), path);
        return () => KubernetesConfig.ReadFile(path, "the cluster's authority");
    }

    private static TokenSource? Token(Entry user, string name, TimeProvider time)
    {
        foreach (string refused in (string[])["exec", "auth-provider"])
        {
            if (user.Node[refused] is not null)
            {
                throw Refuse(user, $"user \"{name}\": {refused} would start a program and is not supported; use token, tokenFile or a client certificate "
                    + "(kubectl create token SERVICEACCOUNT makes a token)");
            }
        }

        if (user.Node["username"] is not null || user.Node["password"] is not null)
        {
            throw Refuse(user, $"user \"{name}\": username and password are no longer supported by Kubernetes; use token, tokenFile or a client certificate");
        }

        if (user.Node["as"] is not null || user.Node["as-uid"] is not null || user.Node["as-groups"] is not null)
        {
            throw Refuse(user, $"user \"{name}\": impersonation (as) is not supported");
        }

        // A file wins over a token, as in client-go: it can be renewed.
        return Text(user, "tokenFile") is string path ? TokenSource.FromFile(Resolve(user, path), time)
            : Text(user, "token") is string token ? TokenSource.Fixed(token, $"{user.File}: user \"{name}\": token")
            : null;
    }

    private static SslStreamCertificateContext? Client(Entry user, string name)
    {
        string? certificate = Pem(user, "client-certificate", "the client certificate");
        string? key = Pem(user, "client-key", "the client key");
        if (certificate is null && key is null)
        {
            return null;
        }

        if (certificate is null || key is null)
        {
            throw Refuse(user, $"user \"{name}\": client-certificate and client-key belong together");
        }

        try
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(certificate);
            return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(certificate, key), chain, offline: true);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new KubernetesConfigException(
                $"{user.File}: user \"{name}\": expected a client certificate and its RSA or EC key in PEM, not encrypted", e);
        }
    }

    private static string? Pem(Entry user, string key, string what) =>
        Data(user, key + "-data") ?? (Text(user, key) is string path ? KubernetesConfig.ReadFile(Resolve(user, path), what) : null);

    private static string? Data(Entry entry, string key)
    {
        if (Text(entry, key) is not string text)
        {
            return null;
        }

        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(text));
        }
        catch (FormatException e)
        {
            throw new KubernetesConfigException($"{entry.File}: {key}: expected base64", e);
        }
    }

    private static string? Text(Entry entry, string key) => entry.Node[key] is not YamlNode node ? null
        : node.Text ?? throw new KubernetesConfigException($"{entry.File}: line {node.Line}: {key}: expected text");

    private static bool IsTrue(Entry entry, string key) => Text(entry, key) is "true" or "True" or "TRUE";

    // Relative to the file they stand in.
    private static string Resolve(Entry entry, string path) => Path.Combine(Path.GetDirectoryName(entry.File)!, path);

    private static KubernetesConfigException Refuse(Entry entry, string what) => new($"{entry.File}: {what}");
}
