using System.Buffers;
using System.Globalization;
using System.Text;

namespace Caretta.Aot.Host;

/// <summary>
/// What the path of a control group says about who runs in it.
/// <para>The outermost container wins, because what happens inside a container (units, further containers) has names that mean
/// nothing outside. Without a container the innermost service wins, so that a user's own services come before <c>user@UID.service</c>.
/// A scope inside a service holds processes that were started by somebody else (a desktop's applications, for example): those go by
/// their own names.</para>
/// <para>Unit names stay as systemctl shows them, escapes such as <c>\x2d</c> included, so that they can be pasted into a command;
/// machine names are unescaped, as machinectl shows them.</para>
/// Sources: systemd.unit(5), "String escaping for inclusion in unit names"; systemd CGROUP_DELEGATION; systemd src/basic/cgroup-util.c,
/// cg_unescape; the cgroup drivers of runc, crun and conmon; lxc.container.conf(5), lxc.cgroup.dir.
/// </summary>
/// <param name="Kind">What the path stands for.</param>
/// <param name="Name">Unit name, container id or container name; empty for <see cref="CgroupKind.Process"/>.</param>
internal readonly record struct CgroupName(CgroupKind Kind, string Name)
{
    private const int ContainerIdLength = 64;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>Reads a path as in <c>/proc/PID/cgroup</c>. Any text is accepted; what is not recognised is a process.</summary>
    public static CgroupName Parse(ReadOnlySpan<char> path)
    {
        ReadOnlySpan<char> service = default;
        ReadOnlySpan<char> previous = default;
        foreach (Range range in path.Split('/'))
        {
            ReadOnlySpan<char> segment = path[range];
            if (segment.Length > 1 && segment[0] == '_')
            {
                segment = segment[1..];     // systemd's guard for names that look like files of the kernel
            }

            if (TryContainer(segment, previous, out CgroupName container))
            {
                return container;
            }

            if (segment.EndsWith(".service"))
            {
                service = segment;
            }
            else if (segment.EndsWith(".scope") && segment is not "init.scope")
            {
                service = default;
            }

            previous = segment;
        }

        return service.IsEmpty ? new CgroupName(CgroupKind.Process, "") : new CgroupName(CgroupKind.Unit, service.ToString());
    }

    private static bool TryContainer(ReadOnlySpan<char> segment, ReadOnlySpan<char> previous, out CgroupName container)
    {
        if (TryId(segment, out ReadOnlySpan<char> id))
        {
            container = new CgroupName(CgroupKind.Container, id.ToString());
            return true;
        }

        ReadOnlySpan<char> name = segment switch
        {
            _ when segment.StartsWith("lxc.payload.") => segment["lxc.payload.".Length..],
            _ when previous is "lxc" or "lxc.payload" => segment,
            _ when previous is "machine.slice" && segment.StartsWith("machine-") && segment.EndsWith(".scope") =>
                segment["machine-".Length..^".scope".Length],
            _ when segment.StartsWith("systemd-nspawn@") && segment.EndsWith(".service") =>
                segment["systemd-nspawn@".Length..^".service".Length],
            _ => default,
        };
        container = name.IsEmpty ? default : new CgroupName(CgroupKind.NamedContainer, Unescape(name));
        return !name.IsEmpty;
    }

    // 64 hexadecimal digits alone (cgroupfs driver), or after a runtime's prefix: docker-ID.scope, cri-containerd-ID.scope, crio-ID.scope,
    // libpod-ID.scope, nerdctl-ID.scope, libpod-payload-ID, SLICE:cri-containerd:ID.
    private static bool TryId(ReadOnlySpan<char> segment, out ReadOnlySpan<char> id)
    {
        ReadOnlySpan<char> stem = segment.EndsWith(".scope") ? segment[..^".scope".Length] : segment;
        id = stem.Length >= ContainerIdLength ? stem[^ContainerIdLength..] : default;
        if (id.IsEmpty || id.ContainsAnyExcept(HexDigits))
        {
            return false;
        }

        ReadOnlySpan<char> prefix = stem[..^ContainerIdLength];

        // conmon watches a container of podman or cri-o from outside, and has a cgroup with the container's id.
        return prefix.IsEmpty || (prefix[^1] is '-' or ':' && !prefix.EndsWith("conmon-"));
    }

    // \xHH stands for one byte of UTF-8; machine names come from unit names, where "-" would mean a path separator.
    private static string Unescape(ReadOnlySpan<char> text)
    {
        if (!text.Contains('\\'))
        {
            return text.ToString();
        }

        byte[] bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        int length = 0;
        while (!text.IsEmpty)
        {
            if (text.Length >= 4 && text.StartsWith("\\x")
                && byte.TryParse(text[2..4], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
            {
                bytes[length++] = value;
                text = text[4..];
            }
            else
            {
                length += Encoding.UTF8.GetBytes(text[..1], bytes.AsSpan(length));
                text = text[1..];
            }
        }

        return Encoding.UTF8.GetString(bytes, 0, length);
    }
}
