namespace Caretta.Cluster.Tests.Scale;

/// <summary>How the server misbehaves.</summary>
internal enum ScaleFault
{
    /// <summary>Closes the connection in the middle of an object.</summary>
    CutConnection,

    /// <summary>Ends the answer properly in the middle of an object.</summary>
    CutObject,

    /// <summary>An annotation of 2 GB.</summary>
    HugeString,

    /// <summary>A property name of 2 GB.</summary>
    HugeName,

    /// <summary>A million arrays in one another.</summary>
    DeepNesting,

    /// <summary>An object where numbers, lists and texts are in each other's places.</summary>
    WrongTypes,

    /// <summary>A good object with 40 annotations of 250 KB.</summary>
    HugeAnnotations,

    /// <summary>Bytes that are no UTF-8, in a name.</summary>
    BadUtf8,

    /// <summary>White space without end, until the client gives up.</summary>
    EndlessSpace,

    /// <summary>A page for people instead of JSON, with status 200.</summary>
    Page,

    /// <summary>Accepts the request and says nothing, not even a status.</summary>
    Silence,

    /// <summary>Sends the beginning and then nothing, with the connection open.</summary>
    HalfOpen,

    /// <summary>One byte each 50 ms.</summary>
    SlowDrip,

    /// <summary>Status 410.</summary>
    Gone,

    /// <summary>In a watch: status 200 and then an ERROR event with 410.</summary>
    GoneEvent,

    /// <summary>Status 429 with <c>Retry-After: 1</c>.</summary>
    TooManyRequests,

    /// <summary>Status 401.</summary>
    Unauthorized,

    /// <summary>Status 403.</summary>
    Forbidden,

    /// <summary>Status 500.</summary>
    ServerError,
}
