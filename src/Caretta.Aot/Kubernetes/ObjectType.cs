namespace Caretta.Aot.Kubernetes;

/// <summary>A type of object that can be listed and watched.</summary>
/// <param name="Resource">Its plural name, as in RBAC rules and metrics.</param>
/// <param name="Group">Its API group; empty for the core group.</param>
/// <param name="Path">Where all of them are, below the server's address.</param>
/// <param name="Decoder">Makes a decoder.</param>
internal sealed record ObjectType<T>(string Resource, string Group, string Path, Func<ObjectDecoder<T>> Decoder)
    where T : class;
