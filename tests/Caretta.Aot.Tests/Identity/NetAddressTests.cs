using System.Net;
using System.Runtime.CompilerServices;
using Caretta.Aot.Identity;
using Xunit;

namespace Caretta.Aot.Tests.Identity;

public sealed class NetAddressTests
{
    [Fact]
    public void Has_the_size_of_the_kernel_side() => Assert.Equal(16, Unsafe.SizeOf<NetAddress>());

    [Theory]
    [InlineData("1.2.3.4", "1.2.3.4")]
    [InlineData("::ffff:10.0.0.255", "10.0.0.255")]
    [InlineData("255.255.255.255", "255.255.255.255")]
    [InlineData("0.0.0.0", "0.0.0.0")]
    [InlineData("::", "::")]
    [InlineData("::1", "::1")]
    [InlineData("1::", "1::")]
    [InlineData("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1")]
    [InlineData("2001:db8:0:0:0:0:2:1", "2001:db8::2:1")]
    [InlineData("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1")]
    [InlineData("0:0:1:0:0:0:1:1", "0:0:1::1:1")]
    [InlineData("1:0:0:2:0:0:0:0", "1:0:0:2::")]
    [InlineData("fe80::1:2:3:4", "fe80::1:2:3:4")]
    [InlineData("64:ff9b::c000:221", "64:ff9b::c000:221")]
    [InlineData("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    public void Is_written_as_dotted_quad_or_by_RFC_5952(string address, string expected) =>
        Assert.Equal(expected, NetAddress.From(IPAddress.Parse(address)).ToString());

    [Fact]
    public void Text_reads_back_as_the_same_address()
    {
        var random = new Random(1);
        byte[] bytes = new byte[16];
        for (int round = 0; round < 20_000; round++)
        {
            random.NextBytes(bytes);
            for (int zero = random.Next(16); zero > 0; zero--)
            {
                bytes[random.Next(16)] = 0;
            }

            NetAddress address = NetAddress.Read(bytes);
            Assert.Equal(address, NetAddress.From(IPAddress.Parse(address.ToString())));
        }
    }

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.255.3.4", true)]
    [InlineData("::1", true)]
    [InlineData("128.0.0.1", false)]
    [InlineData("126.0.0.1", false)]
    [InlineData("::", false)]
    [InlineData("::2", false)]
    [InlineData("::127.0.0.1", false)]
    [InlineData("1::1", false)]
    [InlineData("10.0.0.1", false)]
    public void Knows_loopback(string address, bool expected) =>
        Assert.Equal(expected, NetAddress.From(IPAddress.Parse(address)).IsLoopback);
}
