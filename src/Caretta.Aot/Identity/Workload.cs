using System.Buffers;
using System.Globalization;
using System.Text;

namespace Caretta.Aot.Identity;

/// <summary>
/// One named end of a link, immutable, with its label text rendered once: as client, as server, and hashed.
/// Safe to read from any thread.
/// </summary>
internal sealed class Workload
{
    private readonly byte[] _hashedText;
    private readonly byte[] _clientLabels;
    private readonly byte[] _serverLabels;

    /// <summary>Renders the label text. Control characters in the arguments are replaced (<see cref="LabelText.Clean"/>).</summary>
    /// <param name="name">Name of the workload, unit, container, process or address.</param>
    /// <param name="space">Namespace, or <c>host</c>, <c>node</c>, <c>external</c>.</param>
    /// <param name="kind">Kind as the contract lists it.</param>
    /// <param name="owner">Direct controller, or null to leave the label out.</param>
    public Workload(string name, string space, string kind, string? owner = null)
    {
        Name = LabelText.Clean(name);
        Namespace = LabelText.Clean(space);
        Kind = LabelText.Clean(kind);
        Owner = string.IsNullOrEmpty(owner) ? null : LabelText.Clean(owner);
        _hashedText = Encoding.UTF8.GetBytes(Name + Namespace);
        Id = Fnv1a.Continue(Fnv1a.OffsetBasis, _hashedText);
        _clientLabels = Render("client_id"u8, "client_kind"u8, "client_name"u8, "client_namespace"u8, withOwner: true);
        _serverLabels = Render("server_id"u8, "server_kind"u8, "server_name"u8, "server_namespace"u8, withOwner: false);
    }

    /// <summary>Name, cleaned.</summary>
    public string Name { get; }

    /// <summary>Namespace, cleaned.</summary>
    public string Namespace { get; }

    /// <summary>Kind, cleaned.</summary>
    public string Kind { get; }

    /// <summary>Direct controller, cleaned; null when the label is left out.</summary>
    public string? Owner { get; }

    /// <summary>FNV-1a 32 of name immediately followed by namespace: the value of <c>client_id</c> and <c>server_id</c>.</summary>
    public uint Id { get; }

    /// <summary>Bytes of name immediately followed by namespace, for hashes over both ends of a link.</summary>
    public ReadOnlySpan<byte> HashedText => _hashedText;

    /// <summary><c>client_id="…",client_kind="…",client_name="…",client_namespace="…"[,client_owner="…"]</c>.</summary>
    public ReadOnlySpan<byte> ClientLabels => _clientLabels;

    /// <summary><c>server_id="…",server_kind="…",server_name="…",server_namespace="…"</c>; no owner, as in the original.</summary>
    public ReadOnlySpan<byte> ServerLabels => _serverLabels;

    private byte[] Render(
        ReadOnlySpan<byte> id, ReadOnlySpan<byte> kind, ReadOnlySpan<byte> name, ReadOnlySpan<byte> space, bool withOwner)
    {
        var text = new ArrayBufferWriter<byte>(256);
        LabelText.Append(text, id, Id.ToString(CultureInfo.InvariantCulture));
        text.Write(","u8);
        LabelText.Append(text, kind, Kind);
        text.Write(","u8);
        LabelText.Append(text, name, Name);
        text.Write(","u8);
        LabelText.Append(text, space, Namespace);
        if (withOwner && Owner is not null)
        {
            text.Write(","u8);
            LabelText.Append(text, "client_owner"u8, Owner);
        }

        return text.WrittenSpan.ToArray();
    }
}
