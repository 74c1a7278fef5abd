using Caretta.Aot.Links;

using Xunit;

namespace Caretta.Aot.Tests.Links;

/// <summary>Lines of /proc/net/tcp and tcp6.</summary>
public sealed class OpenConnectionsTests
{
    [Fact]
    public void An_ipv4_end_is_read_with_its_address_mapped()
    {
        // 127.0.0.1:8080 to 10.1.2.3:50000
        Assert.True(OpenConnections.TryParse("   0: 0100007F:1F90 0302010A:C350 01 00000000:00000000 00:00000000", out ConnectionKey key));

        Assert.Equal(new ConnectionKey(0, 0x0100007F_FFFF0000, 0, 0x0302010A_FFFF0000, 50000UL << 32 | 8080), key);
    }

    [Fact]
    public void An_ipv6_end_is_read()
    {
        // [2001:db8::1]:80 to [::1]:1
        Assert.True(OpenConnections.TryParse(
            "  12: B80D0120000000000000000001000000:0050 00000000000000000000000001000000:0001 08 0 0", out ConnectionKey key));

        Assert.Equal(new ConnectionKey(0x00000000_B80D0120, 0x01000000_00000000, 0, 0x01000000_00000000, 1UL << 32 | 80), key);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  sl  local_address rem_address   st tx_queue rx_queue")]
    [InlineData("   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000")]     // listens
    [InlineData("   0: 0100007F:1F90 00000000:0000 06 00000000:00000000 00:00000000")]     // TIME_WAIT
    [InlineData("   0: 0100007:1F90 00000000:0000 01 0 0")]
    [InlineData("   0: 0100007G:1F90 00000000:0000 01 0 0")]
    [InlineData("   0: 0100007F1F90 00000000:0000 01 0 0")]
    public void Other_lines_are_not(string line) => Assert.False(OpenConnections.TryParse(line, out _));
}
