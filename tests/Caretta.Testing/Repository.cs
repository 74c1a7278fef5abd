namespace Caretta.Testing;

/// <summary>Where things lie in the checkout.</summary>
internal static class Repository
{
    private static readonly Lazy<string> LazyRoot = new(FindRoot);

    /// <summary>The directory of the solution.</summary>
    public static string Root => LazyRoot.Value;

    /// <summary>A published program, as <c>./build.sh publish</c> leaves it.</summary>
    /// <exception cref="FileNotFoundException">It was not published.</exception>
    public static string Artifact(string name)
    {
        string path = Path.Combine(Root, "artifacts", name);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: run sudo ./build.sh publish-all", path);
    }

    private static string FindRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "Caretta.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory ?? throw new DirectoryNotFoundException($"no Caretta.sln above {AppContext.BaseDirectory}");
    }
}
