using System.Text.Json;
using System.Text.Json.Nodes;

namespace Caretta.Cluster.Tests.Support;

/// <summary>The API server refused a request.</summary>
internal sealed class KubeException(int code, string message) : Exception(message)
{
    /// <summary>HTTP's status, or that of a watch's error.</summary>
    public int Code { get; } = code;

    /// <param name="request">What was asked.</param>
    /// <param name="code">HTTP's status.</param>
    /// <param name="body">A <c>Status</c> object, or any text.</param>
    public static KubeException From(HttpRequestMessage request, int code, string body)
    {
        string? message = null;
        try
        {
            message = (string?)JsonNode.Parse(body)?["message"];
        }
        catch (JsonException)
        {
            // Not every path answers in JSON: the text itself will do.
        }

        return new KubeException(code, $"{request.Method} {request.RequestUri}: {code} {message ?? body}");
    }
}
