namespace Caretta.Aot.Host;

/// <summary>What a control group stands for on a machine.</summary>
internal enum CgroupKind
{
    /// <summary>Nothing with a name of its own: its processes go by theirs.</summary>
    Process,

    /// <summary>A systemd service.</summary>
    Unit,

    /// <summary>A container with an id of 64 hexadecimal digits.</summary>
    Container,

    /// <summary>A container that goes by a name: lxc, systemd-nspawn.</summary>
    NamedContainer,
}
