/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
 *
 * Variables in every section and of every visibility; static ones are reached through the section's symbol, global ones
 * through their own.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "GPL";

struct pair {
	__u32 left;
	__u32 right;
};

const volatile __u32 poll_interval_ms = 5000;
const volatile __u64 flags = 0x1122334455667788;
const volatile _Bool verbose;
const volatile struct pair limits = { 7, 9 };
static const volatile __u16 secret = 0xbeef;

__u32 counter = 1;
static __u32 hidden_counter = 2;
static __u32 table[4] = { 10, 11, 12, 13 };
__u64 zero;
static __u64 hidden_zero;
__u8 large[100];
__u64 elsewhere SEC(".data.custom") = 0x42;
__attribute__((visibility("hidden"))) __u32 internal_counter SEC(".data.internal") = 3;
__u64 scratch SEC(".bss.scratch");

SEC("xdp")
int read_all(struct xdp_md *context)
{
	static __u32 calls;
	char text[] = "a text long enough to be kept as a constant";
	__u64 sum = poll_interval_ms + flags + limits.right + secret;

	if (verbose)
		bpf_printk("sum %llu", sum);
	calls++;
	counter++;
	hidden_counter++;
	zero += sum;
	hidden_zero += table[context->rx_queue_index & 3];
	table[3] = calls;
	large[99] = sum;
	elsewhere++;
	internal_counter++;
	scratch = hidden_zero;
	return bpf_trace_printk(text, sizeof(text));
}
