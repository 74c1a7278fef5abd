namespace Caretta.Aot.Export;

/// <summary>What <c>caretta map</c> writes.</summary>
internal enum MapFormat
{
    /// <summary>Columns for people.</summary>
    Table,

    /// <summary>As <c>/api/links</c>.</summary>
    Json,

    /// <summary>For spreadsheets.</summary>
    Csv,

    /// <summary>For Graphviz.</summary>
    Dot,

    /// <summary>For Markdown pages.</summary>
    Mermaid,

    /// <summary>For <c>kubectl apply</c>.</summary>
    NetworkPolicy,
}
