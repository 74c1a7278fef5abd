using System.Globalization;
using Caretta.LoaderTrial;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["time", string path]:
        LoadTime.Print(path);
        return 0;
    case ["attach", string path]:
        HeldObject.Hold(path);
        return 0;
    case [string directory]:
        var trial = new Trial(directory);
        new MapTrials(trial).Run();
        new HookTrials(trial).Run();
        return trial.HasFailed ? 1 : 0;
    default:
        Console.Error.WriteLine("usage: caretta-loader-trial DIRECTORY-OF-OBJECTS | time OBJECT | attach OBJECT");
        return 2;
}
