using System.Text.Json;

namespace Caretta.Aot.Policies;

/// <summary>Reads pages of lists.</summary>
internal static class ObjectLists
{
    /// <summary>Reads one page.</summary>
    /// <param name="utf8">The list.</param>
    /// <param name="readItem">Reads the object that was entered, up to its end.</param>
    /// <returns>What asks for the next page; empty on the last.</returns>
    public static string Parse(ReadOnlySpan<byte> utf8, ItemReader readItem)
    {
        string next = "";
        var json = new Utf8JsonReader(utf8);
        json.Read();
        while (ObjectFields.NextMember(ref json))
        {
            if (json.ValueTextEquals("metadata"u8))
            {
                if (ObjectFields.EnterObject(ref json))
                {
                    while (ObjectFields.NextMember(ref json))
                    {
                        if (json.ValueTextEquals("continue"u8)) { next = ObjectFields.Text(ref json); }
                        else { json.Skip(); }
                    }
                }
            }
            else if (json.ValueTextEquals("items"u8))
            {
                if (ObjectFields.EnterArray(ref json))
                {
                    while (ObjectFields.NextObject(ref json))
                    {
                        readItem(ref json);
                    }
                }
            }
            else
            {
                json.Skip();
            }
        }

        return next;
    }

    /// <summary>Reads a pod; null for one that has ended.</summary>
    public static PodFacts? ReadPod(ref Utf8JsonReader json)
    {
        var metadata = new Metadata();
        bool hostNetwork = false;
        bool hasEnded = false;
        List<string> addresses = [];
        Dictionary<string, int> ports = [];
        while (ObjectFields.NextMember(ref json))
        {
            if (json.ValueTextEquals("metadata"u8))
            {
                metadata.Read(ref json);
            }
            else if (json.ValueTextEquals("spec"u8))
            {
                if (ObjectFields.EnterObject(ref json))
                {
                    while (ObjectFields.NextMember(ref json))
                    {
                        if (json.ValueTextEquals("hostNetwork"u8)) { hostNetwork = ObjectFields.IsTrue(ref json); }
                        else if (json.ValueTextEquals("containers"u8) || json.ValueTextEquals("initContainers"u8)) { ReadContainers(ref json, ports); }
                        else { json.Skip(); }
                    }
                }
            }
            else if (json.ValueTextEquals("status"u8))
            {
                if (ObjectFields.EnterObject(ref json))
                {
                    ReadPodStatus(ref json, addresses, out hasEnded);
                }
            }
            else
            {
                json.Skip();
            }
        }

        if (hasEnded)
        {
            return null;
        }

        var pod = new PodFacts(metadata.Name, metadata.Labels, hostNetwork, addresses);
        return hostNetwork ? pod with { Ports = ports } : pod;
    }

    /// <summary>Reads a service.</summary>
    public static ServiceFacts ReadService(ref Utf8JsonReader json)
    {
        var metadata = new Metadata();
        PodSelector? selector = null;
        List<ServicePortFacts> ports = [];
        List<string> addresses = [];
        while (ObjectFields.NextMember(ref json))
        {
            if (json.ValueTextEquals("metadata"u8))
            {
                metadata.Read(ref json);
            }
            else if (!json.ValueTextEquals("spec"u8))
            {
                json.Skip();
            }
            else if (ObjectFields.EnterObject(ref json))
            {
                while (ObjectFields.NextMember(ref json))
                {
                    if (json.ValueTextEquals("selector"u8))
                    {
                        selector = WorkloadDocument.ReadSelector(ref json, isMap: true);
                    }
                    else if (json.ValueTextEquals("clusterIPs"u8))
                    {
                        addresses = ObjectFields.List(ref json);
                    }
                    else if (!json.ValueTextEquals("ports"u8))
                    {
                        json.Skip();
                    }
                    else if (ObjectFields.EnterArray(ref json))
                    {
                        while (ObjectFields.NextObject(ref json))
                        {
                            ports.Add(ReadPort(ref json));
                        }
                    }
                }
            }
        }

        addresses.Remove("None");
        return new ServiceFacts(metadata.Name, metadata.Labels, selector, ports) { Addresses = addresses };
    }

    /// <summary>Reads an EndpointSlice: each of its TCP ports with all its addresses.</summary>
    public static void ReadSlice(ref Utf8JsonReader json, List<EndpointFacts> found)
    {
        List<string> addresses = [];
        List<ServicePortFacts> ports = [];
        while (ObjectFields.NextMember(ref json))
        {
            bool isPorts = json.ValueTextEquals("ports"u8);
            if (!isPorts && !json.ValueTextEquals("endpoints"u8))
            {
                json.Skip();
            }
            else if (ObjectFields.EnterArray(ref json))
            {
                while (ObjectFields.NextObject(ref json))
                {
                    if (isPorts)
                    {
                        ports.Add(ReadPort(ref json));
                    }
                    else
                    {
                        ReadEndpoint(ref json, addresses);
                    }
                }
            }
        }

        foreach (ServicePortFacts port in ports)
        {
            if (port.Protocol == "TCP" && port.Port > 0)
            {
                found.Add(new EndpointFacts(port.Name, port.Port, addresses));
            }
        }
    }

    /// <summary>Reads a node: its name and its addresses inside the cluster.</summary>
    public static (string Name, List<string> Addresses) ReadNode(ref Utf8JsonReader json)
    {
        var metadata = new Metadata();
        List<string> addresses = [];
        while (ObjectFields.NextMember(ref json))
        {
            if (json.ValueTextEquals("metadata"u8))
            {
                metadata.Read(ref json);
            }
            else if (!json.ValueTextEquals("status"u8))
            {
                json.Skip();
            }
            else if (ObjectFields.EnterObject(ref json))
            {
                while (ObjectFields.NextMember(ref json))
                {
                    if (!json.ValueTextEquals("addresses"u8))
                    {
                        json.Skip();
                    }
                    else if (ObjectFields.EnterArray(ref json))
                    {
                        while (ObjectFields.NextObject(ref json))
                        {
                            AddNodeAddress(ref json, addresses);
                        }
                    }
                }
            }
        }

        return (metadata.Name, addresses);
    }

    // Those that are not ready were, or will be.
    private static void ReadEndpoint(ref Utf8JsonReader json, List<string> addresses)
    {
        while (ObjectFields.NextMember(ref json))
        {
            if (json.ValueTextEquals("addresses"u8)) { addresses.AddRange(ObjectFields.List(ref json)); }
            else { json.Skip(); }
        }
    }

    private static void AddNodeAddress(ref Utf8JsonReader json, List<string> addresses)
    {
        string type = "";
        string address = "";
        while (ObjectFields.NextMember(ref json))
        {
            if (json.ValueTextEquals("type"u8)) { type = ObjectFields.Text(ref json); }
            else if (json.ValueTextEquals("address"u8)) { address = ObjectFields.Text(ref json); }
            else { json.Skip(); }
        }

        if (type == "InternalIP")
        {
            addresses.Add(address);
        }
    }

    private static void ReadPodStatus(ref Utf8JsonReader json, List<string> addresses, out bool hasEnded)
    {
        hasEnded = false;
        string address = "";
        while (ObjectFields.NextMember(ref json))
        {
            if (json.ValueTextEquals("phase"u8))
            {
                hasEnded = ObjectFields.Text(ref json) is "Succeeded" or "Failed";
            }
            else if (json.ValueTextEquals("podIP"u8))
            {
                address = ObjectFields.Text(ref json);
            }
            else if (!json.ValueTextEquals("podIPs"u8))
            {
                json.Skip();
            }
            else if (ObjectFields.EnterArray(ref json))
            {
                while (ObjectFields.NextObject(ref json))
                {
                    while (ObjectFields.NextMember(ref json))
                    {
                        if (json.ValueTextEquals("ip"u8)) { addresses.Add(ObjectFields.Text(ref json)); }
                        else { json.Skip(); }
                    }
                }
            }
        }

        if (addresses.Count == 0 && address.Length > 0)
        {
            addresses.Add(address);
        }
    }

    // Those of TCP that have a name.
    private static void ReadContainers(ref Utf8JsonReader json, Dictionary<string, int> ports)
    {
        if (!ObjectFields.EnterArray(ref json))
        {
            return;
        }

        while (ObjectFields.NextObject(ref json))
        {
            while (ObjectFields.NextMember(ref json))
            {
                if (!json.ValueTextEquals("ports"u8))
                {
                    json.Skip();
                }
                else if (ObjectFields.EnterArray(ref json))
                {
                    while (ObjectFields.NextObject(ref json))
                    {
                        ServicePortFacts port = ReadPort(ref json);
                        if (port is { Protocol: "TCP", Name.Length: > 0, Port: > 0 })
                        {
                            ports[port.Name] = port.Port;
                        }
                    }
                }
            }
        }
    }

    // A service's, a slice's or a container's.
    private static ServicePortFacts ReadPort(ref Utf8JsonReader json)
    {
        string name = "";
        string protocol = "TCP";
        string port = "";
        string target = "";
        while (ObjectFields.NextMember(ref json))
        {
            if (json.ValueTextEquals("name"u8)) { name = ObjectFields.Text(ref json); }
            else if (json.ValueTextEquals("protocol"u8)) { protocol = ObjectFields.Text(ref json); }
            else if (json.ValueTextEquals("port"u8) || json.ValueTextEquals("containerPort"u8)) { port = ObjectFields.Text(ref json); }
            else if (json.ValueTextEquals("targetPort"u8)) { target = ObjectFields.Text(ref json); }
            else { json.Skip(); }
        }

        _ = int.TryParse(port, out int number);
        return new ServicePortFacts(name, protocol, number, target is "" or "0" ? port : target);
    }

    /// <summary>Reads one object of a list.</summary>
    public delegate void ItemReader(ref Utf8JsonReader json);

    private sealed class Metadata
    {
        public string Name { get; private set; } = "";

        public Dictionary<string, string> Labels { get; private set; } = [];

        public void Read(ref Utf8JsonReader json)
        {
            if (!ObjectFields.EnterObject(ref json))
            {
                return;
            }

            while (ObjectFields.NextMember(ref json))
            {
                if (json.ValueTextEquals("name"u8)) { Name = ObjectFields.Text(ref json); }
                else if (json.ValueTextEquals("labels"u8)) { Labels = ObjectFields.Map(ref json); }
                else { json.Skip(); }
            }
        }
    }
}
