using System.Buffers;
using System.Text;

namespace Caretta.Aot.Http;

/// <summary>
/// Answers a GET or HEAD; for HEAD the body is dropped. Runs on a pool thread, several at once: do not block.
/// An exception becomes status 500.
/// </summary>
internal delegate HttpReply HttpHandler(in HttpRequest request);

/// <summary>A path and who answers for it.</summary>
internal sealed class HttpRoute
{
    private static readonly SearchValues<char> PathCharacters = SearchValues.Create(
        "/-._~%!$&'()*+,;=:@0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private readonly byte[] _path;

    /// <summary>Makes the route.</summary>
    /// <param name="path">Compared byte by byte with the path of the request, before any query.</param>
    /// <param name="handler">Who answers.</param>
    /// <exception cref="ArgumentException">The path lacks its first slash or holds a byte that no path can hold unencoded.</exception>
    public HttpRoute(string path, HttpHandler handler)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(handler);
        if (!IsValidPath(path))
        {
            throw new ArgumentException($"expected a path such as /metrics, got \"{path}\"", nameof(path));
        }

        Path = path;
        Handler = handler;
        _path = Encoding.ASCII.GetBytes(path);
    }

    /// <summary>The path as given.</summary>
    public string Path { get; }

    /// <summary>Who answers.</summary>
    public HttpHandler Handler { get; }

    /// <summary>Whether a route can have this path: a slash, then characters that RFC 3986 §3.3 allows in one.</summary>
    public static bool IsValidPath(string path) => path.StartsWith('/') && !path.AsSpan().ContainsAnyExcept(PathCharacters);

    /// <summary>Whether the request asks for this route.</summary>
    public bool Matches(ReadOnlySpan<byte> path) => path.SequenceEqual(_path);
}
