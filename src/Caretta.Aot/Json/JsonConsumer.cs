using System.Text.Json;

namespace Caretta.Aot.Json;

/// <summary>Takes what a <see cref="JsonStream"/> finds of a <see cref="JsonShape"/>, in document order. What it throws ends the reading.</summary>
internal abstract class JsonConsumer
{
    /// <summary>A wanted object or array begins.</summary>
    public virtual void Begin(int field)
    {
    }

    /// <summary>A wanted object or array ends.</summary>
    public virtual void End(int field)
    {
    }

    /// <summary>A wanted scalar, never null. The reader stands on it and must not be moved.</summary>
    public abstract void Value(int field, ref Utf8JsonReader reader);

    /// <summary>Something else stood where <paramref name="field"/> was expected; it is skipped.</summary>
    public abstract void WrongType(int field);
}
