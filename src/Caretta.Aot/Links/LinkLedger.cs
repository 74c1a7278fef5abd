namespace Caretta.Aot.Links;

/// <summary>How links came and went. Members only grow.</summary>
internal struct LinkLedger
{
    /// <summary>Times a link was taken off the page because larger ones need its place; its totals went to the link <c>other</c>.</summary>
    public ulong FoldedLinks;

    /// <summary>Links that ended because they were idle and an end was gone.</summary>
    public ulong ExpiredLinks;

    /// <summary>Bytes sent that were in links when they ended.</summary>
    public ulong ExpiredSentBytes;

    /// <summary>Bytes received that were in links when they ended.</summary>
    public ulong ExpiredReceivedBytes;
}
