/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
 *
 * One half of merged.bpf.o: its function overrides the weak one of the other half.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} strong_map SEC(".maps");

__u64 strong_value = 4;

__attribute__((noinline)) int choose(__u32 value)
{
	return value + 1;
}

SEC("xdp")
int strong_program(struct xdp_md *context)
{
	__u32 zero = 0;

	strong_value++;
	return choose(context->data) + !bpf_map_lookup_elem(&strong_map, &zero);
}
