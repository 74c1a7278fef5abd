using System.Buffers.Binary;
using System.Globalization;
using System.Text;

using Caretta.Aot.Identity;
using Caretta.Aot.Links;
using Caretta.Aot.Snapshots;

namespace Caretta.Benchmarks;

/// <summary>What benchmarks work on: made up, the same in every run.</summary>
internal static class Workloads
{
    /// <summary>The head of a scrape as Prometheus 2.x sends it.</summary>
    public static byte[] ScrapeHead { get; } = Encoding.ASCII.GetBytes(
        "GET /metrics HTTP/1.1\r\nHost: 10.0.0.1:7117\r\nUser-Agent: Prometheus/2.53.3\r\n"
        + "Accept: application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2\r\n"
        + "Accept-Encoding: gzip\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n");

    /// <summary>What an agent is that only exists here.</summary>
    public static AgentFacts Facts { get; } = new()
    {
        Version = "0",
        Kernel = "none",
        Tier = "main",
        StartTime = DateTimeOffset.UnixEpoch,
    };

    /// <summary>Distinct keys between private addresses, half of them clients.</summary>
    public static LinkKey[] Keys(int count)
    {
        var keys = new LinkKey[count];
        for (int i = 0; i < count; i++)
        {
            keys[i] = new LinkKey(
                LocalAddress((uint)i / 64), RemoteAddress(i), SocketOwner.From(1, "client"), default,
                (ushort)(1024 + (i % 50_000)), i % 2 == 0 ? LinkRole.Client : LinkRole.Server, LinkKeyFlags.None);
        }

        return keys;
    }

    /// <summary>A delta of traffic for each of so many keys.</summary>
    public static LinkDelta[] Deltas(int count)
    {
        var deltas = new LinkDelta[count];
        Array.Fill(deltas, new LinkDelta(1000, 2000, 1, 1, 0, 0));
        return deltas;
    }

    /// <summary>An exchange that holds so many links between workloads with names of ordinary length.</summary>
    public static SnapshotExchange Exchange(int links)
    {
        var workloads = new WorkloadTable();
        var columns = new LinkColumns();
        int[] ends = new int[1000];
        for (int i = 0; i < ends.Length; i++)
        {
            ends[i] = workloads.Intern(string.Create(CultureInfo.InvariantCulture, $"checkout-service-{i}"), "production", "Deployment");
        }

        for (int i = 0; i < links; i++)
        {
            int link = columns.Add(new LinkIdentity(ends[i % 1000], ends[(i / 1000) + (i * 7 % 900)], (ushort)(8000 + (i / 1000)), (byte)(1 + (i % 2))));
            columns.SentBytes[link] = 1_000_003UL * (ulong)i;
        }

        var exchange = new SnapshotExchange(Facts);
        exchange.Publish(columns, workloads, new AgentHealth(Facts));
        return exchange;
    }

    /// <summary>A watch's answer: so many changes of pods, each as large as a small pod really is.</summary>
    public static byte[] PodEvents(int count)
    {
        var text = new StringBuilder();
        string padding = string.Join(',', Enumerable.Range(0, 60).Select(static i => $"\"f:field{i}\":{{\"f:inner\":{{}}}}"));
        for (int i = 0; i < count; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $$$"""
                {"type":"MODIFIED","object":{"metadata":{"name":"pod-{{{i}}}","namespace":"shop","uid":"{{{i:x8}}}-0000-4000-8000-{{{i:x12}}}","resourceVersion":"{{{i + 1}}}","creationTimestamp":"2024-05-06T07:08:09Z","managedFields":[{"manager":"kubelet","fieldsV1":{ {{{padding}}} }}]},"spec":{"nodeName":"node-1","containers":[{"name":"main","image":"registry.example.com/shop/web:1.2.3"}]},"status":{"phase":"Running","podIP":"10.{{{i >> 16 & 255}}}.{{{i >> 8 & 255}}}.{{{i & 255}}}"} } }

                """);
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>The address of the remote end of a key.</summary>
    public static NetAddress RemoteAddress(int key) => Address(0x0a800000u + (uint)key);

    private static NetAddress LocalAddress(uint number) => Address(0x0a000000u + number);

    private static NetAddress Address(uint ipv4)
    {
        Span<byte> bytes = stackalloc byte[NetAddress.Size];
        bytes.Clear();
        bytes[10] = bytes[11] = 0xff;
        BinaryPrimitives.WriteUInt32BigEndian(bytes[12..], ipv4);
        return NetAddress.Read(bytes);
    }
}
