using System.Buffers;
using Caretta.Aot.Http;
using Caretta.Aot.Map;

namespace Caretta.Aot;

/// <summary>Makes replies of what the API says. Cold: for answers that are made once each.</summary>
internal static class MapReplies
{
    /// <summary>An error.</summary>
    public static HttpReply Fail(MapException failure) => Fail(failure.Status, failure.Reason, failure.Message);

    /// <summary>An error.</summary>
    public static HttpReply Fail(int status, string reason, string message)
    {
        var body = new ArrayBufferWriter<byte>();
        MapJson.WriteError(status, reason, message, body);
        return HttpReply.Bytes(status, MapHeaders.Json, body.WrittenSpan.ToArray(), MapHeaders.Api);
    }

    /// <summary>A document, compressed while it is written.</summary>
    public static HttpReply Document(Action<IBufferWriter<byte>> write)
    {
        var gzip = new GzipEncoder();
        var output = new ArrayBufferWriter<byte>();
        gzip.Start(output);
        write(gzip);
        gzip.Finish();
        return HttpReply.Of(new HttpDocument(MapHeaders.Json, output.WrittenSpan.ToArray(), MapHeaders.Api));
    }
}
