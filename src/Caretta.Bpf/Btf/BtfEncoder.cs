using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Caretta.Bpf.Btf;

/// <summary>
/// Makes of an object's BTF the image that a kernel accepts: fills in what compilers leave open, turns references to the kernel into
/// definitions, and replaces what the kernel is too old for. Ids never change, so records and maps may keep using them.
/// </summary>
/// <remarks>
/// Source: libbpf, <c>btf_fixup_datasec</c>, <c>bpf_object__collect_externs</c>, <c>bpf_object__sanitize_btf</c>;
/// the kernel's checks are in <c>kernel/bpf/btf.c</c>.
/// </remarks>
internal sealed class BtfEncoder
{
    private readonly BtfTypes _source;
    private readonly IBtfSymbols _symbols;
    private readonly BtfDraft _draft;
    private uint _intId;
    private uint _kernelSymbolId;
    private uint _byteId;
    private uint _kernelSymbolNameOffset;

    private BtfEncoder(BtfTypes source, IBtfSymbols symbols)
    {
        _source = source;
        _symbols = symbols;
        _draft = new BtfDraft(source);
    }

    /// <summary>Encodes <paramref name="types"/> for a kernel with <paramref name="features"/>.</summary>
    /// <param name="types">Types of an object, not split and little-endian.</param>
    /// <param name="symbols">The object's sections and symbols.</param>
    /// <param name="features">What the kernel understands.</param>
    /// <returns>A complete image, for <c>BPF_BTF_LOAD</c> (Linux 4.18). Types that had to be added come after all others.</returns>
    /// <exception cref="BadImageException">The types name a section or a variable that the object has not.</exception>
    public static byte[] Encode(BtfTypes types, IBtfSymbols symbols, BtfFeatures features)
    {
        ArgumentNullException.ThrowIfNull(types);
        ArgumentNullException.ThrowIfNull(symbols);
        if (types.BaseTypes is not null)
        {
            throw new ArgumentException("the types of an object do not continue other ones", nameof(types));
        }

        BtfEncoder encoder = new(types, symbols);
        encoder.Complete();
        if ((features & BtfFeatures.All) != BtfFeatures.All)
        {
            new BtfDowngrade(encoder._draft, features).Apply();
        }

        return encoder._draft.ToImage();
    }

    /// <summary>Fills in places and resolves references, which every kernel wants.</summary>
    private void Complete()
    {
        for (uint id = 1; id <= (uint)_source.Count; id++)
        {
            BtfType type = _source[id];
            if (type.Kind == BtfKind.DataSection)
            {
                CompleteSection(type);
            }
            else if (type.Kind == BtfKind.Function && type.Linkage == BtfLinkage.Global && _symbols.IsHiddenFunction(type.Name))
            {
                _draft.SetKind(id, BtfKind.Function, (int)BtfLinkage.Static);
            }
        }
    }

    private void CompleteSection(BtfType section)
    {
        if (section.Name.SequenceEqual(".ksyms"u8))
        {
            CompleteKernelSymbols(section);
            return;
        }

        // A linked object may have its size and offsets already; an ELF section cannot change them any more.
        bool isVirtual = section.Name.SequenceEqual(".kconfig"u8);
        if (section.Size == 0)
        {
            if (!_symbols.TryGetSectionSize(section.Name, out uint size) || size == 0)
            {
                Fail(section, "the object has no such section");
            }

            _draft.SetWord(section.Id, 8, size);
        }

        for (int i = 0; i < section.Length; i++)
        {
            BtfSectionVariable entry = section.SectionVariable(i);
            BtfType variable = _source[entry.TypeId];
            if (variable.Kind == BtfKind.Variable && _source.TryGetSize(variable.TypeId, out uint wanted) && entry.Size < wanted)
            {
                // clang splits a static structure or array of which it needs but a part, and leaves the whole one's type to the part. The
                // kernel would refuse all types for that (btf_datasec_resolve), so the part becomes a byte, which is never too large.
                _draft.SetWord(variable.Id, 8, ByteId());
            }

            // Of static variables the compiler knew the place itself.
            if (variable.Kind != BtfKind.Variable || variable.Linkage == BtfLinkage.Static
                || (variable.Linkage == BtfLinkage.External && !isVirtual))
            {
                continue;
            }

            if (!_symbols.TryGetVariable(section.Name, variable.Name, out uint offset, out bool isHidden))
            {
                Fail(section, $"the object has no variable {variable.NameText} there");
            }

            _draft.SetWord(section.Id, BtfFormat.TypeSize + (i * 12) + 4, offset);
            if (isHidden || isVirtual)
            {
                _draft.SetWord(variable.Id, BtfFormat.TypeSize, (uint)(isHidden ? BtfLinkage.Static : BtfLinkage.Global));
            }
        }

        SortSection(section);
    }

    /// <summary>
    /// References to kernel symbols have no place and their functions are in no section as the kernel sees it: they become a section
    /// of 4-byte integers, and the functions ordinary global ones with named parameters.
    /// </summary>
    private void CompleteKernelSymbols(BtfType section)
    {
        uint offset = 0;
        for (int i = 0; i < section.Length; i++, offset += 4)
        {
            int at = BtfFormat.TypeSize + (i * 12);
            BtfType symbol = _source[section.SectionVariable(i).TypeId];
            if (symbol.Kind == BtfKind.Function)
            {
                _draft.SetKind(symbol.Id, BtfKind.Function, (int)BtfLinkage.Global);
                NameParameters(_source[symbol.TypeId]);
                _draft.SetWord(section.Id, at, KernelSymbolId());
            }
            else
            {
                _draft.SetWord(symbol.Id, 8, IntId());
                _draft.SetWord(symbol.Id, BtfFormat.TypeSize, (uint)BtfLinkage.Global);
            }

            _draft.SetWord(section.Id, at + 4, offset);
            _draft.SetWord(section.Id, at + 8, 4);
        }

        _draft.SetWord(section.Id, 8, offset);
    }

    private void NameParameters(BtfType prototype)
    {
        KernelSymbolId();       // its name will do
        for (int i = 0; i < prototype.Length; i++)
        {
            BtfParameter parameter = prototype.Parameter(i);
            if (parameter.TypeId != 0 && parameter.NameOffset == 0)
            {
                _draft.SetWord(prototype.Id, BtfFormat.TypeSize + (i * 8), _kernelSymbolNameOffset);
            }
        }
    }

    /// <summary>The kernel wants variables in the order of their places (<c>btf_datasec_check_meta</c>).</summary>
    private void SortSection(BtfType section)
    {
        (uint Offset, int Order, uint TypeId, uint Size)[] entries = new (uint, int, uint, uint)[section.Length];
        for (int i = 0; i < entries.Length; i++)
        {
            int at = BtfFormat.TypeSize + (i * 12);
            entries[i] = (_draft.WordOf(section.Id, at + 4), i, _draft.WordOf(section.Id, at), _draft.WordOf(section.Id, at + 8));
        }

        Array.Sort(entries, static (a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.Order.CompareTo(b.Order));
        for (int i = 0; i < entries.Length; i++)
        {
            int at = BtfFormat.TypeSize + (i * 12);
            _draft.SetWord(section.Id, at, entries[i].TypeId);
            _draft.SetWord(section.Id, at + 4, entries[i].Offset);
            _draft.SetWord(section.Id, at + 8, entries[i].Size);
        }
    }

    private uint IntId()
    {
        for (uint id = 1; _intId == 0 && id <= (uint)_source.Count; id++)
        {
            BtfType type = _source[id];
            if (type.Kind == BtfKind.Int && type.Size == 4 && type.IntegerEncoding.Bits == 32)
            {
                _intId = id;
            }
        }

        if (_intId == 0)
        {
            _intId = _draft.AddType(_draft.AddString("int"u8), BtfFormat.Info(BtfKind.Int, 0), 4, (1u << 24) | 32);
        }

        return _intId;
    }

    private uint ByteId() =>
        _byteId != 0 ? _byteId : _byteId = _draft.AddType(_draft.AddString("part"u8), BtfFormat.Info(BtfKind.Int, 0), 1, 8);

    private uint KernelSymbolId()
    {
        if (_kernelSymbolId == 0)
        {
            uint intId = IntId();
            _kernelSymbolNameOffset = _draft.AddString("kernel_symbol"u8);
            _kernelSymbolId = _draft.AddType(_kernelSymbolNameOffset, BtfFormat.Info(BtfKind.Variable, 0), intId, (uint)BtfLinkage.Global);
        }

        return _kernelSymbolId;
    }

    [DoesNotReturn, StackTraceHidden]
    private void Fail(BtfType section, string problem) =>
        throw new BadImageException($"{_source.ImageName}: type {section}: {problem}");
}
