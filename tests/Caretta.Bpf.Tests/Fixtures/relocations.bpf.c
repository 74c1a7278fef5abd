/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
 *
 * CO-RE relocations in a program, in a function that two programs share, and in one that nobody reaches.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char _license[] SEC("license") = "GPL";

struct inner {
	int first;
	long second;
} __attribute__((preserve_access_index));

struct sample {
	char name[12];
	struct inner inner;
	unsigned int bits : 3;
	unsigned int more_bits : 9;
} __attribute__((preserve_access_index));

enum mode {
	MODE_ONE = 1,
	MODE_TWO = 2,
};

static __attribute__((noinline)) long shared(struct sample *sample)
{
	if (!sample)
		return 0;
	return sample->inner.second + bpf_core_type_size(struct inner);
}

__attribute__((noinline)) int never_called(struct sample *sample)
{
	return sample ? sample->inner.first : 0;
}

SEC("fentry/one")
int one(__u64 *context)
{
	struct sample *sample = (void *)context[0];

	return sample->inner.first + shared(sample);
}

SEC("fentry/two")
int two(__u64 *context)
{
	struct sample *sample = (void *)context[0];

	if (bpf_core_field_exists(sample->more_bits))
		return BPF_CORE_READ_BITFIELD_PROBED(sample, more_bits) + shared(sample);
	return bpf_core_enum_value(enum mode, MODE_TWO);
}
