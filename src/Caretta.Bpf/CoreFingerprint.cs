using System.Globalization;
using System.Text;
using Caretta.Bpf.Btf;
using Caretta.Bpf.CoreRelocation;
using Caretta.Bpf.Linking;

namespace Caretta.Bpf;

/// <summary>
/// What an object asks about the kernel's types, as a short text. BTF that was cut down to the answers of one object
/// (<c>bpftool gen min_core_btf</c>) serves another only if both ask the same: to what it does not hold it says, quietly, that the kernel
/// has no such member. Unlike a hash of the file this does not change with the compiler.
/// </summary>
public static class CoreFingerprint
{
    /// <summary>
    /// Sixteen hexadecimal digits over all CO-RE relocations of an object: kind, type and path by name, in no order and each once.
    /// </summary>
    /// <exception cref="CoreRelocationException">A relocation makes no sense.</exception>
    public static string Of(BpfObject file)
    {
        ArgumentNullException.ThrowIfNull(file);
        SortedSet<string> questions = new(StringComparer.Ordinal);
        if (file.Btf is not null)
        {
            var question = new CoreQuestion(file.Btf);
            foreach (CodeSection section in file.Functions.Select(static function => function.Section).Distinct())
            {
                foreach (CoreRecord record in section.CoreRecords)
                {
                    question.Read(new CoreRelocationRecord(0, record.TypeId, record.AccessOffset, (CoreRelocationKind)record.Kind));
                    questions.Add(Describe(question));
                }
            }
        }

        return Hash(string.Join('\n', questions)).ToString("x16", CultureInfo.InvariantCulture);
    }

    private static string Describe(CoreQuestion question)
    {
        BtfTypes types = question.Types;
        var text = new StringBuilder(CoreKinds.Describe(question.Record.Kind));
        text.Append(' ').Append(types.NameText(types[question.Record.TypeId].NameOffset));
        if (CoreKinds.IsEnumerator(question.Record.Kind))
        {
            return text.Append(':').Append(types.NameText(question.Enumerator.NameOffset)).ToString();
        }

        for (int i = 0; i < question.Access.Length; i++)
        {
            CoreAccessor step = question.Access[i];
            _ = step.IsMember
                ? text.Append('.').Append(types.NameText(types[step.TypeId].Member(step.Index).NameOffset))
                : text.Append(CultureInfo.InvariantCulture, $"[{step.Index}]");
        }

        return text.ToString();
    }

    // FNV-1a, 64 bits. It guards against files that were left behind, not against anybody.
    private static ulong Hash(string text)
    {
        ulong hash = 0xcbf29ce484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(text))
        {
            hash = (hash ^ b) * 0x100000001b3;
        }

        return hash;
    }
}
