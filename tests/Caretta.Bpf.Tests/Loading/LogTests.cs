using System.Text;

using Caretta.Bpf.Interop;

using Xunit;

namespace Caretta.Bpf.Tests.Loading;

/// <summary>Getting the verifier's log out of kernels, whatever its size.</summary>
public sealed unsafe class LogTests
{
    [Theory]
    [InlineData(100, true, 1)]
    [InlineData(100_000, true, 2)]
    [InlineData(3_000_000, true, 2)]
    [InlineData(3_000_000, false, 4)]
    public void A_log_of_any_size_is_fetched_whole(int length, bool tellsSize, int tries)
    {
        string log = new string('x', length - 12) + "\nthe reason\n";
        var kernel = new FakeKernel(6, 12) { Answer = Verifier(log), LogSize = tellsSize ? (uint)log.Length + 1 : null };
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);

        BpfException refused = Assert.Throws<BpfException>(Program().Load);

        Assert.Equal(log, refused.Log!.Text);
        Assert.False(refused.Log.IsTruncated);
        Assert.Equal("load program program: EACCES (13): the reason", refused.Message);

        // One without a log comes first.
        Assert.Equal(tries, kernel.Of(bpf_cmd.BPF_PROG_LOAD).Count - 1);
    }

    [Fact]
    public void A_log_beyond_all_bounds_is_cut_and_its_end_kept()
    {
        string log = new string('x', 20_000_000) + "\nthe reason\n";
        using KernelCalls.Replacement _ = KernelCalls.Replace(new FakeKernel(6, 12) { Answer = Verifier(log), LogSize = (uint)log.Length + 1 });

        BpfException refused = Assert.Throws<BpfException>(Program().Load);

        Assert.True(refused.Log!.IsTruncated);
        Assert.Equal("the reason", refused.Log.Summary);
        Assert.EndsWith("the reason\n", refused.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_that_loads_when_asked_again_is_closed_and_said_to()
    {
        int left = 1;
        var kernel = new FakeKernel(6, 12)
        {
            Answer = (command, _) => command == bpf_cmd.BPF_PROG_LOAD && left-- > 0 ? -Errno.EACCES : null,
        };
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);

        BpfException refused = Assert.Throws<BpfException>(Program().Load);

        Assert.Equal("it loads when tried again: retry", refused.Advice);
    }

    [Fact]
    public void A_refusal_without_a_log_says_which_rights_are_needed()
    {
        using KernelCalls.Replacement _ = KernelCalls.Replace(new FakeKernel(6, 12)
        {
            Answer = static (command, _) => command == bpf_cmd.BPF_PROG_LOAD ? -Errno.EPERM : null,
        });

        BpfException refused = Assert.Throws<BpfException>(Program().Load);

        Assert.Equal(string.Empty, refused.Log!.Text);
        Assert.StartsWith("needs CAP_BPF", refused.Advice, StringComparison.Ordinal);
    }

    /// <summary>Writes a log as the verifier does: what does not fit loses its beginning, and the answer is ENOSPC (Linux 6.4).</summary>
    private static Func<bpf_cmd, byte[], int?> Verifier(string log)
    {
        byte[] text = Encoding.UTF8.GetBytes(log + "\0");
        return (command, attr) =>
        {
            if (command != bpf_cmd.BPF_PROG_LOAD)
            {
                return null;
            }

            int size = FakeKernel.Read<int>(attr, 28);
            if (size == 0)
            {
                return -Errno.EACCES;
            }

            // The caller keeps the buffer pinned while it waits for the answer.
            var buffer = new Span<byte>((void*)FakeKernel.Read<ulong>(attr, 32), size);
            text.AsSpan(Math.Max(0, text.Length - size)).CopyTo(buffer);
            return size < text.Length ? -Errno.ENOSPC : -Errno.EACCES;
        };
    }

    private static ProgramLoad Program() => new()
    {
        Name = "program",
        Type = BpfProgramType.SocketFilter,
        License = "GPL",
        Instructions = [new(0xb7), new(BpfInstruction.Exit)],
    };
}
