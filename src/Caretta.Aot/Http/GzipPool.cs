namespace Caretta.Aot.Http;

/// <summary>
/// Lends encoders, a limited number at once, and keeps as many as two scrapers need for the next responses. Any thread may call any member.
/// </summary>
internal sealed class GzipPool(int most)
{
    private readonly Lock _gate = new();
    private readonly GzipEncoder?[] _kept = new GzipEncoder?[2];
    private int _keptCount;
    private int _lent;

    /// <summary>Takes an encoder, or null when the limit is reached: compressing is a courtesy, memory is not.</summary>
    public GzipEncoder? TryRent()
    {
        lock (_gate)
        {
            if (_lent >= most)
            {
                return null;
            }

            _lent++;
            return _keptCount > 0 ? _kept[--_keptCount]! : new GzipEncoder();
        }
    }

    /// <summary>Gives an encoder back, in whatever state.</summary>
    public void Return(GzipEncoder encoder)
    {
        lock (_gate)
        {
            _lent--;
            if (_keptCount < _kept.Length)
            {
                _kept[_keptCount++] = encoder;
            }
        }
    }
}
