namespace Caretta.Aot.Store;

/// <summary>
/// Adds up what counters grew by where they began anew within the range: from their samples, piece by piece, for PromQL has no exact sum of
/// that. One agent and one counter; one thread at a time.
/// </summary>
/// <param name="from">Begin of the range, in seconds since 1970.</param>
internal sealed class RestartedLinks(double from)
{
    private readonly Dictionary<ObservedEnds, Account> _accounts = [];

    /// <summary>Takes a sample; those of a series come in order.</summary>
    public void Add(ObservedEnds ends, double time, double value)
    {
        if (!_accounts.TryGetValue(ends, out Account? account))
        {
            account = new Account();
            _accounts.Add(ends, account);
        }

        // Windows that meet give the sample between them twice.
        if (account.HasValue && time <= account.Time)
        {
            return;
        }

        bool anew = account.HasValue && value < account.Value;
        account.BeganAnew |= anew;
        if (time > from)
        {
            account.Growth += account.HasValue && !anew ? value - account.Value : value;
            account.Counted = true;
        }

        (account.HasValue, account.Value, account.Time) = (true, value, time);
    }

    /// <summary>Adds the growth of the counters that began anew; those that did not are in the store's own sum.</summary>
    public void AddTo(ObservedLinks links, LinkCounter counter)
    {
        foreach ((ObservedEnds ends, Account account) in _accounts)
        {
            if (account.BeganAnew && account.Counted)
            {
                links.GetOrAdd(ends)[counter] += account.Growth;
            }
        }
    }

    private sealed class Account
    {
        public bool HasValue;
        public bool BeganAnew;
        public bool Counted;
        public double Value;
        public double Time;
        public double Growth;
    }
}
