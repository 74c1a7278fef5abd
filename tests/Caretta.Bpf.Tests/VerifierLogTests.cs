using System.Text;
using Xunit;

namespace Caretta.Bpf.Tests;

public sealed class VerifierLogTests
{
    [Fact]
    public void The_summary_is_the_last_line_that_gives_a_reason()
    {
        VerifierLog log = Parse("""
            func#0 @0
            0: R1=ctx() R10=fp0
            ; __u32 zero = 0; @ refused.bpf.c:27
            7: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=1,map=numbers,ks=4,vs=8)
            8: (79) r0 = *(u64 *)(r0 +0)
            R0 invalid mem access 'map_value_or_null'
            processed 8 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0

            """);

        Assert.Equal("R0 invalid mem access 'map_value_or_null'", log.Summary);
        Assert.StartsWith("func#0 @0", log.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("R0 !read_ok\n R0=scalar() R1_w=ctx()\n", "R0 !read_ok")]
    [InlineData("back-edge from insn 3 to 1\nfp-8=mmmm\nfrom 3 to 1: R0=1\n", "back-edge from insn 3 to 1")]
    [InlineData("last_idx\nverification time 12 usec\nstack depth 8\n", "last_idx")]
    [InlineData("", "")]
    public void States_and_statistics_are_no_reasons(string text, string summary) => Assert.Equal(summary, Parse(text).Summary);

    [Fact]
    public void What_was_poisoned_is_explained()
    {
        Assert.Contains("CO-RE relocation without target", Parse("3: (85) call unknown#195896080\ninvalid func unknown#195896080\n").Summary,
            StringComparison.Ordinal);
        Assert.Equal("the program calls a kernel function that this kernel does not have", Parse("invalid func unknown#2002000003\n").Summary);
    }

    [Theory]
    [InlineData("3: (b7) r0 = 0\n12: (85) call unknown#195896080\ninvalid func unknown#195896080\n",
        "the program uses Relocation 12, which this kernel does not have (CO-RE relocation without target)")]
    [InlineData("12: (85) call unknown#195896080\ninvalid func unknown#195896080\n",
        "the program uses Relocation 12, which this kernel does not have (CO-RE relocation without target)")]
    [InlineData("0: (85) call unknown#2001000004\ninvalid func unknown#2001000004\n",
        "the program uses map Map 4, which was not created on this kernel")]
    [InlineData("0: (85) call unknown#2002000000\ninvalid func unknown#2002000000\n",
        "the program calls kernel function Function 0 that this kernel does not have")]
    [InlineData("0: (85) call unknown#77\ninvalid func unknown#77\n", "invalid func unknown#77")]
    [InlineData("invalid func unknown#99999999999999\n", "invalid func unknown#99999999999999")]
    public void What_was_poisoned_is_named(string text, string summary) => Assert.Equal(
        summary, VerifierLog.Parse(Encoding.UTF8.GetBytes(text), isTruncated: false, static (kind, index) => $"{kind} {index}").Summary);

    [Fact]
    public void Text_ends_at_the_first_nul_and_may_be_any_bytes()
    {
        VerifierLog log = VerifierLog.Parse([(byte)'a', 0xff, 0, (byte)'b'], isTruncated: true);

        Assert.Equal("a\ufffd", log.Text);
        Assert.True(log.IsTruncated);
    }

    private static VerifierLog Parse(string text) => VerifierLog.Parse(Encoding.UTF8.GetBytes(text + "\0\0"), isTruncated: false);
}
