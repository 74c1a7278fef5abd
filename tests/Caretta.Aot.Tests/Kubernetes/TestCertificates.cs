using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Caretta.Aot.Tests.Kubernetes;

/// <summary>An authority made for the test, and what it signs.</summary>
internal sealed class TestCertificates
{
    private readonly X509Certificate2 _authority;
    private int _serial;

    public TestCertificates(string name = "test-ca")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        AuthorityPem = _authority.ExportCertificatePem();
    }

    public static TestCertificates Shared { get; } = new();

    public string AuthorityPem { get; }

    public X509Certificate2Collection Authorities => [_authority];

    /// <summary>A server's certificate: for 127.0.0.1, ::1, localhost and what else is named.</summary>
    public X509Certificate2 Server(params string[] names)
    {
        var subject = new SubjectAlternativeNameBuilder();
        subject.AddIpAddress(IPAddress.Loopback);
        subject.AddIpAddress(IPAddress.IPv6Loopback);
        subject.AddDnsName("localhost");
        Array.ForEach(names, subject.AddDnsName);
        return Issue("apiserver", subject, "1.3.6.1.5.5.7.3.1");
    }

    /// <summary>A certificate for a name alone.</summary>
    public X509Certificate2 ServerFor(string name)
    {
        var subject = new SubjectAlternativeNameBuilder();
        subject.AddDnsName(name);
        return Issue("apiserver", subject, "1.3.6.1.5.5.7.3.1");
    }

    /// <summary>A client's certificate and key, PEM.</summary>
    public (string Certificate, string Key) Client(bool rsa)
    {
        using AsymmetricAlgorithm key = rsa ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = key is RSA rsaKey
            ? new CertificateRequest("CN=developer", rsaKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest("CN=developer", (ECDsa)key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], false));
        using X509Certificate2 certificate = Sign(request);
        string keyPem = key is RSA pkcs1 ? pkcs1.ExportRSAPrivateKeyPem() : ((ECDsa)key).ExportECPrivateKeyPem();
        return (certificate.ExportCertificatePem(), keyPem);
    }

    private X509Certificate2 Issue(string name, SubjectAlternativeNameBuilder subject, string usage)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(subject.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        using X509Certificate2 certificate = Sign(request);
        return certificate.CopyWithPrivateKey(key);
    }

    private X509Certificate2 Sign(CertificateRequest request)
    {
        using ECDsa key = _authority.GetECDsaPrivateKey()!;
        return request.Create(
            _authority.SubjectName, X509SignatureGenerator.CreateForECDsa(key), DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddHours(20),
            [1, (byte)Interlocked.Increment(ref _serial)]);
    }
}
