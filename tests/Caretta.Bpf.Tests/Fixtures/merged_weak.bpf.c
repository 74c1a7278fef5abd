/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
 *
 * The other half of merged.bpf.o: its weak function loses, and its code stays behind with a relocation in it.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "GPL";

__u64 weak_value = 8;

__attribute__((noinline)) int behind(__u32 value)
{
	return value * 7;
}

__weak __attribute__((noinline)) int choose(__u32 value)
{
	return weak_value + value;
}

__attribute__((noinline)) int after(__u32 value)
{
	return behind(value) - 2;
}

SEC("xdp")
int weak_program(struct xdp_md *context)
{
	weak_value++;
	return choose(context->data) + after(context->data_end);
}
