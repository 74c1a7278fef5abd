using Caretta.Aot.Identity.Objects;

namespace Caretta.Aot.Kubernetes;

/// <summary>What is used of an object that owns others: who it is, and who controls it.</summary>
internal sealed record OwnedObject(Uid Uid, string Name, OwnerReference? Controller);
