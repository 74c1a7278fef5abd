// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Programs that check what the loader made of them: each returns 0, or the number of the line that found something wrong.
 */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			return __LINE__;                                                                               \
	} while (0)

struct nothing_like_it {
	long gone;
} __attribute__((preserve_access_index));

/* Set by the test to 42, 0x1122334455667788, true. */
const volatile __u32 knob = 5;
const volatile __u64 wide_knob = 1;
static const volatile bool hidden_knob;
const volatile __u8 table[5] = { 1, 2, 3, 4, 5 };

__u32 initialised = 7;
static __u16 hidden = 9;
__u64 zeroed;
static __u32 hidden_zeroed[3];
__u64 custom SEC(".data.custom") = 0x42;

/* All data sections; code for other values of a constant is gone before the verifier looks at it. */
SEC("?socket")
int globals(struct __sk_buff *skb)
{
	static int calls;

	if (knob == 43)
		return ((volatile struct nothing_like_it *)skb)->gone;
	CHECK(knob == 42);
	CHECK(wide_knob == 0x1122334455667788);
	CHECK(hidden_knob);
	CHECK(table[0] == 1 && table[skb->mark & 3] == 1 && table[4] == 5);
	CHECK(*(volatile __u32 *)&initialised == 7 + calls);
	CHECK(*(volatile __u16 *)&hidden == 9);
	CHECK(zeroed == 3 * calls);
	CHECK(hidden_zeroed[2] == calls);
	CHECK(*(volatile __u64 *)&custom == 0x42 + calls);
	calls++;
	initialised++;
	zeroed += 3;
	hidden_zeroed[2]++;
	custom++;
	return 0;
}

static __attribute__((noinline)) __u64 triple(__u64 value)
{
	return value * 3 + (bpf_get_prandom_u32() & 0);
}

static __attribute__((noinline)) __u64 nested(__u64 value)
{
	return triple(value + 1) + 1;
}

__attribute__((noinline)) int visible(__u32 value)
{
	return nested(value) + triple(value);
}

SEC("?socket")
int calls_one(struct __sk_buff *skb)
{
	CHECK(triple(skb->len) == 3 * (__u64)skb->len);
	CHECK(nested(5) == 19);
	CHECK(visible(5) == 34);
	return 0;
}

/* The same functions, in another order and place. */
SEC("?socket")
int calls_two(struct __sk_buff *skb)
{
	CHECK(visible(skb->len) == 6 * skb->len + 4);
	CHECK(nested(skb->len) == 3 * (__u64)skb->len + 4);
	return 0;
}

static long add_index(__u32 index, void *sum)
{
	*(__u64 *)sum += triple(index);
	return 0;
}

static long stop_at_four(__u32 index, void *context)
{
	return index == 4;
}

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} numbers SEC(".maps");

static long add_value(void *map, __u32 *key, __u64 *value, __u64 *sum)
{
	*sum += *key * *value;
	return 0;
}

SEC("?socket")
int callbacks(struct __sk_buff *skb)
{
	__u32 key = 3;
	__u64 value = 1000, sum = 0;

	CHECK(bpf_loop(10, add_index, &sum, 0) == 10);
	CHECK(sum == 135);
	CHECK(bpf_loop(10, stop_at_four, NULL, 0) == 5);
	CHECK(!bpf_map_update_elem(&numbers, &key, &value, 0));
	key = 4;
	CHECK(!bpf_map_update_elem(&numbers, &key, &value, 0));
	sum = 0;
	CHECK(bpf_for_each_map_elem(&numbers, add_value, &sum, 0) == 2);
	CHECK(sum == 7000);
	return 0;
}

struct inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
};

struct inner inner_a SEC(".maps"), inner_b SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 3);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = {
	.values = { [0] = &inner_a, [2] = &inner_b },
};

/* Writes 100 + i under key i of the map in slot i. */
SEC("?socket")
int maps_in_map(struct __sk_buff *skb)
{
	__u64 value;
	void *map;
	__u32 i = 0;

	map = bpf_map_lookup_elem(&outer, &i);
	CHECK(map);
	value = 100;
	CHECK(!bpf_map_update_elem(map, &i, &value, 0));
	i = 1;
	CHECK(!bpf_map_lookup_elem(&outer, &i));
	i = 2;
	map = bpf_map_lookup_elem(&outer, &i);
	CHECK(map);
	value = 102;
	CHECK(!bpf_map_update_elem(map, &i, &value, 0));
	return 0;
}

struct per_cpu_value {
	__u32 left;
	__u32 middle;
	__u32 right; /* 12 bytes: 16 for each CPU outside */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct per_cpu_value);
} per_cpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 5000);
	__type(value, struct per_cpu_value);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
} events SEC(".maps");

SEC("?socket")
int other_maps(struct __sk_buff *skb)
{
	struct per_cpu_value *value, fresh = { 1, 2, 3 };
	__u32 one = 1;

	value = bpf_map_lookup_elem(&per_cpu, &one);
	CHECK(value);
	value->right += 5;
	CHECK(!bpf_ringbuf_output(&ring, &fresh, sizeof(fresh), 0));
	CHECK(bpf_perf_event_output(skb, &events, BPF_F_CURRENT_CPU, &fresh, sizeof(fresh)) < 0);
	return 0;
}

/* Declared wrongly on purpose: order, neighbours, sizes. Only names count. */
struct task_struct {
	char comm[16];
	unsigned long flags; /* 32 bits in the kernel: the load must shrink */
	struct task_struct *group_leader;
	int tgid;
	int pid;
} __attribute__((preserve_access_index));

struct task_struct___flavoured {
	int pid;
	int no_such_field;
} __attribute__((preserve_access_index));

struct list_head {
	struct list_head *next;
};

enum bpf_prog_type___wrong {
	BPF_PROG_TYPE_SYSCALL___wrong = 5,
	BPF_PROG_TYPE_NONSENSE___wrong = 6,
};

/* Fields of the running task, against what helpers say. */
SEC("?raw_tp/sched_switch")
int core(void *context)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct task_struct___flavoured *flavoured = (void *)task;
	__u64 ids = bpf_get_current_pid_tgid();
	char name[16];
	__u32 flags;

	CHECK(task->pid == (__u32)ids);
	CHECK(task->tgid == ids >> 32);
	CHECK(task->group_leader->pid == ids >> 32);
	CHECK(flavoured->pid == (__u32)ids);
	CHECK(!bpf_get_current_comm(name, sizeof(name)));
	CHECK(task->comm[0] == name[0] && task->comm[3] == name[3]);
	CHECK(!bpf_core_read(&flags, sizeof(flags), &task->flags));
	CHECK(task->flags == flags);
	CHECK(bpf_core_field_exists(task->pid));
	CHECK(!bpf_core_field_exists(flavoured->no_such_field));
	CHECK(bpf_core_field_size(task->comm) == 16);
	CHECK(bpf_core_field_size(task->flags) == 4);
	CHECK(bpf_core_type_exists(struct task_struct));
	CHECK(!bpf_core_type_exists(struct nothing_like_it));
	CHECK(bpf_core_type_size(struct list_head) == 16);
	CHECK(bpf_core_enum_value(enum bpf_prog_type___wrong, BPF_PROG_TYPE_SYSCALL___wrong) == 31);
	CHECK(!bpf_core_enum_value_exists(enum bpf_prog_type___wrong, BPF_PROG_TYPE_NONSENSE___wrong));
	/* Never reached, so that what is missing does no harm. */
	if (bpf_core_type_exists(struct nothing_like_it))
		return ((volatile struct nothing_like_it *)task)->gone;
	return 0;
}

struct arguments {
	__u64 in;
	__u64 out;
};

SEC("?syscall")
int doubles(struct arguments *arguments)
{
	arguments->out = arguments->in * 2;
	return 0;
}
