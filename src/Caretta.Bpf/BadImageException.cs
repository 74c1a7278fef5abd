namespace Caretta.Bpf;

/// <summary>
/// The bytes of an object file, of BTF or of a kernel configuration are not what their format promises.
/// It is the only exception that parsing and linking let out, whatever the input.
/// </summary>
/// <remarks>The message names the image, the offset in bytes and the numbers that do not fit.</remarks>
public sealed class BadImageException : Exception
{
    /// <summary>Creates the exception with a complete message: image, offset, what was found and what was expected.</summary>
    public BadImageException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception with a message and the failure it stands for.</summary>
    public BadImageException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
