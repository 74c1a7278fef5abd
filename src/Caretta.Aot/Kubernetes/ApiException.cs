using System.Net;

namespace Caretta.Aot.Kubernetes;

/// <summary>The API server answered, and the answer is no.</summary>
/// <param name="code">HTTP status, or the code of the <c>Status</c> object in an <c>ERROR</c> event.</param>
/// <param name="message">One line: request, status, and the server's own words, shortened.</param>
/// <param name="retryAfter">How long the server asks to be left alone, within <see cref="ApiClientOptions.MaxRetryAfter"/>; null if it does not say.</param>
internal sealed class ApiException(int code, string message, TimeSpan? retryAfter = null) : Exception(message)
{
    /// <summary>HTTP status or <c>Status.code</c>.</summary>
    public int Code => code;

    /// <summary>The header <c>Retry-After</c>.</summary>
    public TimeSpan? RetryAfter => retryAfter;

    /// <summary>The resource version or continue token is too old (410): list again.</summary>
    public bool IsGone => code == (int)HttpStatusCode.Gone;

    /// <summary>Not allowed (403), or no such resource (404): asking again soon will not help.</summary>
    public bool IsDenied => code is (int)HttpStatusCode.Forbidden or (int)HttpStatusCode.NotFound;

    /// <summary>The request itself is not understood (400, 422).</summary>
    public bool IsInvalid => code is (int)HttpStatusCode.BadRequest or (int)HttpStatusCode.UnprocessableEntity;
}
