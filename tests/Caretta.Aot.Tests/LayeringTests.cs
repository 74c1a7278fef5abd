using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Xunit;

namespace Caretta.Aot.Tests;

/// <summary>
/// Who may import whom among the agent's folders. Files at the root introduce the folders to one another and may import all.
/// </summary>
public sealed partial class LayeringTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        // Vocabulary that others share.
        ["Collections"] = [],
        ["Identity"] = [],
        ["Snapshots"] = ["Caretta.Aot.Identity"],
        // Workers, which do not know one another.
        ["Links"] = ["Caretta.Aot.Collections", "Caretta.Aot.Identity", "Caretta.Aot.Snapshots", "Caretta.Bpf"],
        ["Host"] = ["Caretta.Aot.Identity"],
        ["Cluster"] = ["Caretta.Aot.Collections", "Caretta.Aot.Identity"],
        ["Dns"] = ["Caretta.Aot.Identity"],
        ["Json"] = ["Caretta.Aot.Identity"],
        ["Transport"] = [],
        ["Kubernetes"] = ["Caretta.Aot.Identity", "Caretta.Aot.Json", "Caretta.Aot.Transport"],
        ["Store"] = ["Caretta.Aot.Json", "Caretta.Aot.Map", "Caretta.Aot.Transport"],
        ["Metrics"] = ["Caretta.Aot.Identity", "Caretta.Aot.Snapshots"],
        ["Map"] = ["Caretta.Aot.Identity", "Caretta.Aot.Snapshots"],
        ["Http"] = [],
        // Commands of their own: they try the real thing.
        ["Check"] = ["Caretta.Aot.Kubernetes", "Caretta.Aot.Links", "Caretta.Bpf"],
        ["Inspect"] = ["Caretta.Bpf"],
        // The map as others read it, and what is made of it.
        ["Export"] = ["Caretta.Aot.Transport"],
        ["Policies"] = ["Caretta.Aot.Export", "Caretta.Aot.Json", "Caretta.Aot.Kubernetes"],
    };

    [Fact]
    public void Folders_import_only_what_they_may()
    {
        List<string> violations = [];
        foreach (string folder in Directory.GetDirectories(SourceRoot()))
        {
            string name = Path.GetFileName(folder);
            if (name is "bin" or "obj")
            {
                continue;
            }

            Assert.True(Allowed.TryGetValue(name, out string[]? allowed), $"{name}: say here what this folder may import");
            foreach (string file in Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories))
            {
                violations.AddRange(Names().Matches(File.ReadAllText(file))
                    .Select(match => match.Value)
                    .Where(used => used != $"Caretta.Aot.{name}" && !allowed!.Contains(used))
                    .Select(used => $"{name}/{Path.GetFileName(file)} mentions {used}"));
            }
        }

        Assert.Empty(violations);
    }

    [Fact]
    public void Namespaces_are_folders()
    {
        string root = SourceRoot();
        foreach (string file in Directory.GetFiles(root, "*.cs", SearchOption.AllDirectories))
        {
            string folder = Path.GetRelativePath(root, Path.GetDirectoryName(file)!);
            Match declared = Namespace().Match(File.ReadAllText(file));
            if (declared.Success && folder.Split('/')[0] is not ("bin" or "obj"))
            {
                Assert.Equal(folder == "." ? "Caretta.Aot" : $"Caretta.Aot.{folder.Replace('/', '.')}", declared.Groups[1].Value);
            }
        }
    }

    private static string SourceRoot([CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "../../src/Caretta.Aot"));

    [GeneratedRegex(@"\bCaretta\.(Bpf|Aot\.[A-Z]\w*)")]
    private static partial Regex Names();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
