// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Programs that the kernel must refuse, each for another reason. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct task_struct {
	int pid;
	int this_field_never_existed;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} numbers SEC(".maps");

SEC("?socket")
int unchecked_lookup(struct __sk_buff *skb)
{
	__u32 zero = 0;
	__u64 *value = bpf_map_lookup_elem(&numbers, &zero);

	return *value;
}

SEC("?raw_tp/sched_switch")
int missing_field(void *context)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();

	return task->this_field_never_existed;
}

static __attribute__((noinline)) int read_below(struct task_struct *task)
{
	return task->this_field_never_existed;
}

SEC("?raw_tp/sched_switch")
int missing_field_below(void *context)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();

	return read_below(task);
}

extern int no_such_function(int) __ksym __weak;

SEC("?raw_tp/sched_switch")
int missing_function(void *context)
{
	return no_such_function(1);
}

/* Refused at the very end, after so many branches that the log is long. */
SEC("?socket")
int long_log(struct __sk_buff *skb)
{
	__u64 sum = 0;
	int i;

#pragma clang loop unroll(full)
	for (i = 0; i < 400; i++)
		if (bpf_get_prandom_u32() & 1)
			sum += skb->len * i;
	return *(int *)sum;
}

SEC("?no_such_type/anything")
int unknown_section(void *context)
{
	return 0;
}

SEC("?socket")
int good(struct __sk_buff *skb)
{
	return 0;
}
