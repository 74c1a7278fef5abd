using Caretta.Aot;
using Caretta.Aot.Check;
using Caretta.Aot.Export;
using Caretta.Aot.Http;
using Caretta.Aot.Inspect;
using Caretta.Aot.Kubernetes;
using Caretta.Aot.Links;
using Caretta.Bpf;

// Exit codes: 0 done, or stopped by a signal; 1 cannot run here; 2 wrong settings.
const int Success = 0;
const int CannotRun = 1;
const int WrongSettings = 2;

if (args is ["inspect", .. string[] inspected])
{
    return InspectCommand.Run(inspected, Console.Out, Console.Error);
}

if (args is ["map", .. string[] mapped])
{
    return await MapCommand.RunAsync(
        mapped, Console.Out, Console.Error, static url => new StoreSource(url), Console.IsOutputRedirected ? 0 : Console.WindowWidth, CancellationToken.None);
}

DateTimeOffset startTime = TimeProvider.System.GetUtcNow();
AgentOptions options;
try
{
    options = AgentOptions.Parse(args, Environment.GetEnvironmentVariable);
}
catch (OptionsException exception)
{
    Console.Error.WriteLine($"caretta: {exception.Message}");
    return WrongSettings;
}

switch (options.Command)
{
    case AgentCommand.Help:
        Console.Out.WriteLine(AgentOptions.HelpText);
        return Success;
    case AgentCommand.Version:
        Console.Out.WriteLine($"caretta {BuildInfo.Version}");
        return Success;
    case AgentCommand.Check:
        SystemCheck check = SystemCheck.Run(BuildInfo.TierObjects, options.Without);
        check.Add(await ClusterCheck.RunAsync(Environment.GetEnvironmentVariable, options.ServiceAsWorkload, CancellationToken.None));
        Console.Out.Write(options.Json ? CheckReport.ToJson(check) : CheckReport.ToText(check));
        return check.Passed ? Success : CannotRun;
    default:
        return await RunAgent(options, startTime);
}

static async Task<int> RunAgent(AgentOptions options, DateTimeOffset startTime)
{
    var log = new Log(Console.Error, TimeProvider.System);
    using var wake = new ManualResetEventSlim();
    using var stop = new StopSignal(wake.Set);
    try
    {
        // The port first: nothing is attached in vain, and a probe gets an answer from the start.
        await using var service = new AgentService(options, startTime, wake, log);
        service.Run(stop);
        return Success;
    }
    catch (KubernetesConfigException exception)
    {
        log.Error(exception.Message);
        return CannotRun;
    }
    catch (HttpBindException exception)
    {
        log.Error($"PROMETHEUS_PORT: {exception.Message}");
        return CannotRun;
    }
    catch (TierException exception)
    {
        string missing = exception.IsPermission ? Capabilities.ReadOwn().DescribeMissing() : "";
        log.Error(missing.Length > 0
            ? $"missing {missing}: run as root, or grant them to the process or container"
            : $"no tier can run here: {exception.Message}; caretta check tells what this machine lacks");
        return CannotRun;
    }
    catch (Exception exception) when (exception is BpfException or IOException or UnauthorizedAccessException)
    {
        log.Error($"{exception.Message}; caretta check tells what this machine lacks");
        return CannotRun;
    }
}
