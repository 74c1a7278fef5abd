/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
 *
 * Reading a socket: who owns it, which link it belongs to, what it has sent and received.
 */
#ifndef CARETTA_SOCK_BPF_H
#define CARETTA_SOCK_BPF_H

#include "kernel.bpf.h"

/* Whoever includes this says before what a struct connection is, and track_processes. */

static __always_inline struct sock *sock_of(struct tcp_sock *tp)
{
	return (struct sock *)tp; /* tcp_sock starts with inet_connection_sock, inet_sock, sock */
}

static __always_inline __u64 cgroup_id(struct sock *sk)
{
	struct sock_cgroup_data___before_5_15 *old;
	__u64 val;

	if (bpf_core_field_exists(sk->sk_cgrp_data.cgroup))
		return sk->sk_cgrp_data.cgroup->kn->id;
	old = (struct sock_cgroup_data___before_5_15 *)&sk->sk_cgrp_data;
	val = BPF_CORE_READ(old, val);
	if (!val || (val & 1))
		return 0;
	return BPF_CORE_READ((struct cgroup *)val, kn, id);
}

/* Only where the current task is the one that acts on the socket. */
static __always_inline void read_comm(struct socket_owner *owner, struct task_struct *task)
{
	if (track_processes)
		BPF_CORE_READ_STR_INTO(&owner->comm, task, group_leader, comm);
}

static __always_inline int read_addresses(struct sock *sk, __u8 *local, __u8 *remote)
{
	if (sk->__sk_common.skc_family == AF_INET) {
		local[10] = local[11] = remote[10] = remote[11] = 0xff;
		*(__be32 *)(local + 12) = sk->__sk_common.skc_rcv_saddr;
		*(__be32 *)(remote + 12) = sk->__sk_common.skc_daddr;
		return 0;
	}
	if (sk->__sk_common.skc_family == AF_INET6) {
		BPF_CORE_READ_INTO((struct in6_addr *)local, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO((struct in6_addr *)remote, sk, __sk_common.skc_v6_daddr);
		return 0;
	}
	return -1;
}

/* Fills in all of the link but its owners. */
static __always_inline int read_link(struct link_key *link, struct sock *sk, enum link_role role)
{
	if (read_addresses(sk, link->local_address, link->remote_address))
		return -1;
	link->server_port = role == ROLE_SERVER ? sk->__sk_common.skc_num : bpf_ntohs(sk->__sk_common.skc_dport);
	link->role = role;
	return 0;
}

/*
 * Whether an open socket was accepted. An accepted socket remembers the interface it came in by where a socket keeps the interface
 * for multicast (tcp_v4_syn_recv_sock, tcp_v6_syn_recv_sock), which nobody can set on a stream socket (do_ip_setsockopt,
 * IP_MULTICAST_IF: EINVAL). Unlike sk_max_ack_backlog this also holds for listen(fd, 0).
 */
static __always_inline bool was_accepted(struct sock *sk)
{
	struct inet_sock *inet = (struct inet_sock *)sk;

	if (!bpf_core_field_exists(inet->mc_index) || !bpf_core_field_exists(struct ipv6_pinfo, mcast_oif))
		return sk->sk_max_ack_backlog != 0;
	if (BPF_CORE_READ(inet, mc_index))
		return true;
	return sk->__sk_common.skc_family == AF_INET6 && BPF_CORE_READ(inet, pinet6, mcast_oif);
}

/* Whether the socket was accepted with data in the SYN and the handshake is not complete yet. */
static __always_inline bool is_fast_open(struct tcp_sock *tp)
{
	return BPF_CORE_READ(tp, fastopen_rsk) != NULL;
}

/* A FIN of ours takes a sequence number from these states on (tcp_close_state comes before tcp_send_fin). */
static __always_inline bool fin_queued(unsigned char state)
{
	return state == BPF_TCP_FIN_WAIT1 || state == BPF_TCP_FIN_WAIT2 || state == BPF_TCP_TIME_WAIT ||
	       state == BPF_TCP_LAST_ACK || state == BPF_TCP_CLOSING;
}

/* One past the last payload byte that was handed to the network at least once. */
static __always_inline __u32 next_sequence(struct tcp_sock *tp)
{
	__u32 next, end;

	/* In this order: a FIN that is in snd_nxt must find its state and its place in write_seq. */
	next = tp->snd_nxt;
	load_barrier();
	end = tp->write_seq;
	load_barrier();
	if (fin_queued(sock_of(tp)->__sk_common.skc_state))
		end--;
	return (__s32)(end - next) < 0 ? end : next;
}

/*
 * Payload bytes sent, each byte once however often it went out. Sequence numbers are exact where bytes_sent - bytes_retrans is not
 * (a segment that the local queue drops is counted there each time it is tried); bytes_acked only extends them to 64 bits. It may
 * be read a little before or after snd_nxt: what is in flight is under 2^30 bytes, so the nearest value is the right one.
 */
static __always_inline __u64 sent_bytes(struct tcp_sock *tp, const struct connection *connection)
{
	__u32 next = next_sequence(tp);
	__u64 acked = tp->bytes_acked - connection->acked_base;

	return acked + (__s32)(next - connection->first_sequence - (__u32)acked);
}

/* Whether anybody is changing the socket right now. */
static __always_inline bool in_use(struct sock *sk)
{
	if (sk->sk_lock.owned)
		return true;
	/* On PREEMPT_RT and on architectures with other locks: assume so. */
	if (!bpf_core_field_exists(sk->sk_lock.slock.rlock.raw_lock.val.counter))
		return true;
	return sk->sk_lock.slock.rlock.raw_lock.val.counter != 0;
}

/*
 * Payload bytes received. bytes_received counts the peer's FIN as one, and the kernel says so (SOCK_DONE) only a moment later. Who
 * holds the socket's lock sees both or neither; who does not, may only trust what was read if nobody held the lock afterwards, and
 * else takes one byte less, which the next sweep makes up for.
 */
static __always_inline __u64 received_bytes(struct tcp_sock *tp, bool locked)
{
	struct sock *sk = sock_of(tp);
	__u64 received = tp->bytes_received;
	bool fin;

	load_barrier();
	fin = !locked && in_use(sk);
	load_barrier();
	fin = fin || sk->__sk_common.skc_flags & (1ul << bpf_core_enum_value(enum sock_flags, SOCK_DONE));
	return received && fin ? received - 1 : received;
}

#endif
