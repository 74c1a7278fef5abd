// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Tail calls through an array that the object fills itself. Each program returns 0, or the line from which nothing led on. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

int tail_one(struct __sk_buff *skb);
int tail_two(struct __sk_buff *skb);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 5);
	__uint(key_size, 4);
	__array(values, int(void *));
} tails SEC(".maps") = {
	.values = { [1] = (void *)&tail_one, [3] = (void *)&tail_two },
};

/* On from slot 3 to slot 1, which says that all went well; slot 0 is empty. */
SEC("?socket")
int tail_calls(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &tails, 0);
	bpf_tail_call(skb, &tails, 3);
	return __LINE__;
}

SEC("?socket")
int tail_two(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &tails, 1);
	return __LINE__;
}

SEC("?socket")
int tail_one(struct __sk_buff *skb)
{
	return 0;
}
