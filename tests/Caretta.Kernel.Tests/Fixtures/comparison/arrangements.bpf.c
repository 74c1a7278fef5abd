// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Functions and data in every arrangement that a linker has to keep apart. Only the linked code matters. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define USE(value) asm volatile("" : : "r"((__u64)(value)))

static int numbers[16] = { 1, 2, 3 };
static __u64 zeroes[8];
int shown = 7;
const volatile int knob = 5;
static volatile const char text[] = "a text that is no constant of one load";
const char *pointer_free_text = 0;
int elsewhere SEC(".data.elsewhere") = 3;
static const int constants[4] SEC(".rodata.custom") = { 4, 5, 6, 7 };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, int);
	__type(value, __u64);
} first SEC(".maps"), second SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, int);
} inside SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, int);
	__array(values, struct inner);
} outer SEC(".maps") = {
	.values = { [2] = &inside },
};

/* The first of .text: a call of it without relocation has the immediate of its distance, one with a relocation −1. */
static __noinline int at_the_start(int a)
{
	return a * knob + shown;
}

static __noinline int leaf(int a)
{
	USE(numbers[a & 15]);
	return at_the_start(a + 1);
}

__noinline int global_leaf(int a)
{
	return leaf(a) + elsewhere;
}

__attribute__((visibility("hidden"))) __noinline int hidden_leaf(int a)
{
	return global_leaf(a) - 1;
}

__weak __noinline int weak_leaf(int a)
{
	return a ^ hidden_leaf(a);
}

static int each_static(void *map, void *key, void *value, void *context)
{
	return leaf((long)value);
}

int each_global(__u32 index, void *context)
{
	return hidden_leaf(index) & 1;
}

static __noinline int through_callback(void)
{
	return bpf_for_each_map_elem(&first, each_static, 0, 0);
}

SEC("xdp")
int one(struct xdp_md *ctx)
{
	int key = 0;
	void *value = bpf_map_lookup_elem(&second, &key);

	return (value ? leaf(1) : at_the_start(2)) & 1;
}

SEC("xdp")
int two(struct xdp_md *ctx)
{
	bpf_loop(3, each_global, 0, 0);
	USE(zeroes[3] + numbers[2] + constants[ctx->ingress_ifindex & 3]);
	USE(text[ctx->rx_queue_index & 7]);
	return weak_leaf(3) & 1;
}

SEC("tc")
int three(struct __sk_buff *skb)
{
	int key = 2;
	void *map = bpf_map_lookup_elem(&outer, &key);

	numbers[skb->len & 15]++;
	return (map ? through_callback() : 0) + weak_leaf(1);
}

SEC("?tc")
int not_by_itself(struct __sk_buff *skb)
{
	return hidden_leaf(skb->len);
}

SEC("socket")
int alone(struct __sk_buff *skb)
{
	zeroes[skb->len & 7] += skb->len;
	return zeroes[1];
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
