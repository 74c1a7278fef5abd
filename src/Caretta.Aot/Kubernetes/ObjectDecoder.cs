using System.Net;
using System.Text;
using System.Text.Json;
using Caretta.Aot.Identity;
using Caretta.Aot.Identity.Objects;
using Caretta.Aot.Json;

namespace Caretta.Aot.Kubernetes;

/// <summary>
/// Makes objects of one type out of what a <see cref="JsonStream"/> finds, one after the other: <see cref="Clear"/>, the members, then
/// <see cref="Build"/>. This class knows <c>metadata</c>, derived ones the rest. One thread at a time.
/// </summary>
internal abstract class ObjectDecoder<T> : JsonConsumer
    where T : class
{
    /// <summary>First field number of derived classes.</summary>
    protected const int FirstOwnField = 32;

    private const int MaxResourceVersionBytes = 64;

    private const int UidField = 1;
    private const int NameField = 2;
    private const int NamespaceField = 3;
    private const int ResourceVersionField = 4;
    private const int DeletionField = 5;
    private const int CreationField = 6;
    private const int OwnerField = 7;
    private const int OwnerApiVersionField = 8;
    private const int OwnerKindField = 9;
    private const int OwnerNameField = 10;
    private const int OwnerUidField = 11;
    private const int OwnerControllerField = 12;
    private const int ConfigHashField = 13;
    private const int InitialEventsEndField = 14;
    private const int ServiceNameField = 15;

    private static readonly JsonShape Metadata = JsonShape.Object(
        0,
        ("name", JsonShape.Scalar(NameField)),
        ("namespace", JsonShape.Scalar(NamespaceField)),
        ("uid", JsonShape.Scalar(UidField)),
        ("resourceVersion", JsonShape.Scalar(ResourceVersionField)),
        ("creationTimestamp", JsonShape.Scalar(CreationField)),
        ("deletionTimestamp", JsonShape.Scalar(DeletionField)),
        ("ownerReferences", JsonShape.Array(0, JsonShape.Object(
            OwnerField,
            ("apiVersion", JsonShape.Scalar(OwnerApiVersionField)),
            ("kind", JsonShape.Scalar(OwnerKindField)),
            ("name", JsonShape.Scalar(OwnerNameField)),
            ("uid", JsonShape.Scalar(OwnerUidField)),
            ("controller", JsonShape.Scalar(OwnerControllerField))))),
        ("annotations", JsonShape.Object(
            0,
            ("kubernetes.io/config.hash", JsonShape.Scalar(ConfigHashField)),
            ("k8s.io/initial-events-end", JsonShape.Scalar(InitialEventsEndField)))),
        ("labels", JsonShape.Object(
            0,
            ("kubernetes.io/service-name", JsonShape.Scalar(ServiceNameField)))));

    private readonly byte[] _resourceVersion = new byte[MaxResourceVersionBytes];
    private readonly OwnerReference?[] _owners = new OwnerReference?[1024];
    private readonly List<NetAddress> _addresses = [];
    private int _resourceVersionLength;
    private string _ownerApiVersion = "";
    private string _ownerKind = "";
    private string _ownerName = "";
    private Uid _ownerUid;
    private bool _ownerControls;

    /// <summary>What is wanted of an object; field numbers stay below <see cref="ObjectStream{T}.FirstField"/>.</summary>
    public abstract JsonShape Shape { get; }

    /// <summary><c>metadata.resourceVersion</c> of the object under way; empty if it has none. Valid until <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> ResourceVersion => _resourceVersion.AsSpan(0, _resourceVersionLength);

    /// <summary>Whether the object is the bookmark that ends the initial events of a watch.</summary>
    public bool IsInitialEventsEnd { get; private set; }

    /// <summary>Whether something in the object has a type that it must not have.</summary>
    protected bool IsSpoilt { get; private set; }

    /// <summary>Text that repeats.</summary>
    protected StringCache Strings { get; } = new();

    /// <summary><c>metadata.uid</c>.</summary>
    protected Uid Uid { get; private set; }

    /// <summary><c>metadata.name</c>.</summary>
    protected string Name { get; private set; } = "";

    /// <summary><c>metadata.namespace</c>; empty for what lives in none.</summary>
    protected string Namespace { get; private set; } = "";

    /// <summary><c>metadata.creationTimestamp</c> in seconds since 1970; 0 if there is none.</summary>
    protected long CreatedSeconds { get; private set; }

    /// <summary>Whether <c>metadata.deletionTimestamp</c> is set.</summary>
    protected bool IsTerminating { get; private set; }

    /// <summary>The controlling owner; null if there is none.</summary>
    protected OwnerReference? Controller { get; private set; }

    /// <summary>The annotation <c>kubernetes.io/config.hash</c>.</summary>
    protected Uid ConfigHash { get; private set; }

    /// <summary>The label <c>kubernetes.io/service-name</c>.</summary>
    protected string ServiceName { get; private set; } = "";

    /// <summary>Forgets the last object.</summary>
    public virtual void Clear()
    {
        IsSpoilt = false;
        IsInitialEventsEnd = false;
        Uid = default;
        Name = "";
        Namespace = "";
        CreatedSeconds = 0;
        IsTerminating = false;
        Controller = null;
        ConfigHash = default;
        ServiceName = "";
        _resourceVersionLength = 0;
        _addresses.Clear();
    }

    /// <summary>The object; null if it lacks a name or uid, or something in it has the wrong type.</summary>
    public T? Build() => IsSpoilt || Uid.IsNone || Name.Length == 0 ? null : Create();

    /// <inheritdoc/>
    public override void Begin(int field)
    {
        if (field == OwnerField)
        {
            _ownerApiVersion = _ownerKind = _ownerName = "";
            _ownerUid = default;
            _ownerControls = false;
        }
    }

    /// <inheritdoc/>
    public override void End(int field)
    {
        if (field == OwnerField && _ownerControls && !_ownerUid.IsNone && _ownerKind.Length > 0 && _ownerName.Length > 0)
        {
            Controller = ShareOwner();
        }
    }

    /// <inheritdoc/>
    public override void Value(int field, ref Utf8JsonReader reader)
    {
        switch (field)
        {
            case UidField: Uid = ReadUid(ref reader); break;
            case NameField: Name = ReadText(ref reader); break;
            case NamespaceField: Namespace = ReadShared(ref reader); break;
            case ResourceVersionField: ReadResourceVersion(ref reader); break;
            case DeletionField: IsTerminating = true; break;
            case CreationField:
                if (reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out DateTimeOffset created))
                {
                    CreatedSeconds = created.ToUnixTimeSeconds();
                }

                break;
            case OwnerApiVersionField: _ownerApiVersion = ReadShared(ref reader); break;
            case OwnerKindField: _ownerKind = ReadShared(ref reader); break;
            case OwnerNameField: _ownerName = ReadShared(ref reader); break;
            case OwnerUidField: _ownerUid = ReadUid(ref reader); break;
            case OwnerControllerField: _ownerControls = ReadBool(ref reader); break;
            case ConfigHashField: ConfigHash = ReadUid(ref reader); break;
            case InitialEventsEndField: IsInitialEventsEnd = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("true"u8); break;
            case ServiceNameField: ServiceName = ReadShared(ref reader); break;
            default: break;
        }
    }

    /// <inheritdoc/>
    public override void WrongType(int field) => IsSpoilt = true;

    /// <summary>An object of which <paramref name="members"/> are wanted besides <c>metadata</c>.</summary>
    protected static JsonShape ObjectWith(params (string Name, JsonShape Shape)[] members) =>
        JsonShape.Object(ObjectStream<T>.ItemField, ("metadata", Metadata)).With(members);

    /// <summary>Makes the object from what was read; name and uid are there.</summary>
    protected abstract T Create();

    /// <summary>Adds an address; what is a name or <c>None</c> is left out, and so is what was added before.</summary>
    /// <param name="reader">Stands on the text.</param>
    /// <param name="limit">Addresses after so many are left out too.</param>
    protected void AddAddress(ref Utf8JsonReader reader, int limit)
    {
        if (TryReadAddress(ref reader, out NetAddress address) && _addresses.Count < limit && !_addresses.Contains(address))
        {
            _addresses.Add(address);
        }
    }

    /// <summary>The addresses added since <see cref="Clear"/>.</summary>
    protected NetAddress[] TakeAddresses() => [.. _addresses];

    /// <summary>Reads an address. A name or other text is no error, another type is.</summary>
    protected bool TryReadAddress(ref Utf8JsonReader reader, out NetAddress address)
    {
        address = default;
        if (reader.TokenType != JsonTokenType.String)
        {
            IsSpoilt = true;
            return false;
        }

        Span<char> text = stackalloc char[64];
        ReadOnlySpan<byte> utf8 = reader.ValueSpan;
        if (utf8.Length is < 2 or > 45 || !Ascii.IsValid(utf8))
        {
            return false;
        }

        Ascii.ToUtf16(utf8, text, out int length);
        if (!IPAddress.TryParse(text[..length], out IPAddress? parsed))
        {
            return false;
        }

        address = NetAddress.From(parsed);
        return true;
    }

    /// <summary>Reads text that differs from object to object.</summary>
    protected string ReadText(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            IsSpoilt = true;
            return "";
        }

        return reader.ValueIsEscaped ? Unescape(ref reader) : Encoding.UTF8.GetString(reader.ValueSpan);
    }

    /// <summary>Reads text that repeats.</summary>
    protected string ReadShared(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped ? Strings.Get(reader.ValueSpan) : ReadText(ref reader);

    /// <summary>Reads true or false.</summary>
    protected bool ReadBool(ref Utf8JsonReader reader)
    {
        IsSpoilt |= reader.TokenType is not (JsonTokenType.True or JsonTokenType.False);
        return reader.TokenType == JsonTokenType.True;
    }

    /// <summary>Reads a uid.</summary>
    protected Uid ReadUid(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            IsSpoilt = true;
            return default;
        }

        return Uid.Parse(reader.ValueSpan);
    }

    private string Unescape(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            IsSpoilt = true;        // half a surrogate pair, or bytes that are not UTF-8
            return "";
        }
    }

    private void ReadResourceVersion(ref Utf8JsonReader reader)
    {
        ReadOnlySpan<byte> text = reader.ValueSpan;

        // Opaque text (Kubernetes API concepts, "Resource versions"), a decimal number in practice; it goes back in a query.
        if (reader.TokenType == JsonTokenType.String && text.Length <= MaxResourceVersionBytes && !text.ContainsAnyExceptInRange((byte)'!', (byte)'~'))
        {
            text.CopyTo(_resourceVersion);
            _resourceVersionLength = text.Length;
        }
        else
        {
            IsSpoilt = true;
        }
    }

    private OwnerReference ShareOwner()
    {
        ref OwnerReference? slot = ref _owners[(_ownerUid.Low ^ _ownerUid.High) % (ulong)_owners.Length];
        if (slot is null || slot.Uid != _ownerUid || slot.Name != _ownerName || slot.Kind != _ownerKind || slot.ApiVersion != _ownerApiVersion)
        {
            slot = new OwnerReference(_ownerApiVersion, _ownerKind, _ownerName, _ownerUid);
        }

        return slot;
    }
}
