using System.Buffers;
using Caretta.Aot.Identity;
using Caretta.Aot.Snapshots;

namespace Caretta.Aot.Metrics;

/// <summary>
/// One metric page on its way out, written piece by piece so that a page of any size needs little memory. Reusable; one thread at a
/// time. Allocates nothing once its buffers' owner is warm.
/// </summary>
internal sealed class MetricsPage(MetricsLayout layout)
{
    /// <summary>A piece ends with the line that reaches this many bytes.</summary>
    public const int PieceLength = 32 * 1024;

    // Everything in a link's line except names and numbers, with room to spare; the exact texts are in WriteLine.
    private const int FixedLineLength = 64;

    private LinkSnapshot? _snapshot;
    private ExpositionFormat _format;
    private bool _healthWritten;
    private int _family;
    private int _link;
    private bool _ended;

    /// <summary>Starts over with a snapshot that the caller holds until <see cref="End"/>.</summary>
    public void Begin(LinkSnapshot snapshot, ExpositionFormat format)
    {
        _snapshot = snapshot;
        _format = format;
        _healthWritten = false;
        _family = 0;
        _link = -1;
        _ended = false;
    }

    /// <summary>Forgets the snapshot and returns it to the caller, who releases it.</summary>
    public LinkSnapshot? End()
    {
        LinkSnapshot? snapshot = _snapshot;
        _snapshot = null;
        return snapshot;
    }

    /// <summary>Writes the next piece: whole lines, about <see cref="PieceLength"/> bytes, more only where the last line ends.</summary>
    /// <returns>False when nothing was written because the page is complete.</returns>
    /// <exception cref="InvalidOperationException"><see cref="Begin"/> was not called.</exception>
    public bool WriteNext(IBufferWriter<byte> writer)
    {
        LinkSnapshot snapshot = _snapshot ?? throw new InvalidOperationException("the page was not begun");
        if (_ended)
        {
            return false;
        }

        if (!_healthWritten)
        {
            layout.Health.Write(writer, snapshot, _format);
            _healthWritten = true;
            return true;
        }

        int written = 0;
        while (_family < LinkFamily.Count)
        {
            if ((layout.Families & LinkFamily.FlagAt(_family)) != 0)
            {
                written += WriteFamily(writer, snapshot, PieceLength - written);
                if (written >= PieceLength)
                {
                    return true;
                }
            }

            _family++;
            _link = -1;
        }

        _ended = true;
        if (_format == ExpositionFormat.OpenMetrics)
        {
            writer.Write("# EOF\n"u8);
            return true;
        }

        return written > 0;
    }

    private int WriteFamily(IBufferWriter<byte> writer, LinkSnapshot snapshot, int budget)
    {
        MetricFamily family = LinkFamily.At(_family);
        LinkFamilies flag = LinkFamily.FlagAt(_family);
        int written = 0;
        if (_link < 0)
        {
            writer.Write(family.Header(_format));
            written = family.Header(_format).Length;
            _link = 0;
        }

        LinkColumns links = snapshot.Links;
        for (; _link < links.Count && written < budget; _link++)
        {
            if (LinkFamily.TryGetValue(flag, links, _link, out ulong value))
            {
                LinkIdentity identity = links.Identities[_link];
                Workload client = snapshot.Workloads[identity.Client];
                Workload server = snapshot.Workloads[identity.Server];
                written += WriteLine(writer, family, client, server, identity, value);
            }
        }

        // Come back to a family that is cut off, even if all its lines are out: it then adds nothing and the next one follows.
        return written;
    }

    private static int WriteLine(
        IBufferWriter<byte> writer, MetricFamily family, Workload client, Workload server, LinkIdentity link, ulong value)
    {
        ReadOnlySpan<byte> clientLabels = client.ClientLabels;
        ReadOnlySpan<byte> serverLabels = server.ServerLabels;
        int maxLength = family.NameBytes.Length + clientLabels.Length + serverLabels.Length + FixedLineLength
            + (4 * TextSink.MaxNumberLength);
        using var sink = new TextSink(writer, maxLength);
        sink.Append(family.NameBytes);
        sink.Append("{"u8);
        sink.Append(clientLabels);
        sink.Append(",link_id=\""u8);

        // As the original adds them: 32 bits that wrap around.
        sink.Append(unchecked(Fnv1a.Continue(client.Id, server.HashedText) + link.Role));
        sink.Append("\",role=\""u8);
        sink.Append(link.Role);
        sink.Append("\","u8);
        sink.Append(serverLabels);
        sink.Append(",server_port=\""u8);
        sink.Append(link.Port);
        sink.Append("\"} "u8);
        sink.Append(value);
        sink.Append("\n"u8);
        return sink.Length;
    }
}
