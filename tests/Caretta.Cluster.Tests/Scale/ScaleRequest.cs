using System.Text;

namespace Caretta.Cluster.Tests.Scale;

/// <summary>The head of an HTTP/1.1 request.</summary>
internal sealed class ScaleRequest
{
    private const int MaxHeadLength = 16 << 10;

    private readonly Dictionary<string, string> _headers = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string> _query = [];

    private ScaleRequest(string head)
    {
        string[] lines = head.Split("\r\n");
        string[] words = lines[0].Split(' ');
        Method = words[0];
        string[] target = words[1].Split('?', 2);
        Path = target[0];
        foreach (string pair in target.Length > 1 ? target[1].Split('&', StringSplitOptions.RemoveEmptyEntries) : [])
        {
            string[] parts = pair.Split('=', 2);
            _query[Uri.UnescapeDataString(parts[0])] = parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "";
        }

        foreach (string line in lines.Skip(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            _headers[line[..colon]] = line[(colon + 1)..].Trim();
        }
    }

    public string Method { get; }

    public string Path { get; }

    /// <summary>Reads one; requests have no bodies here and do not come before the last answer.</summary>
    /// <returns>Null when the client closed the connection.</returns>
    public static async Task<ScaleRequest?> ReadAsync(Stream stream, byte[] buffer, CancellationToken cancellation)
    {
        int length = 0;
        while (length < MaxHeadLength)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(length), cancellation);
            if (read == 0)
            {
                return null;
            }

            length += read;
            int end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                return new ScaleRequest(Encoding.ASCII.GetString(buffer, 0, end));
            }
        }

        throw new InvalidDataException($"a head of more than {MaxHeadLength} bytes");
    }

    /// <summary>A header's value, or "".</summary>
    public string Header(string name) => _headers.GetValueOrDefault(name, "");

    /// <summary>A parameter's value, or "".</summary>
    public string Query(string name) => _query.GetValueOrDefault(name, "");
}
