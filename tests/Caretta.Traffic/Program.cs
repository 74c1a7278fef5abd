using Caretta.Traffic;

return await CommandLine.RunAsync(args).ConfigureAwait(false);
