// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Buffers between programs and user space, and a map that is shared by name. Programs run by BPF_PROG_TEST_RUN. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define MAX_SIZE 256

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} orders SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} shared_counts SEC(".maps");

__u64 next_number, failures, drained, drained_bytes;

struct record {
	__u64 number;
	__u8 filling[MAX_SIZE - 8];
};

static struct record scratch;

/* Each record says its number, and every byte behind that is its low byte. */
static __always_inline __u32 fill(__u64 number)
{
	int i;

	scratch.number = number;
	for (i = 0; i < MAX_SIZE - 8; i++)
		scratch.filling[i] = number;
	return 8 + ((number * 7) & 127);
}

SEC("?socket")
int emit(struct __sk_buff *skb)
{
	__u64 number = next_number++;
	__u32 size = fill(number);
	void *dropped;

	if (number % 5 == 4) {
		dropped = bpf_ringbuf_reserve(&records, 24, 0);
		if (dropped)
			bpf_ringbuf_discard(dropped, 0);
	}
	if (bpf_ringbuf_output(&records, &scratch, size, 0))
		failures++;
	return 0;
}

SEC("?socket")
int emit_sample(struct __sk_buff *skb)
{
	__u32 size = fill(next_number++);

	if (bpf_perf_event_output(skb, &samples, BPF_F_CURRENT_CPU, &scratch, size))
		failures++;
	return 0;
}

static long take(struct bpf_dynptr *order, void *context)
{
	__u64 number = 0;

	if (bpf_dynptr_read(&number, sizeof(number), order, 0, 0))
		return 1;
	drained++;
	drained_bytes += number;
	return 0;
}

SEC("?socket")
int drain(struct __sk_buff *skb)
{
	bpf_user_ringbuf_drain(&orders, take, (void *)0, 0);
	return 0;
}

SEC("?socket")
int count(struct __sk_buff *skb)
{
	__u32 key = 1;
	__u64 one = 1, *value = bpf_map_lookup_elem(&shared_counts, &key);

	if (value)
		__sync_fetch_and_add(value, 1);
	else
		bpf_map_update_elem(&shared_counts, &key, &one, BPF_ANY);
	return 0;
}
