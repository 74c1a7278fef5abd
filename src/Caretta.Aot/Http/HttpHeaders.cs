namespace Caretta.Aot.Http;

/// <summary>A view of validated header lines. Lives as long as the bytes under it; walking it allocates nothing.</summary>
internal readonly ref struct HttpHeaders(ReadOnlySpan<byte> lines)
{
    private readonly ReadOnlySpan<byte> _lines = lines;

    /// <summary>Walks the lines in order.</summary>
    public Enumerator GetEnumerator() => new(_lines);

    /// <summary>One header line.</summary>
    internal readonly ref struct Line(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        /// <summary>The name as it was sent; compare with <see cref="Is"/>.</summary>
        public ReadOnlySpan<byte> Name { get; } = name;

        /// <summary>The value without the white space around it.</summary>
        public ReadOnlySpan<byte> Value { get; } = value;

        /// <summary>Whether the name is <paramref name="name"/>, in whatever case.</summary>
        public bool Is(ReadOnlySpan<byte> name) => System.Text.Ascii.EqualsIgnoreCase(Name, name);
    }

    /// <summary>Position in the walk.</summary>
    internal ref struct Enumerator(ReadOnlySpan<byte> lines)
    {
        private ReadOnlySpan<byte> _rest = lines;

        /// <summary>The line reached.</summary>
        public Line Current { get; private set; }

        /// <summary>Goes to the next line; false behind the last.</summary>
        public bool MoveNext()
        {
            int end = _rest.IndexOf("\r\n"u8);
            if (end <= 0)
            {
                return false;
            }

            ReadOnlySpan<byte> line = _rest[..end];
            int colon = line.IndexOf((byte)':');
            Current = new Line(line[..colon], line[(colon + 1)..].Trim(" \t"u8));
            _rest = _rest[(end + 2)..];
            return true;
        }
    }
}
