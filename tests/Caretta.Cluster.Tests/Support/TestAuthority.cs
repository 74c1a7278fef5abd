using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Caretta.Cluster.Tests.Support;

/// <summary>A certificate authority for one test, with the certificate of a server on loopback.</summary>
internal sealed class TestAuthority : IDisposable
{
    private static readonly string[] ServerNames = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];

    private readonly X509Certificate2 _root;

    public TestAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=caretta-test-authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _root = request.CreateSelfSigned(NotBefore, NotBefore.AddDays(30));
    }

    /// <summary>The root's certificate, as <c>ca.crt</c> of a service account holds it.</summary>
    public string RootPem => _root.ExportCertificatePem();

    /// <summary>The root, to trust.</summary>
    public X509Certificate2 Root => _root;

    private static DateTimeOffset NotBefore => TimeProvider.System.GetUtcNow().AddDays(-1);

    /// <summary>A certificate for a server on loopback.</summary>
    public (string CertificatePem, string KeyPem) IssueServer()
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        names.AddIpAddress(IPAddress.Parse("10.96.0.1"));      // the service "kubernetes", by which pods reach it
        foreach (string name in ServerNames)
        {
            names.AddDnsName(name);
        }

        return Issue("CN=kube-apiserver", "1.3.6.1.5.5.7.3.1", names.Build());
    }

    /// <summary>A client's certificate, which says who its holder is (Kubernetes, "X509 client certificates").</summary>
    /// <param name="user">Becomes the common name.</param>
    /// <param name="group">Becomes the organisation.</param>
    public (string CertificatePem, string KeyPem) IssueClient(string user, string group) =>
        Issue($"O={group}, CN={user}", "1.3.6.1.5.5.7.3.2", names: null);

    /// <summary>Trusts this authority and no other.</summary>
    public X509ChainPolicy TrustPolicy() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        RevocationMode = X509RevocationMode.NoCheck,
        CustomTrustStore = { _root },
    };

    public void Dispose() => _root.Dispose();

    private (string CertificatePem, string KeyPem) Issue(string subject, string purpose, X509Extension? names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_root, true, false));
        if (names is not null)
        {
            request.CertificateExtensions.Add(names);
        }

        using X509Certificate2 certificate = request.Create(_root, NotBefore, NotBefore.AddDays(20), RandomNumberGenerator.GetBytes(8));
        return (certificate.ExportCertificatePem(), key.ExportECPrivateKeyPem());
    }
}
