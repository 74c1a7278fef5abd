namespace Caretta.Aot.Kubernetes;

/// <summary>
/// The bearer token: fixed, or in a file that somebody renews (a kubelet does so long before the token expires). Any thread.
/// </summary>
internal sealed class TokenSource
{
    private const int MaxBytes = 64 * 1024;

    // client-go reads token files once a minute too (transport/token_source.go).
    private static readonly TimeSpan ReadAgainAfter = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly string? _file;
    private readonly TimeProvider _time;
    private string _token;
    private long _readAt;

    private TokenSource(string token, string? file, TimeProvider time)
    {
        _token = token;
        _file = file;
        _time = time;
        _readAt = time.GetTimestamp();
    }

    /// <summary>A token that never changes.</summary>
    /// <exception cref="KubernetesConfigException">It is not a token.</exception>
    public static TokenSource Fixed(string token, string where) => new(Check(token, where), null, TimeProvider.System);

    /// <summary>A token in a file.</summary>
    /// <exception cref="KubernetesConfigException">It cannot be read now.</exception>
    public static TokenSource FromFile(string path, TimeProvider time)
    {
        try
        {
            return new TokenSource(Read(path), path, time);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KubernetesConfigException($"{path}: cannot read the token: {e.Message}", e);
        }
    }

    /// <summary>The token to use now. A file that cannot be read for the moment leaves the last one in use.</summary>
    public string Current
    {
        get
        {
            lock (_gate)
            {
                if (_file is not null && _time.GetElapsedTime(_readAt) >= ReadAgainAfter)
                {
                    ReadAgain();
                }

                return _token;
            }
        }
    }

    /// <summary>Says that the server refused <paramref name="token"/>.</summary>
    /// <returns>Whether there is another one to try.</returns>
    public bool Refuse(string token)
    {
        lock (_gate)
        {
            if (_file is not null && _token == token)
            {
                ReadAgain();
            }

            return _token != token;
        }
    }

    private void ReadAgain()
    {
        _readAt = _time.GetTimestamp();
        try
        {
            _token = Read(_file!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or KubernetesConfigException)
        {
            // The old token may well be good for a while, and if not, the server's 401 is what gets reported.
        }
    }

    private static string Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        byte[] bytes = new byte[4096];
        int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        while (length == bytes.Length && length < MaxBytes)
        {
            Array.Resize(ref bytes, length * 2);
            length += file.ReadAtLeast(bytes.AsSpan(length), bytes.Length - length, throwOnEndOfStream: false);
        }

        return Check(System.Text.Encoding.UTF8.GetString(bytes, 0, length), path);
    }

    // Also keeps line breaks out of the request's head.
    private static string Check(string text, string where)
    {
        string token = text.Trim();
        if (token.Length is 0 or >= MaxBytes || token.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            throw new KubernetesConfigException($"{where}: expected a bearer token (printable ASCII without spaces)");
        }

        return token;
    }
}
