using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Caretta.Aot.Kubernetes;

namespace Caretta.Aot.Tests.Kubernetes;

/// <summary>An HTTPS server on loopback that answers as the test says: for what a real API server cannot be made to do.</summary>
internal sealed class FakeApiServer : IDisposable
{
    private readonly X509Certificate2 _certificate;
    private readonly Func<FakeExchange, Task> _answer;
    private readonly ConcurrentDictionary<Socket, bool> _connections = [];
    private TcpListener _listener;

    public FakeApiServer(Func<FakeExchange, Task> answer, X509Certificate2? certificate = null, IPAddress? address = null)
    {
        _answer = answer;
        _certificate = certificate ?? TestCertificates.Shared.Server();
        _listener = new TcpListener(address ?? IPAddress.Loopback, 0);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = AcceptAsync(_listener);
    }

    public int Port { get; }

    /// <summary>Asks for a client's certificate of this authority.</summary>
    public bool WantsClientCertificate { get; set; }

    /// <summary>The last client's subject.</summary>
    public string? ClientSubject { get; private set; }

    /// <summary>Path and query of every request so far.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    public int Connections { get; private set; }

    public KubernetesConfig Config(string? token = "token", string? authorities = null, string host = "127.0.0.1", string? tlsName = null)
    {
        string pem = authorities ?? TestCertificates.Shared.AuthorityPem;
        return new KubernetesConfig
        {
            Server = new Uri($"https://{host}:{Port}/"),
            TlsServerName = tlsName,
            Authorities = () => pem,
            Token = token is null ? null : TokenSource.Fixed(token, "test"),
        };
    }

    /// <summary>Resets every connection and refuses new ones.</summary>
    public void Kill()
    {
        _listener.Stop();
        Cut();
    }

    /// <summary>Listens again, on the same port.</summary>
    public void Revive()
    {
        _listener = new TcpListener(IPAddress.Loopback, Port);
        _listener.Start();
        _ = AcceptAsync(_listener);
    }

    /// <summary>Resets every connection.</summary>
    public void Cut()
    {
        foreach (Socket socket in _connections.Keys)
        {
            socket.Close(0);
        }
    }

    public void Dispose()
    {
        Kill();
        _listener.Dispose();
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptSocketAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            Connections++;
            _ = ServeAsync(socket);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        _connections[socket] = true;
        try
        {
            using var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificate = _certificate,
                ClientCertificateRequired = WantsClientCertificate,
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                {
                    ClientSubject = certificate?.Subject;
                    return certificate is not null || !WantsClientCertificate;
                },
            });
            using var reader = new StreamReader(tls, Encoding.ASCII, leaveOpen: true);
            while (await reader.ReadLineAsync() is { Length: > 0 } line)
            {
                var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
                while (await reader.ReadLineAsync() is { Length: > 0 } header)
                {
                    string[] parts = header.Split(": ", 2);
                    headers[parts[0]] = parts[1];
                }

                var exchange = new FakeExchange(tls, line.Split(' ')[1], headers);
                Requests.Enqueue(exchange.Target);
                await _answer(exchange);
                if (!exchange.IsComplete)
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
        {
            // The client went away, or the test cut the connection.
        }
        finally
        {
            _connections.TryRemove(socket, out _);
        }
    }
}
