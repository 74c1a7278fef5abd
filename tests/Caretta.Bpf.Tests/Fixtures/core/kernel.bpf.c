// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Questions to a real kernel, with types written from memory: only names and kinds need to be right. */
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define USE(value) asm volatile("" : : "r"((__u64)(value)))

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

struct sock_common {
	unsigned short skc_family;
	volatile unsigned char skc_state;
	unsigned char skc_ipv6only: 1;
	__be16 skc_dport;
	__u16 skc_num;
	struct in6_addr skc_v6_daddr;
};

struct sock {
	struct sock_common __sk_common;
	__u32 sk_max_ack_backlog;
	__u8 sk_userlocks: 4;
	__u16 sk_type;
};

struct inet_connection_sock {
	int icsk_ca_mode___not_there;
	__u8 icsk_ca_state: 5;
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	__u64 bytes_received;
	__u64 bytes_sent;
	__u64 bytes_retrans;
	__u8 repair: 1;
	__u8 nonagle: 4;
};

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
	struct cgroup *ancestors[1];
};

struct task_struct {
	int pid;
	int tgid;
	char comm[16];
	struct task_struct *group_leader;
	unsigned int in_iowait: 1;
	unsigned int sched_migrated: 1;
};

struct task_struct___ancient {
	long state;
};

struct task_struct___recent {
	unsigned int __state;
};

#pragma clang attribute pop

enum tcp_ca_state {
	TCP_CA_Open,
	TCP_CA_Loss,
	TCP_CA_Never,
};

enum bpf_func_id {
	BPF_FUNC_ktime_get_coarse_ns,
	BPF_FUNC_of_the_future,
};

typedef __u64 sockptr_size_t;

SEC("raw_tp/sockets")
int sockets(__u64 *ctx)
{
	struct tcp_sock *tcp = (struct tcp_sock *)ctx[0];
	struct sock *sk = (struct sock *)ctx[0];

	USE(tcp->bytes_received);
	USE(tcp->bytes_sent);
	USE(tcp->bytes_retrans);
	USE(sk->__sk_common.skc_family);
	USE(sk->__sk_common.skc_state);
	USE(sk->__sk_common.skc_dport);
	USE(sk->__sk_common.skc_num);
	USE(&sk->__sk_common.skc_v6_daddr.in6_u.u6_addr8[12]);
	USE(sk->sk_max_ack_backlog);
	USE(sk->sk_type);
	return 0;
}

SEC("raw_tp/socket_bits")
int socket_bits(__u64 *ctx)
{
	struct tcp_sock *tcp = (struct tcp_sock *)ctx[0];
	struct sock *sk = (struct sock *)ctx[0];

	USE(BPF_CORE_READ_BITFIELD(tcp, repair));
	USE(BPF_CORE_READ_BITFIELD(tcp, nonagle));
	USE(BPF_CORE_READ_BITFIELD(sk, sk_userlocks));
	USE(BPF_CORE_READ_BITFIELD(sk, __sk_common.skc_ipv6only));
	USE(BPF_CORE_READ_BITFIELD(tcp, inet_conn.icsk_ca_state));
	USE(bpf_core_field_exists(tcp->inet_conn.icsk_ca_mode___not_there));
	return 0;
}

SEC("raw_tp/tasks")
int tasks(__u64 *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx[0];
	struct task_struct___ancient *ancient = (void *)task;
	struct task_struct___recent *recent = (void *)task;

	USE(task->pid);
	USE(task->tgid);
	USE(task->comm[1]);
	USE(task->group_leader);
	USE(BPF_CORE_READ_BITFIELD(task, in_iowait));
	USE(BPF_CORE_READ_BITFIELD(task, sched_migrated));
	if (bpf_core_field_exists(recent->__state))
		USE(recent->__state);
	else
		USE(ancient->state);
	USE(bpf_core_field_size(struct task_struct, comm));
	return 0;
}

SEC("raw_tp/cgroups")
int cgroups(__u64 *ctx)
{
	struct cgroup *cgroup = (struct cgroup *)ctx[0];

	USE(cgroup->kn);
	USE(cgroup->kn->id);
	USE(cgroup->ancestors[0]);
	return 0;
}

SEC("raw_tp/names")
int names(__u64 *ctx)
{
	USE(bpf_core_enum_value(enum tcp_ca_state, TCP_CA_Loss));
	USE(bpf_core_enum_value_exists(enum tcp_ca_state, TCP_CA_Never));
	USE(bpf_core_enum_value(enum bpf_func_id, BPF_FUNC_ktime_get_coarse_ns));
	USE(bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_of_the_future));
	USE(bpf_core_type_exists(struct tcp_sock));
	USE(bpf_core_type_size(struct in6_addr));
	USE(bpf_core_type_exists(sockptr_size_t));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
