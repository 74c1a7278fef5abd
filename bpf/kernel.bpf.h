/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
 *
 * The kernel's types, cut down to the members that are read here. Offsets come from the running kernel's BTF at load time
 * (CO-RE), so neither order nor completeness matters: only names do.
 */
#ifndef CARETTA_KERNEL_BPF_H
#define CARETTA_KERNEL_BPF_H

#include <stdbool.h>
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define IPPROTO_MPTCP 262

/* include/net/sock.h; the number is looked up by name when the object is loaded. */
enum sock_flags {
	SOCK_DONE = 1,
};

/*
 * Orders the loads before it with those after it. x86 never reorders loads; elsewhere an atomic with a result is a full barrier. Who
 * holds the socket's lock needs neither.
 */
#if defined(__TARGET_ARCH_x86) || defined(UNDER_SOCKET_LOCK)
#define load_barrier() barrier()
#else
#define load_barrier()                                                \
	do {                                                          \
		__u64 _word = 0;                                      \
		asm volatile(""                                       \
			     :                                        \
			     : "r"(__sync_fetch_and_add(&_word, 1))); \
	} while (0)
#endif

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

/* Since 5.15 (8520e224f547, "bpf, cgroups: Fix cgroup v2 fallback on v1/v2 mixed mode"). */
struct sock_cgroup_data {
	struct cgroup *cgroup;
};

/* Before: the pointer, or, with bit 0 set, a cgroup v1 class id. */
struct sock_cgroup_data___before_5_15 {
	__u64 val;
};

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	unsigned long skc_flags;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

typedef struct {
	int counter;
} atomic_t;

/* The spinlock of every architecture that queues (x86, arm64, ...). */
struct qspinlock {
	atomic_t val;
};

struct raw_spinlock {
	struct qspinlock raw_lock;
};

struct spinlock {
	struct raw_spinlock rlock;
};

struct sock {
	struct sock_common __sk_common;
	struct {
		struct spinlock slock;
		int owned;
	} sk_lock;
	__u16 sk_protocol;
	__u32 sk_max_ack_backlog;
	struct sock_cgroup_data sk_cgrp_data;
};

struct ipv6_pinfo {
	int mcast_oif;
};

struct inet_sock {
	struct sock sk;
	struct ipv6_pinfo *pinet6;
	int mc_index;
};

struct request_sock {
	struct request_sock *dl_next;
	struct sock *sk;
};

struct request_sock_queue {
	struct request_sock *rskq_accept_head;
};

struct inet_connection_sock {
	struct request_sock_queue icsk_accept_queue;
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	__u32 snd_nxt;
	__u32 snd_una;
	__u32 write_seq;
	__u32 rcv_nxt;
	__u64 bytes_acked;
	__u64 bytes_received;
	struct request_sock *fastopen_rsk;
};

struct socket {
	struct sock *sk;
};

struct file;

struct task_struct {
	struct task_struct *group_leader;
	char comm[16];
};

struct bpf_iter_meta;
struct bpf_map;

struct bpf_iter__task_file {
	struct task_struct *task;
	struct file *file;
};

struct bpf_iter_meta {
	__u64 session_id;
};

struct bpf_iter__bpf_sk_storage_map {
	struct bpf_iter_meta *meta;
	struct sock *sk;
	void *value;
};

#pragma clang attribute pop

#endif
