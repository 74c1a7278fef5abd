namespace Caretta.Bpf.Interop;

/// <summary>Error numbers that Linux gives back, <c>include/uapi/asm-generic/errno*.h</c> and <c>include/linux/errno.h</c>.</summary>
internal static class Errno
{
    public const int EPERM = 1;
    public const int ENOENT = 2;
    public const int EINTR = 4;
    public const int EBADF = 9;
    public const int EAGAIN = 11;
    public const int ENOMEM = 12;
    public const int EACCES = 13;
    public const int EFAULT = 14;
    public const int EBUSY = 16;
    public const int EEXIST = 17;
    public const int ENODEV = 19;
    public const int EINVAL = 22;
    public const int ENOSPC = 28;
    public const int E2BIG = 7;
    public const int EDEADLK = 35;
    public const int ENOSYS = 38;
    public const int EPROTO = 71;
    public const int EOPNOTSUPP = 95;
    public const int EADDRNOTAVAIL = 99;
    public const int ETIMEDOUT = 110;

    /// <summary>Kernel-internal, but bpf(2) lets it out; libc has no text for it.</summary>
    public const int ENOTSUPP = 524;

    /// <summary>The symbolic name, or <c>errno N</c> for one that bpf(2) does not normally return.</summary>
    public static string Name(int errno) => errno switch
    {
        EPERM => "EPERM",
        ENOENT => "ENOENT",
        3 => "ESRCH",
        EINTR => "EINTR",
        5 => "EIO",
        6 => "ENXIO",
        E2BIG => "E2BIG",
        EBADF => "EBADF",
        EAGAIN => "EAGAIN",
        ENOMEM => "ENOMEM",
        EACCES => "EACCES",
        EFAULT => "EFAULT",
        EBUSY => "EBUSY",
        EEXIST => "EEXIST",
        18 => "EXDEV",
        ENODEV => "ENODEV",
        20 => "ENOTDIR",
        EINVAL => "EINVAL",
        24 => "EMFILE",
        23 => "ENFILE",
        ENOSPC => "ENOSPC",
        30 => "EROFS",
        34 => "ERANGE",
        EDEADLK => "EDEADLK",
        36 => "ENAMETOOLONG",
        ENOSYS => "ENOSYS",
        62 => "ETIME",
        EPROTO => "EPROTO",
        75 => "EOVERFLOW",
        EOPNOTSUPP => "EOPNOTSUPP",
        EADDRNOTAVAIL => "EADDRNOTAVAIL",
        ETIMEDOUT => "ETIMEDOUT",
        ENOTSUPP => "ENOTSUPP",
        _ => $"errno {errno}",
    };
}
