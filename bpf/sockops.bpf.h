/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
 *
 * The fallback tier on sockops: life and bytes of every connection from the callbacks of the root control group. Included by two
 * objects: one reads the socket through its callback's context, which needs no types of the kernel and no CAP_PERFMON; the other
 * (WITH_TYPES) reads the kernel's own structures, and so knows the owner too.
 *
 * Between open and close a connection is accounted by two callbacks: bytes sent when the round trip of an acknowledged segment has been
 * measured (5.3), bytes received when an acknowledgement of them goes out (5.10: the callback that asks how much room its options need,
 * which is answered with nothing). Both come after the fact that they tell, so a connection that falls idle has been accounted in full.
 */
#ifndef CARETTA_SOCKOPS_BPF_H
#define CARETTA_SOCKOPS_BPF_H

#include "fallback.bpf.h"

#define AF_INET_FAMILY 2
#define AF_INET6_FAMILY 10
#define TCPHDR_FIN 1

/* What the program may use. Each is a program of its own: the verifier of a kernel without the thing refuses it whole. */
enum sockops_variant {
	VARIANT_HEADERS, /* 5.10: sees the flags of segments that come and go */
	VARIANT_COOKIE,	 /* 4.19: a connection is known by its socket's cookie */
	VARIANT_PLAIN,	 /* 4.16: by its addresses and ports */
};

/* Only ever adds: other programs share the flags. A kernel ignores those that it does not know. */
static __always_inline void ask_for_callbacks(struct bpf_sock_ops *ops, int wanted)
{
	int flags = ops->bpf_sock_ops_cb_flags;

	if ((flags & wanted) != wanted)
		bpf_sock_ops_cb_flags_set(ops, flags | wanted);
}

/*
 * A load from the context by its offset alone. The verifier takes no other, and the compiler, left to itself, first chooses between
 * two offsets and then loads once.
 */
#define LOAD_CTX(ops, member)                                                                   \
	({                                                                                      \
		__u64 _value;                                                                   \
		asm volatile("%0 = *(u32 *)(%1 + %2)"                                           \
			     : "=r"(_value)                                                     \
			     : "r"(ops), "i"(__builtin_offsetof(struct bpf_sock_ops, member))); \
		(__u32) _value;                                                                 \
	})

/*
 * Two words at once: the verifier of 5.10 takes half a stack slot with a constant for a spilled register, and without CAP_PERFMON it
 * then refuses a write to the other half.
 */
#define LOAD_CTX_PAIR(ops, first, second) ((__u64)LOAD_CTX(ops, second) << 32 | LOAD_CTX(ops, first))

static __always_inline void read_ctx_addresses(struct bpf_sock_ops *ops, __u8 *local, __u8 *remote)
{
	__u64 *l = (__u64 *)local, *r = (__u64 *)remote;

	if (ops->family == AF_INET_FAMILY) {
		l[1] = (__u64)LOAD_CTX(ops, local_ip4) << 32 | bpf_htonl(0xffff);
		r[1] = (__u64)LOAD_CTX(ops, remote_ip4) << 32 | bpf_htonl(0xffff);
		return;
	}
	l[0] = LOAD_CTX_PAIR(ops, local_ip6[0], local_ip6[1]);
	l[1] = LOAD_CTX_PAIR(ops, local_ip6[2], local_ip6[3]);
	r[0] = LOAD_CTX_PAIR(ops, remote_ip6[0], remote_ip6[1]);
	r[1] = LOAD_CTX_PAIR(ops, remote_ip6[2], remote_ip6[3]);
}

static __always_inline void read_ctx_link(struct bpf_sock_ops *ops, struct link_key *link, enum link_role role)
{
	read_ctx_addresses(ops, link->local_address, link->remote_address);
	link->server_port = role == ROLE_SERVER ? LOAD_CTX(ops, local_port) : bpf_ntohl(LOAD_CTX(ops, remote_port));
	link->role = role;
}

static __always_inline void read_key(struct bpf_sock_ops *ops, struct connection_key *key, enum sockops_variant variant)
{
	if (variant == VARIANT_PLAIN) {
		read_ctx_addresses(ops, (__u8 *)&key->words[0], (__u8 *)&key->words[2]);
		key->words[4] = (__u64)LOAD_CTX(ops, remote_port) << 32 | LOAD_CTX(ops, local_port);
		return;
	}
	key->words[0] = bpf_get_socket_cookie(ops);
}

/* What changes with the source of the numbers: an owner, and a reading with both FINs taken off. */
static __always_inline void read_owner(struct bpf_sock_ops *ops, struct link_key *link, bool in_process);
static __always_inline bool read_socket(struct bpf_sock_ops *ops, struct connection *connection, struct reading *now, int old_state,
					enum sockops_variant variant);

static __always_inline int on_connect(struct bpf_sock_ops *ops, enum sockops_variant variant)
{
	struct connection connection = { .phase = PHASE_CONNECTING };
	struct connection_key key = {};

	read_key(ops, &key, variant);
	read_ctx_link(ops, &connection.link, ROLE_CLIENT);
	read_owner(ops, &connection.link, true);
	track(&key, &connection);
	return 1;
}

static __always_inline int on_established(struct bpf_sock_ops *ops, bool passive, enum sockops_variant variant)
{
	struct connection blank = {}, *connection;
	struct connection_key key = {};
	struct reading now = {};
	__u64 acked = ops->bytes_acked;
	__u32 first = ops->snd_una - (__u32)acked;

	read_key(ops, &key, variant);
	connection = find_connection(&key);
	if (!connection || connection->phase != PHASE_CONNECTING) {
		/* Accepted, or its connect came before us. */
		read_ctx_link(ops, &blank.link, passive ? ROLE_SERVER : ROLE_CLIENT);
		read_owner(ops, &blank.link, false);
		connection = track(&key, &blank);
		if (!connection)
			return 1;
	}
	/* The SYN of the connecting end is counted as acknowledged, that of the accepting end is not. */
	if (connection->link.role == ROLE_CLIENT && acked)
		first++;
	connection->first_sequence = first;
	connection->phase = PHASE_OPEN;
	if (read_socket(ops, connection, &now, BPF_TCP_ESTABLISHED, variant))
		account(connection, &now, ACCOUNT_OPENED);
	return 1;
}

/*
 * A round trip was measured: an acknowledgement came in. None may be passed over, for this comes once per round trip, and again only when
 * more was sent meanwhile (rtt_seq in tcp_rtt_estimator, net/ipv4/tcp_input.c).
 */
static __always_inline int on_round_trip(struct bpf_sock_ops *ops, enum sockops_variant variant)
{
	struct connection_key key = {};
	struct connection *connection;
	struct reading now = {};

	read_key(ops, &key, variant);
	connection = find_connection(&key);
	if (!connection || connection->phase != PHASE_OPEN)
		return 1;
	if (read_socket(ops, connection, &now, ops->state, variant))
		account(connection, &now, ACCOUNT_LIVE);
	return 1;
}

/* A segment is about to go out, and what came in until now is acknowledged with it. */
static __always_inline int on_transmit(struct bpf_sock_ops *ops)
{
	struct connection_key key = {};
	struct connection *connection;
	struct reading now = {};

	if (ops->args[0] == BPF_WRITE_HDR_TCP_CURRENT_MSS)
		return 1;
	read_key(ops, &key, VARIANT_HEADERS);
	connection = find_connection(&key);
	if (!connection || connection->phase != PHASE_OPEN)
		return 1;
	if (ops->skb_tcp_flags & TCPHDR_FIN) {
		connection->flags |= FIN_SENT;
		return 1;
	}
	if (ops->bytes_received == connection->received_bytes)
		return 1;
	if (read_socket(ops, connection, &now, ops->state, VARIANT_HEADERS))
		account(connection, &now, ACCOUNT_LIVE);
	return 1;
}

/*
 * A segment came in while the peer's FIN is awaited, and has not been processed yet. The FIN has been once more was received than until
 * here. (Not so if it came out of order, part of what was missing came after it, and then the connection was aborted: to tell that
 * apart takes a look into the segment, which the verifier of 5.10 allows with CAP_PERFMON only.)
 */
static __always_inline int on_receive(struct bpf_sock_ops *ops)
{
	struct connection_key key = {};
	struct connection *connection;

	if (!(ops->skb_tcp_flags & TCPHDR_FIN))
		return 1;
	read_key(ops, &key, VARIANT_HEADERS);
	connection = find_connection(&key);
	if (!connection || (connection->flags & FIN_SEEN))
		return 1;
	connection->fin_sequence = ops->rcv_nxt;
	connection->flags |= FIN_SEEN;
	return 1;
}

static __always_inline int on_state(struct bpf_sock_ops *ops, enum sockops_variant variant)
{
	int old_state = ops->args[0], new_state = ops->args[1];
	struct connection_key key = {};
	struct connection *connection;
	struct reading now = {};

	if (new_state != BPF_TCP_CLOSE && new_state != BPF_TCP_FIN_WAIT1 && new_state != BPF_TCP_FIN_WAIT2 &&
	    new_state != BPF_TCP_LAST_ACK)
		return 1;
	read_key(ops, &key, variant);
	connection = find_connection(&key);
	if (!connection)
		return 1;
	if (new_state == BPF_TCP_CLOSE) {
		if (connection->phase == PHASE_CONNECTING)
			account(connection, &now, ACCOUNT_FAILED);
		else if (read_socket(ops, connection, &now, old_state, variant))
			account(connection, &now, ACCOUNT_CLOSED);
		forget(&key);
		return 1;
	}
#ifndef WITH_TYPES
	if (variant == VARIANT_HEADERS) {
		if (new_state == BPF_TCP_FIN_WAIT1)
			ask_for_callbacks(ops, BPF_SOCK_OPS_PARSE_ALL_HDR_OPT_CB_FLAG);
	} else if (new_state == BPF_TCP_FIN_WAIT2) {
		connection->fin_sequence = ops->rcv_nxt;
	} else {
		connection->own_fin = ops->snd_nxt;
	}
#endif
	return 1;
}

static __always_inline int handle(struct bpf_sock_ops *ops, enum sockops_variant variant)
{
	switch (ops->op) {
	case BPF_SOCK_OPS_TCP_LISTEN_CB:
		read_owner(ops, NULL, true);
		return 1;
	case BPF_SOCK_OPS_TCP_CONNECT_CB:
		ask_for_callbacks(ops, BPF_SOCK_OPS_STATE_CB_FLAG);
		return on_connect(ops, variant);
	case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		/* Of those that a kernel does not know it takes the others. */
		ask_for_callbacks(ops, BPF_SOCK_OPS_STATE_CB_FLAG | BPF_SOCK_OPS_RTT_CB_FLAG | BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG);
		return on_established(ops, ops->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB, variant);
	case BPF_SOCK_OPS_STATE_CB:
		return on_state(ops, variant);
	case BPF_SOCK_OPS_RTT_CB:
		return on_round_trip(ops, variant);
	}
	if (variant != VARIANT_HEADERS)
		return 1;
	switch (ops->op) {
	case BPF_SOCK_OPS_HDR_OPT_LEN_CB:
		return on_transmit(ops);
	case BPF_SOCK_OPS_PARSE_HDR_OPT_CB:
		return on_receive(ops);
	}
	return 1;
}

#endif
