namespace Caretta.Aot.Export;

/// <summary>A link to be shown.</summary>
/// <param name="Link">What is shown of it: as it is, or as it was where it is gone.</param>
/// <param name="Change">How it differs from before.</param>
/// <param name="Before">As it was; null where it was not there, or nothing was compared.</param>
internal sealed record ExportRow(SeenLink Link, LinkChange Change = LinkChange.None, SeenLink? Before = null)
{
    /// <summary>The word for <see cref="Change"/>.</summary>
    public string ChangeWord => Change switch
    {
        LinkChange.New => "new",
        LinkChange.Gone => "gone",
        LinkChange.Grown => "grown",
        LinkChange.Shrunk => "shrunk",
        LinkChange.Same => "same",
        _ => "",
    };

    /// <summary>The mark for <see cref="Change"/>, as the page has it.</summary>
    public string ChangeMark => Change switch
    {
        LinkChange.New => "+",
        LinkChange.Gone => "-",
        LinkChange.Grown => "^",
        LinkChange.Shrunk => "v",
        LinkChange.Same => "=",
        _ => "",
    };
}
