namespace Caretta.Bpf;

/// <summary>
/// Bounds what names can cost. Tables of names may share text, so that a small image with many names that all end in the same long text
/// would take time and memory in proportion to the square of its size.
/// </summary>
/// <param name="what">Name of the image for messages.</param>
/// <param name="imageLength">Bytes of the image. Compilers stay below twice that.</param>
internal struct NameBudget(string what, int imageLength)
{
    private const int Factor = 16;
    private const int Allowance = 64 << 10;

    private long _left = ((long)imageLength * Factor) + Allowance;

    /// <summary>Counts one name.</summary>
    /// <exception cref="BadImageException">All names together are longer than any compiler makes them.</exception>
    public void Spend(int length)
    {
        _left -= length;
        if (_left < 0)
        {
            throw new BadImageException($"{what}: its names have more than {Factor} times the bytes of the image, which has {imageLength}");
        }
    }
}
