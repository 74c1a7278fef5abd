using System.Buffers;
using Caretta.Aot.Identity;
using Caretta.Aot.Snapshots;

namespace Caretta.Aot.Metrics;

/// <summary>
/// The part of the page that is about the agent: the original's own metrics and <c>caretta_agent_…</c>. A few kilobytes, written in one
/// piece. Immutable; any number of pages may share one.
/// </summary>
internal sealed class HealthSection
{
    private static readonly MetricFamily Polls = new("caretta_polls_made", MetricType.CounterByOldName,
        "Polls of the kernel that succeeded.");
    private static readonly MetricFamily FailedDeletions = new("caretta_failed_deletions", MetricType.CounterByOldName,
        "Drained entries that could not be removed from the kernel map of links.");
    private static readonly MetricFamily ConnectionDeletions = new("caretta_connection_deletions", MetricType.CounterByOldName,
        "Connections that closed, and with them their entry in the kernel store of sockets.");
    private static readonly MetricFamily Loopback = new("caretta_current_loopback_connections", MetricType.Gauge,
        "Connection ends on loopback addresses that are open now.");
    private static readonly MetricFamily MapSize = new("caretta_ebpf_connections_map_size", MetricType.Gauge,
        "Entries in the kernel store of sockets: TCP sockets tracked now.");
    private static readonly MetricFamily WatcherEvents = new("caretta_watcher_events_count", MetricType.CounterByOldName,
        "Watch events received from the API server.");
    private static readonly MetricFamily WatcherResets = new("caretta_watcher_resets_count", MetricType.CounterByOldName,
        "Watches of the API server that were begun anew.");
    private static readonly MetricFamily BuildInfo = new("caretta_agent_build_info", MetricType.Info,
        "Version of the agent and release of the kernel it runs on.");
    private static readonly MetricFamily TierInfo = new("caretta_agent_tier_info", MetricType.Info,
        "Set of kernel programs in use, and why it is not a better one.");
    private static readonly MetricFamily StartTime = new("caretta_agent_start_time_seconds", MetricType.Gauge,
        "When the agent was launched, in seconds since 1970-01-01 UTC.");
    private static readonly MetricFamily FailedPolls = new("caretta_agent_failed_polls_total", MetricType.Counter,
        "Polls of the kernel that failed.");
    private static readonly MetricFamily PollDuration = new("caretta_agent_poll_duration_seconds", MetricType.Gauge,
        "Time the last poll took, drain included.");
    private static readonly MetricFamily DrainDuration = new("caretta_agent_drain_duration_seconds", MetricType.Gauge,
        "Time the last drain of the kernel map of links took.");
    private static readonly MetricFamily LiveSockets = new("caretta_agent_live_sockets", MetricType.Gauge,
        "TCP sockets tracked in the kernel now.");
    private static readonly MetricFamily Links = new("caretta_agent_links", MetricType.Gauge,
        "Links known: series in each family of links.");
    private static readonly MetricFamily LinkKeys = new("caretta_agent_link_keys", MetricType.Gauge,
        "Distinct kernel keys of links that the agent remembers.");
    private static readonly MetricFamily Workloads = new("caretta_agent_workloads", MetricType.Gauge,
        "Distinct named ends of links.");
    private static readonly MetricFamily LostUpdates = new("caretta_agent_lost_updates_total", MetricType.Counter,
        "Updates that the kernel map of links had no room for.");
    private static readonly MetricFamily LostConnections = new("caretta_agent_lost_connections_total", MetricType.Counter,
        "Connections that could not be tracked.");
    private static readonly MetricFamily LostBytes = new("caretta_agent_lost_bytes_total", MetricType.Counter,
        "Bytes, sent and received, that could not be added to any link.");
    private static readonly MetricFamily UnresolvedEnds = new("caretta_agent_unresolved_ends_total", MetricType.Counter,
        "Times an end of a link got a stand-in name because its owner could not be found.");
    private static readonly MetricFamily FoldedEnds = new("caretta_agent_folded_ends_total", MetricType.Counter,
        "Times an end of a link was counted under the name other because the limit on distinct names was reached.");
    private static readonly MetricFamily LinkBudget = new("caretta_agent_link_budget", MetricType.Gauge,
        "Links that may be shown, besides one per role that takes the rest.");
    private static readonly MetricFamily FoldedLinks = new("caretta_agent_folded_links_total", MetricType.Counter,
        "Times a link gave its place to a larger one and its totals moved to the link named other.");
    private static readonly MetricFamily ExpiredLinks = new("caretta_agent_expired_links_total", MetricType.Counter,
        "Links that ended because they were idle and an end was gone.");
    private static readonly MetricFamily ExpiredBytes = new("caretta_agent_expired_bytes_total", MetricType.Counter,
        "Bytes that were in links when they ended.");
    private static readonly MetricFamily PendingKeys = new("caretta_agent_pending_link_keys", MetricType.Gauge,
        "Kernel keys of links whose names are on their way.");
    private static readonly MetricFamily PendingBytes = new("caretta_agent_pending_bytes", MetricType.Gauge,
        "Bytes that are in no link yet because its names are on their way.");
    private static readonly MetricFamily UnresolvedRatio = new("caretta_agent_unresolved_ratio", MetricType.Gauge,
        "Share of the ends named since launch that got a stand-in name.");
    private static readonly MetricFamily IndexObjects = new("caretta_agent_index_objects", MetricType.Gauge,
        "Objects of the cluster that the agent knows.");
    private static readonly MetricFamily IndexAddresses = new("caretta_agent_index_addresses", MetricType.Gauge,
        "Addresses in the cluster that the agent knows.");
    private static readonly MetricFamily DepartedObjects = new("caretta_agent_index_departed_objects", MetricType.Gauge,
        "Objects that are gone and remembered for bytes that come late.");
    private static readonly MetricFamily WatchConnected = new("caretta_agent_watch_connected", MetricType.Gauge,
        "1 while a watch of the API server is open, else 0.");
    private static readonly MetricFamily WatchFailures = new("caretta_agent_watch_failures_total", MetricType.Counter,
        "Lists and watches of the API server that failed.");
    private static readonly MetricFamily SkippedObjects = new("caretta_agent_skipped_objects_total", MetricType.Counter,
        "Objects and events of the API server that could not be understood.");
    private static readonly MetricFamily KnownOwners = new("caretta_agent_index_owners", MetricType.Gauge,
        "Owners of pods that were followed to the top and are remembered.");
    private static readonly MetricFamily PendingOwners = new("caretta_agent_pending_owners", MetricType.Gauge,
        "Owners of pods that are being looked up.");
    private static readonly MetricFamily RefusedOwners = new("caretta_agent_refused_owners_total", MetricType.Counter,
        "Owners that may not be read or are not there, and are shown themselves.");
    private static readonly MetricFamily OwnerFailures = new("caretta_agent_owner_failures_total", MetricType.Counter,
        "Attempts to look an owner up that failed.");
    private static readonly MetricFamily ApiRequests = new("caretta_agent_api_requests_total", MetricType.Counter,
        "Requests sent to the API server.");
    private static readonly MetricFamily ApiReceivedBytes = new("caretta_agent_api_received_bytes_total", MetricType.Counter,
        "Bytes of responses received from the API server, compressed as they came, without headers and TLS.");
    private static readonly MetricFamily MissedEvents = new("caretta_agent_program_missed_events_total", MetricType.Counter,
        "Runs of a program that the kernel skipped because it was running already on the same processor.");
    private static readonly MetricFamily MapMemory = new("caretta_agent_bpf_map_memory_bytes", MetricType.Gauge,
        "Memory that the kernel holds for a map.");
    private static readonly MetricFamily ResidentMemory = new("caretta_agent_resident_memory_bytes", MetricType.Gauge,
        "Memory of the agent that is resident.");
    private static readonly MetricFamily Scrapes = new("caretta_agent_scrapes_total", MetricType.Counter,
        "Metric pages served.");

    private readonly double _startTime;
    private readonly byte[] _buildLabels;
    private readonly byte[] _tierLabels;
    private readonly byte[][] _programLabels;
    private readonly byte[][] _mapLabels;
    private readonly byte[][] _watchedLabels;
    private readonly byte[][] _directionLabels = [Labels(("direction", "sent")), Labels(("direction", "received"))];

    /// <summary>Renders the labels that never change.</summary>
    public HealthSection(AgentFacts facts)
    {
        _startTime = facts.StartTime.ToUnixTimeMilliseconds() / 1000.0;
        _buildLabels = Labels(("version", facts.Version), ("revision", facts.Revision), ("kernel", facts.Kernel));
        _tierLabels = Labels(("tier", facts.Tier), ("reason", facts.TierReason));
        _programLabels = [.. facts.Programs.Select(name => Labels(("program", name)))];
        _mapLabels = [.. facts.Maps.Select(name => Labels(("map", name)))];
        _watchedLabels = [.. facts.WatchedTypes.Select(name => Labels(("object_type", name)))];
    }

    /// <summary>Writes the whole section.</summary>
    public void Write(IBufferWriter<byte> writer, LinkSnapshot snapshot, ExpositionFormat format)
    {
        AgentHealth health = snapshot.Health;
        Write(writer, format, BuildInfo, _buildLabels, 1);
        Write(writer, format, TierInfo, _tierLabels, 1);
        Write(writer, format, StartTime, _startTime);
        Write(writer, format, Polls, health.Polls);
        Write(writer, format, FailedPolls, health.FailedPolls);
        Write(writer, format, PollDuration, health.PollDuration.TotalSeconds);
        Write(writer, format, DrainDuration, health.DrainDuration.TotalSeconds);
        Write(writer, format, ConnectionDeletions, health.ConnectionDeletions);
        Write(writer, format, FailedDeletions, health.FailedDeletions);
        Write(writer, format, Loopback, health.LoopbackConnections);
        Write(writer, format, MapSize, health.LiveSockets);
        Write(writer, format, LiveSockets, health.LiveSockets);
        Write(writer, format, Links, snapshot.Links.Count);
        Write(writer, format, LinkKeys, health.LinkKeys);
        Write(writer, format, Workloads, snapshot.NameCount);
        Write(writer, format, LostUpdates, health.LostUpdates);
        Write(writer, format, LostConnections, health.LostConnections);
        Write(writer, format, LostBytes, health.LostBytes);
        Write(writer, format, UnresolvedEnds, health.UnresolvedEnds);
        Write(writer, format, FoldedEnds, health.FoldedEnds);
        Write(writer, format, LinkBudget, health.LinkBudget);
        Write(writer, format, FoldedLinks, health.FoldedLinks);
        Write(writer, format, ExpiredLinks, health.ExpiredLinks);
        WriteEach<ulong>(writer, format, ExpiredBytes, _directionLabels, [health.ExpiredSentBytes, health.ExpiredReceivedBytes]);
        Write(writer, format, PendingKeys, health.PendingKeys);
        WriteEach<ulong>(writer, format, PendingBytes, _directionLabels, [health.PendingSentBytes, health.PendingReceivedBytes]);
        Write(writer, format, ResidentMemory, health.ResidentBytes);
        Write(writer, format, Scrapes, health.Scrapes);
        WriteEach<ulong>(writer, format, MissedEvents, _programLabels, health.MissedEvents);
        WriteEach<long>(writer, format, MapMemory, _mapLabels, health.MapMemoryBytes);
        WriteEach<ulong>(writer, format, WatcherEvents, _watchedLabels, health.WatcherEvents);
        WriteEach<ulong>(writer, format, WatcherResets, _watchedLabels, health.WatcherResets);
        if (_watchedLabels.Length > 0)
        {
            WriteCluster(writer, health, format);
        }
    }

    private void WriteCluster(IBufferWriter<byte> writer, AgentHealth health, ExpositionFormat format)
    {
        WriteEach<long>(writer, format, WatchConnected, _watchedLabels, health.WatchesConnected);
        WriteEach<ulong>(writer, format, WatchFailures, _watchedLabels, health.WatchFailures);
        WriteEach<long>(writer, format, IndexObjects, _watchedLabels, health.IndexObjects);
        Write(writer, format, IndexAddresses, health.IndexAddresses);
        Write(writer, format, DepartedObjects, health.DepartedObjects);
        WriteEach<ulong>(writer, format, SkippedObjects, _watchedLabels, health.SkippedObjects);
        Write(writer, format, KnownOwners, health.KnownOwners);
        Write(writer, format, PendingOwners, health.PendingOwners);
        Write(writer, format, RefusedOwners, health.RefusedOwners);
        Write(writer, format, OwnerFailures, health.OwnerFailures);
        Write(writer, format, ApiRequests, health.ApiRequests);
        Write(writer, format, ApiReceivedBytes, health.ApiReceivedBytes);
        Write(writer, format, UnresolvedRatio, health.NamedEnds == 0 ? 0 : (double)health.UnresolvedEnds / health.NamedEnds);
    }

    private static void WriteEach<T>(
        IBufferWriter<byte> writer, ExpositionFormat format, MetricFamily family, byte[][] labels, ReadOnlySpan<T> values)
        where T : unmanaged, IUtf8SpanFormattable
    {
        for (int i = 0; i < values.Length; i++)
        {
            WriteSample(writer, i == 0 ? family.Header(format) : [], family, labels[i], values[i]);
        }
    }

    private static void Write<T>(IBufferWriter<byte> writer, ExpositionFormat format, MetricFamily family, T value)
        where T : unmanaged, IUtf8SpanFormattable => WriteSample(writer, family.Header(format), family, [], value);

    private static void Write<T>(IBufferWriter<byte> writer, ExpositionFormat format, MetricFamily family, byte[] labels, T value)
        where T : unmanaged, IUtf8SpanFormattable => WriteSample(writer, family.Header(format), family, labels, value);

    private static void WriteSample<T>(
        IBufferWriter<byte> writer, ReadOnlySpan<byte> header, MetricFamily family, ReadOnlySpan<byte> labels, T value)
        where T : unmanaged, IUtf8SpanFormattable
    {
        int maxLength = header.Length + family.NameBytes.Length + labels.Length + TextSink.MaxNumberLength + 2;
        using var sink = new TextSink(writer, maxLength);
        sink.Append(header);
        sink.Append(family.NameBytes);
        sink.Append(labels);
        sink.Append(" "u8);
        sink.Append(value);
        sink.Append("\n"u8);
    }

    private static byte[] Labels(params ReadOnlySpan<(string Name, string? Value)> labels)
    {
        var text = new ArrayBufferWriter<byte>();
        ReadOnlySpan<byte> separator = "{"u8;
        foreach ((string name, string? value) in labels)
        {
            if (!string.IsNullOrEmpty(value))
            {
                text.Write(separator);
                LabelText.Append(text, System.Text.Encoding.ASCII.GetBytes(name), value);
                separator = ","u8;
            }
        }

        if (text.WrittenCount > 0)
        {
            text.Write("}"u8);
        }

        return text.WrittenSpan.ToArray();
    }
}
