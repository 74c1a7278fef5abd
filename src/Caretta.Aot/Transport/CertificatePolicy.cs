using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Caretta.Aot.Transport;

/// <summary>
/// What a server's certificate must be: valid now, for a server, by authorities that are given or the machine's. Certificates that it should
/// have sent along are not looked for elsewhere, nor whether it was revoked: a connection goes to the configured server and to nobody else.
/// </summary>
internal static class CertificatePolicy
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>Makes a policy.</summary>
    /// <param name="authorities">Who may have signed; null for the machine's authorities.</param>
    public static X509ChainPolicy Create(X509Certificate2Collection? authorities = null)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        if (authorities is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authorities);
        }

        return policy;
    }
}
