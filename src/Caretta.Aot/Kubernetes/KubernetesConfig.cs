using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Caretta.Aot.Kubernetes;

/// <summary>Where the API server is, how it proves itself, and how we do. Immutable but for the token. Any thread.</summary>
internal sealed class KubernetesConfig
{
    /// <summary>Where a pod finds its service account (Kubernetes documentation, "Accessing the API from a pod").</summary>
    public const string ServiceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>Address of the server; <c>https</c>, possibly with a path in front of the API's own.</summary>
    public required Uri Server { get; init; }

    /// <summary>The name the server's certificate must be for; null for the one in <see cref="Server"/>.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>The only authorities that are trusted, PEM, read for every connection, as they may be renewed; null for those of the system.</summary>
    public Func<string>? Authorities { get; init; }

    /// <summary>The bearer token; null if there is none.</summary>
    public TokenSource? Token { get; init; }

    /// <summary>Our certificate and those above it; null if there is none.</summary>
    public SslStreamCertificateContext? Client { get; init; }

    /// <summary>The namespace we live in; empty if unknown.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Where all this was found, for messages.</summary>
    public string Source { get; init; } = "";

    /// <summary>
    /// Looks where clients of Kubernetes look: <c>KUBECONFIG</c>, then the pod's service account, then, only if asked,
    /// <c>~/.kube/config</c>.
    /// </summary>
    /// <param name="environment">The value of a variable, or null.</param>
    /// <param name="time">The clock by which tokens are read again.</param>
    /// <param name="useHome">Whether the user's own file counts.</param>
    /// <returns>Null if there is no sign of a cluster.</returns>
    /// <exception cref="KubernetesConfigException">There is one, and it cannot be used.</exception>
    public static KubernetesConfig? Find(Func<string, string?> environment, TimeProvider time, bool useHome = false)
    {
        string? files = environment("KUBECONFIG");
        if (!string.IsNullOrEmpty(files))
        {
            return Kubeconfig.Load(files.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries), time);
        }

        if (!string.IsNullOrEmpty(environment("KUBERNETES_SERVICE_HOST")))
        {
            return InCluster(environment, ServiceAccountFolder, time);
        }

        string? home = useHome ? environment("HOME") : null;
        string file = Path.Combine(home ?? "", ".kube", "config");
        return !string.IsNullOrEmpty(home) && File.Exists(file) ? Kubeconfig.Load([file], time) : null;
    }

    /// <summary>The configuration of a pod.</summary>
    /// <param name="environment">The value of a variable, or null.</param>
    /// <param name="folder">Holds <c>token</c>, <c>ca.crt</c> and <c>namespace</c>.</param>
    /// <param name="time">The clock by which the token is read again.</param>
    /// <exception cref="KubernetesConfigException">Something is missing or malformed.</exception>
    public static KubernetesConfig InCluster(Func<string, string?> environment, string folder, TimeProvider time)
    {
        string host = environment("KUBERNETES_SERVICE_HOST") ?? "";
        string port = environment("KUBERNETES_SERVICE_PORT") ?? "443";
        if (!ushort.TryParse(port, System.Globalization.NumberStyles.None, null, out ushort number) || number == 0)
        {
            throw new KubernetesConfigException($"KUBERNETES_SERVICE_PORT: expected a port from 1 to 65535, got \"{port}\"");
        }

        bool isIPv6 = IPAddress.TryParse(host, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetworkV6;
        string authority = isIPv6 ? $"[{address}]" : host;
        if (Uri.CheckHostName(isIPv6 ? address!.ToString() : host) == UriHostNameType.Unknown)
        {
            throw new KubernetesConfigException($"KUBERNETES_SERVICE_HOST: expected an address or a host name, got \"{host}\"");
        }

        string authorities = Path.Combine(folder, "ca.crt");
        ReadAuthorities(ReadFile(authorities, "the cluster's authority"), authorities);
        string space = Path.Combine(folder, "namespace");
        return new KubernetesConfig
        {
            Server = new Uri($"https://{authority}:{number}/"),
            Token = TokenSource.FromFile(Path.Combine(folder, "token"), time),
            Authorities = () => ReadFile(authorities, "the cluster's authority"),
            Namespace = File.Exists(space) ? ReadFile(space, "the namespace").Trim() : "",
            Source = folder,
        };
    }

    /// <summary>Reads certificates in PEM.</summary>
    /// <exception cref="KubernetesConfigException">There are none, or they are malformed.</exception>
    internal static X509Certificate2Collection ReadAuthorities(string pem, string where)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(pem);
        }
        catch (CryptographicException e)
        {
            throw new KubernetesConfigException($"{where}: malformed certificate", e);
        }

        return certificates.Count > 0 ? certificates : throw new KubernetesConfigException($"{where}: expected certificates in PEM");
    }

    /// <summary>Reads a small file of text.</summary>
    /// <exception cref="KubernetesConfigException">It cannot be read or is not small.</exception>
    internal static string ReadFile(string path, string what)
    {
        const int MaxBytes = 4 << 20;
        try
        {
            return new FileInfo(path).Length <= MaxBytes
                ? File.ReadAllText(path)
                : throw new KubernetesConfigException($"{path}: {what} is larger than {MaxBytes} bytes");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new KubernetesConfigException($"{path}: cannot read {what}: {e.Message}", e);
        }
    }
}
