using System.Buffers.Binary;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Caretta.Bpf.Elf;

namespace Caretta.Bpf.Btf;

/// <summary>
/// All types of one BTF image: the <c>.BTF</c> section of an object, <c>/sys/kernel/btf/vmlinux</c>, or the split BTF of a kernel
/// module on top of the latter. The image is checked once by <see cref="Parse"/>; afterwards ids and names can be followed freely.
/// </summary>
/// <remarks>
/// Keeps the image and one offset per type; there is no object per type. Views and names are views of the image, so the caller must
/// not change its bytes any more. Immutable: any thread may use it.
/// Source: <c>include/uapi/linux/btf.h</c>, <c>Documentation/bpf/btf.rst</c>.
/// </remarks>
public sealed class BtfTypes
{
    private readonly ReadOnlyMemory<byte> _image;
    private readonly int[] _offsets;
    private readonly BtfSections _sections;
    private readonly uint _baseStringLength;
    private BtfNameIndex? _names;

    internal BtfTypes(
        ReadOnlyMemory<byte> image, string imageName, BtfTypes? baseTypes, int[] offsets, BtfSections sections, int pointerSize,
        bool isBigEndian)
    {
        _image = image;
        _offsets = offsets;
        _sections = sections;
        _baseStringLength = baseTypes?.StringLength ?? 0;
        ImageName = imageName;
        BaseTypes = baseTypes;
        FirstId = (uint)(baseTypes?.Count ?? 0) + 1;
        PointerSize = pointerSize;
        IsBigEndian = isBigEndian;
    }

    /// <summary>Name of the image for messages, as given to <see cref="Parse"/>.</summary>
    public string ImageName { get; }

    /// <summary>The types that this split BTF continues, or <see langword="null"/>.</summary>
    public BtfTypes? BaseTypes { get; }

    /// <summary>The highest id. Ids run from 1, those of <see cref="BaseTypes"/> first; 0 is <c>void</c>.</summary>
    public int Count => (int)FirstId - 1 + _offsets.Length;

    /// <summary>The lowest id that is not one of <see cref="BaseTypes"/>.</summary>
    public uint FirstId { get; }

    /// <summary>Bytes in a pointer of the machine described, 4 or 8: the size of its <c>long</c>, or 8 if the image has none.</summary>
    public int PointerSize { get; }

    /// <summary>Whether the image was big-endian. It reads the same, but the kernel of this machine would not take it.</summary>
    public bool IsBigEndian { get; }

    /// <summary>Bytes of all strings, those of <see cref="BaseTypes"/> included: the first name offset that does not exist.</summary>
    internal uint StringLength => _baseStringLength + (uint)_sections.StringsLength;

    /// <summary>Where the own strings begin among all: lower offsets are names of <see cref="BaseTypes"/>.</summary>
    internal uint FirstNameOffset => _baseStringLength;

    /// <summary>The own types as little-endian bytes, one after the other.</summary>
    internal ReadOnlySpan<byte> TypeBytes => _image.Span.Slice(_sections.TypesStart, _sections.TypesLength);

    /// <summary>The own strings, each with its NUL.</summary>
    internal ReadOnlySpan<byte> StringBytes => _image.Span.Slice(_sections.StringsStart, _sections.StringsLength);

    /// <summary>Offset in <see cref="TypeBytes"/> of the own type <paramref name="id"/>.</summary>
    internal int OffsetOf(uint id) => _offsets[id - FirstId] - _sections.TypesStart;

    /// <summary>The type with number <paramref name="id"/>.</summary>
    /// <exception cref="BadImageException">There is no such type: the id came from elsewhere and belongs to another image.</exception>
    public BtfType this[uint id]
    {
        get
        {
            if (id < FirstId)
            {
                return id == 0 ? new BtfType(this, 0, 0) : BaseTypes![id];
            }

            uint index = id - FirstId;
            if (index >= (uint)_offsets.Length)
            {
                ThrowUnknownType(id);
            }

            return new BtfType(this, id, _offsets[index]);
        }
    }

    /// <summary>Checks <paramref name="image"/> completely and indexes it.</summary>
    /// <param name="image">Bytes of either byte order. They are kept and must not change; a big-endian image is copied.</param>
    /// <param name="name">Name of the image for messages.</param>
    /// <param name="baseTypes">For a split BTF: the types it continues. It must be exactly the base it was made for.</param>
    /// <exception cref="BadImageException">
    /// The image is not BTF, is cut short, refers to types or names that do not exist, or nests deeper than the kernel allows.
    /// </exception>
    /// <remarks>Takes time and memory in proportion to the image: 4 bytes per type.</remarks>
    public static BtfTypes Parse(ReadOnlyMemory<byte> image, string name, BtfTypes? baseTypes = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        return BtfParser.Parse(image, name, baseTypes);
    }

    /// <summary>Checks and indexes the types in a file: an image by itself, or the section <c>.BTF</c> of a 64-bit ELF file of any machine.</summary>
    /// <param name="file">The whole file. It is kept and must not change.</param>
    /// <param name="name">Name of the file for messages.</param>
    /// <exception cref="BadImageException">As for <see cref="Parse"/>, or the ELF file is malformed or has no such section.</exception>
    public static BtfTypes ParseFile(ReadOnlyMemory<byte> file, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return file.Span.StartsWith("\u007fELF"u8) ? Parse(ElfSectionFinder.Find(file, ".BTF"u8, name), $"{name} .BTF") : Parse(file, name);
    }

    /// <summary>The string at <paramref name="offset"/> without its NUL, as UTF-8; a view of the image.</summary>
    /// <exception cref="BadImageException">The offset is outside of the strings.</exception>
    public ReadOnlySpan<byte> NameOf(uint offset)
    {
        if (offset < _baseStringLength)
        {
            return BaseTypes!.NameOf(offset);
        }

        uint own = offset - _baseStringLength;
        if (own >= (uint)_sections.StringsLength)
        {
            ThrowUnknownName(offset);
        }

        ReadOnlySpan<byte> rest = StringBytes[(int)own..];
        return rest[..rest.IndexOf((byte)0)];
    }

    /// <summary>The string at <paramref name="offset"/> for messages.</summary>
    /// <exception cref="BadImageException">The offset is outside of the strings.</exception>
    public string NameText(uint offset) => Encoding.UTF8.GetString(NameOf(offset));

    /// <summary>The type behind typedefs, qualifiers and type tags; <paramref name="id"/> itself if it is none of these.</summary>
    /// <exception cref="BadImageException">There is no type <paramref name="id"/>.</exception>
    public BtfType SkipModifiers(uint id)
    {
        BtfType type = this[id];
        while (type.IsModifier)     // Parse has limited such chains
        {
            type = this[type.TypeId];
        }

        return type;
    }

    /// <summary>Size in bytes of a value of type <paramref name="id"/>; modifiers, variables and arrays are followed.</summary>
    /// <returns><see langword="false"/> if such a value has no size (void, functions, declarations) or 32 bits do not hold it.</returns>
    /// <exception cref="BadImageException">There is no type <paramref name="id"/>.</exception>
    public bool TryGetSize(uint id, out uint size)
    {
        ulong elements = 1;
        size = 0;
        BtfType type = this[id];
        while (true)                // Parse has limited such chains
        {
            switch (type.Kind)
            {
                case BtfKind.Int or BtfKind.Struct or BtfKind.Union or BtfKind.Enum or BtfKind.Enum64 or BtfKind.DataSection
                    or BtfKind.Float:
                    return TryMultiply(elements, type.Size, out size);
                case BtfKind.Pointer:
                    return TryMultiply(elements, (uint)PointerSize, out size);
                case BtfKind.Array:
                    if (!TryMultiply(elements, type.Array.Length, out uint product))
                    {
                        return false;
                    }

                    elements = product;
                    type = this[type.Array.ElementTypeId];
                    break;
                case BtfKind.Typedef or BtfKind.Const or BtfKind.Volatile or BtfKind.Restrict or BtfKind.TypeTag or BtfKind.Variable
                    or BtfKind.DeclarationTag:
                    type = this[type.TypeId];
                    break;
                default:
                    return false;
            }
        }
    }

    /// <summary>
    /// The id of the first type with exactly this name and kind, own types before those of <see cref="BaseTypes"/>; 0 if there is none.
    /// Tags cannot be found by name.
    /// </summary>
    /// <remarks>The first call indexes all names: about as long as <see cref="Parse"/>, and 10 bytes per named type.</remarks>
    public uint FindByName(ReadOnlySpan<byte> name, BtfKind kind)
    {
        foreach (uint id in Names.Bucket(BtfName.Essential(name)))
        {
            BtfType type = this[id];
            if (type.Kind == kind && type.Name.SequenceEqual(name))
            {
                return id;
            }
        }

        return BaseTypes?.FindByName(name, kind) ?? 0;
    }

    /// <summary>
    /// Adds to <paramref name="candidates"/>, in ascending order, the ids of all own types of this kind whose name without flavour is
    /// <paramref name="essentialName"/>. Enumerations of either width count as one kind. Types of <see cref="BaseTypes"/> are not searched.
    /// </summary>
    /// <param name="essentialName">As <see cref="BtfName.Essential"/> returns it; an empty one finds nothing.</param>
    /// <param name="kind">Wanted kind.</param>
    /// <param name="candidates">Receives the ids.</param>
    public void FindCandidates(ReadOnlySpan<byte> essentialName, BtfKind kind, ICollection<uint> candidates)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        if (essentialName.IsEmpty)
        {
            return;
        }

        bool enumeration = kind is BtfKind.Enum or BtfKind.Enum64;
        foreach (uint id in Names.Bucket(essentialName))
        {
            BtfType type = this[id];
            if ((type.Kind == kind || (enumeration && type.IsEnumeration)) && BtfName.Essential(type.Name).SequenceEqual(essentialName))
            {
                candidates.Add(id);
            }
        }
    }

    /// <summary>The word at <paramref name="offset"/> of the image; only for places that <see cref="Parse"/> has checked.</summary>
    internal uint WordAt(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_image.Span[offset..]);

    // Two threads may both build the index; either result is right.
    private BtfNameIndex Names => Volatile.Read(ref _names) ?? BuildNames();

    private BtfNameIndex BuildNames()
    {
        BtfNameIndex names = BtfNameIndex.Build(this);
        Volatile.Write(ref _names, names);
        return names;
    }

    private static bool TryMultiply(ulong left, uint right, out uint product)
    {
        ulong wide = left * right;      // both fit in 32 bits
        product = (uint)wide;
        return wide == product;
    }

    [DoesNotReturn, StackTraceHidden]
    private void ThrowUnknownType(uint id) =>
        throw new BadImageException($"{ImageName}: there is no type {id}, only {Count}");

    [DoesNotReturn, StackTraceHidden]
    private void ThrowUnknownName(uint offset) =>
        throw new BadImageException($"{ImageName}: there is no string at 0x{offset:x}, the strings have only {StringLength} bytes");
}
