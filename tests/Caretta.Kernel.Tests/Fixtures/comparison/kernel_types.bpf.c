// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Questions of every kind to types that real kernels have, had or will never have. Types are written from memory: only names and kinds
 * need to be right. What is asked for must exist wherever no existence check stands before it, or a kernel refuses the program; it links
 * all the same.
 */
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define USE(value) asm volatile("" : : "r"((__u64)(value)))

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next, *prev;
};

struct qspinlock {
	union {
		int val;
		struct {
			__u8 locked;
			__u8 pending;
		};
	};
};

struct task_struct {
	unsigned int flags;
	int prio;
	char comm[16];
	struct task_struct *real_parent, *parent;
	struct list_head children;
	unsigned int policy;
	unsigned int sched_reset_on_fork: 1;
	unsigned int in_execve: 1;
	unsigned int no_cgroup_migration: 1;
	__u64 start_time;
	int nr_cpus_allowed;
};

struct task_struct___state_was_long {
	volatile long state;
};

struct task_struct___two___flavours {
	int nr_cpus_allowed;
};

struct sk_buff {
	unsigned int len, data_len;
	__u16 queue_mapping;
	__u8 cloned: 1;
	__u8 nohdr: 1;
	__u8 pkt_type: 3;
	__u8 ip_summed: 2;
	__u32 hash;
	__u16 vlan_tci;
	unsigned char *head, *data;
};

struct file {
	unsigned int f_flags;
	void *private_data;
};

/* One word in the object that has been of other widths in kernels. */
struct mem_cgroup {
	__u8 oom_lock;
};

struct kernfs_node {
	__u64 id;
	unsigned short flags;
};

struct nobody_has_this {
	int field;
};

struct net_device {
	char name[16];
	unsigned char dev_addr[32];
	unsigned int mtu;
};

struct flowi_tunnel {
	__u64 tun_id;
};

struct nested_rows {
	char rows[3][5];
};

#pragma clang attribute pop

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	__u64 sig[1];
} sigset_t;

union bpf_attr___smaller {
	int map_type;
};

enum pid_type {
	PIDTYPE_PID,
	PIDTYPE_TGID = 7,
	PIDTYPE_NEVER = 9,
};

enum bpf_map_type___renumbered {
	BPF_MAP_TYPE_HASH___renumbered = 77,
	BPF_MAP_TYPE_OF_NOBODY___renumbered = 78,
};

enum nobody_has_this_either {
	NOBODY,
};

static __noinline int read_twice(struct task_struct *task)
{
	USE(task->prio);
	USE(task->parent->real_parent->prio);
	return 0;
}

/* Nothing calls it: its relocations must hurt nobody. */
__attribute__((unused)) int never_called(struct nobody_has_this *nothing)
{
	USE(nothing->field);
	return 1;
}

SEC("raw_tp/offsets")
int offsets(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct sk_buff *skb = (void *)ctx[1];

	USE(task->flags);
	USE(&task->comm[5]);
	USE(task->comm[0]);
	USE(*task->comm);
	USE(&task->children.prev);
	USE(task->start_time);
	USE(skb->len);
	USE(skb->queue_mapping);
	USE(skb->hash);
	USE(&skb->data);
	USE(&task[1].prio);
	USE(((struct net_device *)ctx[2])->mtu);
	return read_twice(task);
}

SEC("raw_tp/offsets_again")
int offsets_again(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];

	task->flags = 5;
	task->policy = ctx[1];
	return read_twice(task) + read_twice(task->parent);
}

SEC("raw_tp/bits")
int bits(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct sk_buff *skb = (void *)ctx[1];

	USE(BPF_CORE_READ_BITFIELD(task, sched_reset_on_fork));
	USE(BPF_CORE_READ_BITFIELD(task, in_execve));
	USE(BPF_CORE_READ_BITFIELD(task, no_cgroup_migration));
	USE(BPF_CORE_READ_BITFIELD(skb, cloned));
	USE(BPF_CORE_READ_BITFIELD(skb, pkt_type));
	USE(BPF_CORE_READ_BITFIELD_PROBED(skb, ip_summed));
	USE(BPF_CORE_READ_BITFIELD_PROBED(skb, nohdr));
	return 0;
}

SEC("raw_tp/missing")
int missing(__u64 *ctx)
{
	struct task_struct___state_was_long *old = (void *)ctx[0];
	struct nobody_has_this *nothing = (void *)ctx[0];

	if (bpf_core_field_exists(old->state))
		USE(old->state);
	if (bpf_core_field_exists(nothing->field))
		USE(nothing->field);
	if (bpf_core_type_exists(struct nobody_has_this))
		USE(nothing->field);
	USE(nothing->field);
	USE(&nothing->field);
	USE(bpf_core_field_size(nothing->field));
	USE(((struct flowi_tunnel *)ctx[1])->tun_id);
	USE(((struct nested_rows *)ctx[1])->rows[2][4]);
	return 0;
}

SEC("raw_tp/types")
int types(__u64 *ctx)
{
	USE(bpf_core_type_exists(struct task_struct));
	USE(bpf_core_type_exists(struct nobody_has_this));
	USE(bpf_core_type_exists(atomic_t));
	USE(bpf_core_type_exists(sigset_t));
	USE(bpf_core_type_exists(union bpf_attr___smaller));
	USE(bpf_core_type_size(struct task_struct));
	USE(bpf_core_type_size(struct nobody_has_this));
	USE(bpf_core_type_size(atomic_t));
	USE(bpf_core_type_size(struct list_head));
	USE(bpf_core_type_id_local(struct list_head));
	USE(bpf_core_type_id_local(struct nobody_has_this));
	USE(bpf_core_type_id_kernel(struct list_head));
	USE(bpf_core_type_id_kernel(struct nobody_has_this));
	USE(bpf_core_type_id_kernel(enum pid_type));
	return 0;
}

SEC("raw_tp/fields")
int fields(__u64 *ctx)
{
	struct task_struct___two___flavours *flavoured = (void *)ctx[0];

	USE(bpf_core_field_exists(struct task_struct, comm[15]));
	USE(bpf_core_field_exists(struct task_struct, in_execve));
	USE(bpf_core_field_exists(struct qspinlock, pending));
	USE(bpf_core_field_exists(flavoured->nr_cpus_allowed));
	USE(bpf_core_field_size(struct task_struct, comm));
	USE(bpf_core_field_size(struct net_device, dev_addr));
	USE(bpf_core_field_size(struct task_struct, children));
	USE(bpf_core_field_size(struct file, f_flags));
	USE(__builtin_preserve_field_info(((struct task_struct *)0)->prio, BPF_FIELD_SIGNED));
	USE(__builtin_preserve_field_info(((struct task_struct *)0)->flags, BPF_FIELD_SIGNED));
	return 0;
}

SEC("raw_tp/enumerators")
int enumerators(__u64 *ctx)
{
	USE(bpf_core_enum_value_exists(enum pid_type, PIDTYPE_TGID));
	USE(bpf_core_enum_value_exists(enum pid_type, PIDTYPE_NEVER));
	USE(bpf_core_enum_value_exists(enum nobody_has_this_either, NOBODY));
	USE(bpf_core_enum_value(enum pid_type, PIDTYPE_TGID));
	USE(bpf_core_enum_value(enum pid_type, PIDTYPE_NEVER));
	USE(bpf_core_enum_value(enum bpf_map_type___renumbered, BPF_MAP_TYPE_HASH___renumbered));
	if (bpf_core_enum_value_exists(enum bpf_map_type___renumbered, BPF_MAP_TYPE_OF_NOBODY___renumbered))
		USE(bpf_core_enum_value(enum bpf_map_type___renumbered, BPF_MAP_TYPE_OF_NOBODY___renumbered));
	return 0;
}

SEC("raw_tp/widths")
int widths(__u64 *ctx)
{
	struct kernfs_node *node = (void *)ctx[0];
	struct task_struct___state_was_long *task = (void *)ctx[1];

	USE(node->id);
	USE(node->flags);
	USE(((struct mem_cgroup *)ctx[2])->oom_lock);
	USE(((struct file *)ctx[3])->private_data);
	USE(task->state);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
