namespace Caretta.Bpf.CoreRelocation;

/// <summary>Groups of relocation kinds and their usual names.</summary>
internal static class CoreKinds
{
    /// <summary>Whether the access string names a field.</summary>
    public static bool IsField(CoreRelocationKind kind) => kind <= CoreRelocationKind.FieldRightShift;

    /// <summary>Whether the question is about a type as a whole.</summary>
    public static bool IsType(CoreRelocationKind kind) => kind is CoreRelocationKind.TypeIdLocal or CoreRelocationKind.TypeIdTarget
        or CoreRelocationKind.TypeExists or CoreRelocationKind.TypeSize or CoreRelocationKind.TypeMatches;

    /// <summary>Whether the access string is the index of an enumeration's value.</summary>
    public static bool IsEnumerator(CoreRelocationKind kind) =>
        kind is CoreRelocationKind.EnumeratorExists or CoreRelocationKind.EnumeratorValue;

    /// <summary>The kind as loaders and verifier logs call it.</summary>
    public static string Describe(CoreRelocationKind kind) => kind switch
    {
        CoreRelocationKind.FieldByteOffset => "byte_off",
        CoreRelocationKind.FieldByteSize => "byte_sz",
        CoreRelocationKind.FieldExists => "field_exists",
        CoreRelocationKind.FieldSigned => "signed",
        CoreRelocationKind.FieldLeftShift => "lshift_u64",
        CoreRelocationKind.FieldRightShift => "rshift_u64",
        CoreRelocationKind.TypeIdLocal => "local_type_id",
        CoreRelocationKind.TypeIdTarget => "target_type_id",
        CoreRelocationKind.TypeExists => "type_exists",
        CoreRelocationKind.TypeSize => "type_size",
        CoreRelocationKind.EnumeratorExists => "enumval_exists",
        CoreRelocationKind.EnumeratorValue => "enumval_value",
        CoreRelocationKind.TypeMatches => "type_matches",
        _ => $"unknown kind {(uint)kind}",
    };
}
