namespace Caretta.Aot.Identity.Objects;

/// <summary>
/// The object that controls another (<c>metadata.ownerReferences</c>, the entry with <c>controller: true</c>). It lives in the same
/// namespace as what it controls, or in none. One instance is shared by all objects with the same controller.
/// </summary>
/// <param name="ApiVersion">Group and version as written, e.g. <c>apps/v1</c>, or <c>v1</c> for the core group.</param>
/// <param name="Kind">E.g. <c>ReplicaSet</c>.</param>
/// <param name="Name">The owner's name.</param>
/// <param name="Uid">The owner's uid.</param>
internal sealed record OwnerReference(string ApiVersion, string Kind, string Name, Uid Uid);
