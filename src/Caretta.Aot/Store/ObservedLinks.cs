using System.Globalization;
using System.Runtime.InteropServices;
using Caretta.Aot.Map;

namespace Caretta.Aot.Store;

/// <summary>Collects what the answers to several queries say of links. One thread at a time.</summary>
internal sealed class ObservedLinks
{
    /// <summary>The labels that its series must have, in the order in which it reads them.</summary>
    public static readonly string[] Labels = PromQl.LinkLabels.Split(',');

    private readonly Utf8Table _names = new();
    private readonly Dictionary<(int Client, int Server, int PortAndRole), int> _rows = [];
    private readonly List<ObservedLink> _links = [];
    private byte[] _key = new byte[512];

    /// <summary>The ends. Servers come without their owner, which their agents do not tell.</summary>
    public List<MapNode> Nodes { get; } = [];

    /// <summary>Links that lack a part of what they counted: see <see cref="LinkReturns"/>.</summary>
    public int Incomplete { get; set; }

    /// <summary>What was seen.</summary>
    public Span<ObservedLink> Links => CollectionsMarshal.AsSpan(_links);

    /// <summary>Where in <see cref="Links"/> to count what a series says; -1 where its labels are not those of a link.</summary>
    public int IndexOf(SeriesReader series)
    {
        if (!ushort.TryParse(series.Label(7), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            || series.Label(8) is not [var digit and ((byte)'1' or (byte)'2')])
        {
            return -1;
        }

        byte role = (byte)(digit - (byte)'0');
        int client = NodeOf(series, 0, 4);
        int server = NodeOf(series, 4, 3);
        ref int row = ref CollectionsMarshal.GetValueRefOrAddDefault(_rows, (client, server, (port << 8) | role), out bool known);
        if (!known)
        {
            row = _links.Count;
            _links.Add(new ObservedLink { Client = client, Server = server, Port = port, Role = role });
        }

        return row;
    }

    // Name, namespace, kind and, of a client, owner, from the label at `first` on.
    private int NodeOf(SeriesReader series, int first, int labels)
    {
        int length = 0;
        for (int i = first; i < first + labels; i++)
        {
            ReadOnlySpan<byte> label = series.Label(i);
            if (_key.Length < length + label.Length + 1)
            {
                Array.Resize(ref _key, Math.Max(_key.Length * 2, length + label.Length + 1));
            }

            label.CopyTo(_key.AsSpan(length));
            length += label.Length;
            _key[length++] = 0xff;      // no UTF-8 has it
        }

        // No owner and no owner known are the same.
        if (labels == 3)
        {
            if (_key.Length == length)
            {
                Array.Resize(ref _key, length * 2);
            }

            _key[length++] = 0xff;
        }

        int node = _names.Add(_key.AsSpan(0, length), out bool isNew);
        if (isNew)
        {
            string owner = labels > 3 ? series.Text(first + 3) : "";
            Nodes.Add(new MapNode(series.Text(first), series.Text(first + 1), series.Text(first + 2), owner.Length > 0 ? owner : null));
        }

        return node;
    }
}
