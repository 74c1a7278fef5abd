using System.Reflection;
using Caretta.Aot.Http;

namespace Caretta.Aot;

/// <summary>One file of the page, compressed inside the agent, read when it is first asked for. Any thread.</summary>
/// <param name="name">Name of the file without <c>.gz</c>.</param>
/// <param name="contentType">Value of its Content-Type header.</param>
internal sealed class PageFile(string name, string contentType)
{
    private readonly WeakReference<HttpDocument?> _document = new(null);

    /// <summary>The file. It stays in memory no longer than somebody needs it: a browser asks once.</summary>
    public HttpDocument Document
    {
        get
        {
            if (!_document.TryGetTarget(out HttpDocument? document))
            {
                document = Read();
                _document.SetTarget(document);
            }

            return document;
        }
    }

    private HttpDocument Read()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"page/{name}.gz")
            ?? throw new InvalidOperationException($"the agent was built without page/{name}");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return new HttpDocument(System.Text.Encoding.ASCII.GetBytes(contentType), bytes, MapHeaders.Page);
    }
}
