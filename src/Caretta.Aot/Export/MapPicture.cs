namespace Caretta.Aot.Export;

/// <summary>What graphs are drawn from: ends in clusters by namespace, and one line for each pair of them with all its ports.</summary>
internal sealed class MapPicture
{
    /// <summary>Joins the rows.</summary>
    public MapPicture(IReadOnlyList<ExportRow> rows)
    {
        SortedDictionary<(SeenNode Client, SeenNode Server), Line> lines = new(Comparer<(SeenNode, SeenNode)>.Create(static (one, other) =>
        {
            int order = one.Item1.CompareTo(other.Item1);
            return order != 0 ? order : one.Item2.CompareTo(other.Item2);
        }));
        SortedSet<SeenNode> ends = [];
        foreach (ExportRow row in rows)
        {
            ends.Add(row.Link.Client);
            ends.Add(row.Link.Server);
            if (!lines.TryGetValue((row.Link.Client, row.Link.Server), out Line? line))
            {
                line = new Line(row.Link.Client, row.Link.Server);
                lines.Add((row.Link.Client, row.Link.Server), line);
            }

            line.Add(row);
        }

        foreach (SeenNode end in ends)
        {
            Numbers.Add(end, Numbers.Count);
            string space = end.IsExternal ? "external" : end.Namespace;
            if (!Spaces.TryGetValue(space, out List<SeenNode>? members))
            {
                members = [];
                Spaces.Add(space, members);
            }

            members.Add(end);
        }

        Lines = [.. lines.Values];
    }

    /// <summary>Ends by namespace.</summary>
    public SortedDictionary<string, List<SeenNode>> Spaces { get; } = new(StringComparer.Ordinal);

    /// <summary>A number for each end: names cannot break what they are not in.</summary>
    public Dictionary<SeenNode, int> Numbers { get; } = [];

    /// <summary>The lines.</summary>
    public IReadOnlyList<Line> Lines { get; }

    /// <summary>All links from one end to another.</summary>
    /// <param name="client">Who connects.</param>
    /// <param name="server">Who listens.</param>
    public sealed class Line(SeenNode client, SeenNode server)
    {
        /// <summary>What it is drawn in; empty for the usual.</summary>
        public string Colour => Change switch
        {
            LinkChange.New => "#1a7f37",
            LinkChange.Gone => "#6e7781",
            LinkChange.Grown => "#0969da",
            LinkChange.Shrunk => "#9a6700",
            _ => IsFailing ? "#cf222e" : "",
        };

        /// <summary>Who connects.</summary>
        public SeenNode Client => client;

        /// <summary>Who listens.</summary>
        public SeenNode Server => server;

        /// <summary>Ports, each with the mark of its change.</summary>
        public SortedDictionary<int, string> Ports { get; } = [];

        /// <summary>Bytes per second both ways.</summary>
        public double Rate { get; private set; }

        /// <summary>Bytes both ways.</summary>
        public double Bytes { get; private set; }

        /// <summary>Whether connects fail.</summary>
        public bool IsFailing { get; private set; }

        /// <summary>How it changed, where all its ports did so alike.</summary>
        public LinkChange Change { get; private set; }

        /// <summary>What is written at it.</summary>
        public string Label => $"{string.Join(", ", PortTexts())} · {Units.Bytes(Bytes)}";

        /// <summary>Adds a port.</summary>
        public void Add(ExportRow row)
        {
            Change = Ports.Count == 0 || Change == row.Change ? row.Change : LinkChange.Same;
            Ports[row.Link.Port] = row.ChangeMark is "=" ? "" : row.ChangeMark;
            if (row.Change != LinkChange.Gone)
            {
                Rate += row.Link.Rate;
                Bytes += row.Link.Bytes;
                IsFailing |= row.Link.IsFailing;
            }
        }

        private List<string> PortTexts()
        {
            List<string> texts = [];
            foreach ((int port, string mark) in Ports)
            {
                texts.Add(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{mark}{port}"));
            }

            return texts;
        }
    }
}
