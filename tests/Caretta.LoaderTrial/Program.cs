using System.Globalization;
using Caretta.LoaderTrial;

if (args is not [string directory])
{
    Console.Error.WriteLine("usage: caretta-loader-trial DIRECTORY-OF-OBJECTS");
    return 2;
}

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var trial = new Trial(directory);
new HookTrials(trial).Run();
return trial.HasFailed ? 1 : 0;
