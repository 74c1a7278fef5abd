namespace Caretta.Aot.Inspect;

/// <summary>
/// The command <c>caretta inspect</c>: shows what is in an object file, how it links against a kernel, and whether this kernel takes it.
/// </summary>
internal static class InspectCommand
{
    /// <summary>Runs it.</summary>
    /// <param name="arguments">What follows the command's name.</param>
    /// <param name="output">Where the report goes.</param>
    /// <param name="errors">Where complaints about the arguments and unreadable files go.</param>
    /// <returns>0 if everything asked for worked, 1 if something did not, 2 for wrong arguments.</returns>
    public static int Run(ReadOnlySpan<string> arguments, TextWriter output, TextWriter errors)
    {
        try
        {
            InspectOptions options = InspectOptions.Parse(arguments);
            ObjectInspection inspection = ObjectInspection.Run(
                File.ReadAllBytes(options.ObjectPath), Path.GetFileName(options.ObjectPath), options);
            output.Write(options.Json ? InspectJson.Write(inspection, options.Dump) : InspectText.Write(inspection, options.Dump));
            return inspection.Passed ? 0 : 1;
        }
        catch (FormatException exception)
        {
            errors.WriteLine($"caretta: {exception.Message}");
            return 2;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            errors.WriteLine($"caretta: inspect: {exception.Message}");
            return 1;
        }
    }
}
