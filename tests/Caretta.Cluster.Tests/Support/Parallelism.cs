using Xunit;

// One kernel and few processors: servers and measurements must not run into one another.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
