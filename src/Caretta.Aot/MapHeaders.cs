namespace Caretta.Aot;

/// <summary>Header lines of the map's responses.</summary>
internal static class MapHeaders
{
    /// <summary>Content type of the API.</summary>
    public static ReadOnlyMemory<byte> Json { get; } = "application/json"u8.ToArray();

    /// <summary>Of answers of the API: checked again each time, and nothing that a browser would run or another site could read.</summary>
    public static ReadOnlyMemory<byte> Api { get; } =
        ("Cache-Control: no-cache\r\n"u8
        + "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"u8
        + "X-Content-Type-Options: nosniff\r\n"u8
        + "Referrer-Policy: no-referrer\r\n"u8
        + "Cross-Origin-Resource-Policy: same-origin\r\n"u8).ToArray();

    /// <summary>Of the page's files: they load and reach nothing but this agent.</summary>
    public static ReadOnlyMemory<byte> Page { get; } =
        ("Cache-Control: no-cache\r\n"u8
        + "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "u8
        + "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"u8
        + "X-Content-Type-Options: nosniff\r\n"u8
        + "Referrer-Policy: no-referrer\r\n"u8
        + "Cross-Origin-Opener-Policy: same-origin\r\n"u8
        + "Cross-Origin-Resource-Policy: same-origin\r\n"u8).ToArray();
}
