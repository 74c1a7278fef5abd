namespace Caretta.Bpf;

/// <summary>
/// A program as the object file describes it: one function in a section whose name says the type and the place to attach to.
/// What was guessed from that name may be changed until the program is loaded.
/// </summary>
/// <remarks>Not thread-safe: change it from the thread that loads the object.</remarks>
public sealed class BpfProgramDefinition
{
    internal BpfProgramDefinition(int index, int functionIndex, string name, string sectionName, int instructionCount)
    {
        Index = index;
        FunctionIndex = functionIndex;
        Name = name;
        SectionName = sectionName;
        InstructionCount = instructionCount;
        AutoLoad = !sectionName.StartsWith('?');
        Objects.ProgramSection section = Objects.ProgramSection.Find(AutoLoad ? sectionName : sectionName[1..], out string? target);
        Type = section.Type;
        ExpectedAttachType = section.AttachType;
        ExpectedAttachTypeIsOptional = section.OptionalAttachType;
        Flags = section.Flags;
        AttachTarget = target;
    }

    /// <summary>Position in <see cref="BpfObject.Programs"/>.</summary>
    public int Index { get; }

    /// <summary>Name of the function, unshortened. The kernel keeps 15 bytes of it.</summary>
    public string Name { get; }

    /// <summary>Name of the section as written, a leading question mark included.</summary>
    public string SectionName { get; }

    /// <summary>Length of the function itself in 8-byte slots, without the functions it calls.</summary>
    public int InstructionCount { get; }

    /// <summary>Whether loading the object loads the program; initially false if the section's name starts with a question mark.</summary>
    public bool AutoLoad { get; set; }

    /// <summary>
    /// Whether the object is loaded all the same when this program cannot be: the kernel refuses it, or lacks the hook or a type.
    /// Why it was left out is in <see cref="LoadedObject.LeftOut"/>.
    /// </summary>
    public bool IsOptional { get; set; }

    /// <summary>Program type; <see cref="BpfProgramType.Unspecified"/> if the section's name is not known.</summary>
    public BpfProgramType Type { get; set; }

    /// <summary>Attach type that the kernel verifies the program for (Linux 4.17), 0 where there is none.</summary>
    public BpfAttachType ExpectedAttachType { get; set; }

    /// <summary>Whether a kernel that refuses <see cref="ExpectedAttachType"/> may be given 0 instead.</summary>
    public bool ExpectedAttachTypeIsOptional { get; set; }

    /// <summary>Flags for loading.</summary>
    public BpfProgramTraits Flags { get; set; }

    /// <summary>
    /// What follows the type in the section's name: <c>inet_sock_set_state</c> of <c>tp_btf/inet_sock_set_state</c>,
    /// <c>sock/inet_sock_set_state</c> of <c>tracepoint/sock/inet_sock_set_state</c>; <see langword="null"/> if nothing does.
    /// </summary>
    public string? AttachTarget { get; set; }

    /// <summary>
    /// The loaded program whose function <see cref="AttachTarget"/> the program replaces (<c>freplace</c>, Linux 5.6) or watches
    /// (<c>fentry</c>, <c>fexit</c>, Linux 5.5) in place of one of the kernel's; null for the kernel's. It must stay open until this one is
    /// loaded.
    /// </summary>
    public BpfProgram? AttachProgram { get; set; }

    /// <summary>Index into the object's functions.</summary>
    internal int FunctionIndex { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({SectionName})";
}
