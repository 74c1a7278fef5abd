/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
 *
 * As programs were written before BTF: maps as structs of numbers, a static program, and no types at all.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "GPL";

struct old_map {
	__u32 type;
	__u32 key_size;
	__u32 value_size;
	__u32 max_entries;
	__u32 map_flags;
	__u32 unused;
};

struct old_map SEC("maps") counts = {
	.type = BPF_MAP_TYPE_HASH,
	.key_size = 4,
	.value_size = 8,
	.max_entries = 100,
	.map_flags = BPF_F_NO_PREALLOC,
};

struct old_map SEC("maps") totals = {
	.type = BPF_MAP_TYPE_PERCPU_ARRAY,
	.key_size = 4,
	.value_size = 16,
	.max_entries = 2,
};

static int threshold = 5;

SEC("socket")
__attribute__((used)) static int filter(struct __sk_buff *context)
{
	__u32 key = context->len;
	__u64 *count = bpf_map_lookup_elem(&counts, &key);

	if (!count)
		count = bpf_map_lookup_elem(&totals, &key);
	if (count && ++*count > threshold)
		threshold++;
	return 0;
}
