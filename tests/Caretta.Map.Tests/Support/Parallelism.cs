using Xunit;

// One kernel, one set of sockets: tests that count both must not run into one another.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
