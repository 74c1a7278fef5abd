namespace Caretta.Aot.Store;

/// <summary>The store gave no answer that can be used. The message is one line: what, and what to do; it holds no secrets.</summary>
internal sealed class StoreException(int status, string reason, string message) : Exception(message)
{
    /// <summary>HTTP status for whoever asked.</summary>
    public int Status { get; } = status;

    /// <summary>One of the reasons of docs/api.md.</summary>
    public string Reason { get; } = reason;

    /// <summary>It could not be reached, or refused.</summary>
    public static StoreException Away(string message) => new(502, "store-away", message);

    /// <summary>It took too long.</summary>
    public static StoreException Slow(TimeSpan limit) =>
        new(504, "store-slow", $"the store took longer than {limit.TotalSeconds:0.#} s: ask for a shorter range, or look at the store");

    /// <summary>Its answer is beyond a limit.</summary>
    public static StoreException TooLarge(string message) => new(502, "too-large", message);

    /// <summary>Enough is asked already.</summary>
    public static StoreException Busy() => new(503, "busy", "too many questions to the store at once: try again in some seconds");
}
