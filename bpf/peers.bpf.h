/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
 *
 * Finding the owner of the other end when it lives on this machine too, whatever namespaces and address translation lie between.
 *
 * Both ends of a connection know both initial sequence numbers, and nothing on the way changes them. The connecting end is
 * established first: it offers its owner under the two numbers. The accepting end takes the offer and leaves its own owner there.
 * The connecting end picks that up with its first account, or, once its peer has answered from elsewhere, gives up.
 *
 * Two exceptions. With TCP Fast Open (RFC 7413) the accepting end is established first, by data in the SYN: it takes the offer when
 * the handshake is complete. In a simultaneous open (RFC 9293 3.5), which includes a socket connected to itself, both ends connect
 * and both offer: the later one takes the earlier one's.
 */
#ifndef CARETTA_PEERS_BPF_H
#define CARETTA_PEERS_BPF_H

#include "handshakes.bpf.h"
#include "maps.bpf.h"
#include "sock.bpf.h"

/*
 * A peer on this machine takes the offer with the last packet of the handshake; if that one is lost, a second later. With
 * TCP_DEFER_ACCEPT it waits for the first byte, perhaps for minutes. After this time a silent connection is shown without its
 * peer's owner, and moves should it turn up.
 */
#define OFFER_NS 1500000000ull

static __always_inline void offer_handshake(struct connection *connection, struct tcp_sock *tp)
{
	__u64 numbers = handshake_numbers(connection->first_sequence, tp->rcv_nxt);
	int slot = put_handshake(numbers, &connection->link.local_owner);

	if (slot < 0) {
		COUNT(unmatched_handshakes, 1);
		return;
	}
	connection->handshake = numbers;
	connection->handshake_slot = slot;
	connection->established_ns = bpf_ktime_get_ns();
	connection->offered_acked = tp->bytes_acked;
	connection->peer = PEER_OFFERED;
}

/* Under the socket's lock, while no account looks at the connection's link. */
static __always_inline bool take_handshake(struct connection *connection, __u64 numbers)
{
	struct socket_owner theirs = {};

	if (!exchange_handshake(numbers, &connection->link.local_owner, &theirs))
		return false;
	connection->link.remote_owner = theirs;
	connection->link.flags |= LINK_PEER_KNOWN;
	return true;
}

/* Before a state change of the accepting end. The first is caused by the packet that completes the handshake. */
static __always_inline void complete_handshake(struct connection *connection)
{
	if (connection->peer != PEER_AWAITED)
		return;
	take_handshake(connection, connection->handshake);
	/* Accounts have left it alone until here. */
	__sync_lock_test_and_set(&connection->peer, PEER_SETTLED);
}

/* The later end of a simultaneous open finds the offer of the earlier one. Should each find the other's, that is as good. */
static __always_inline void meet_handshake(struct connection *connection, struct tcp_sock *tp)
{
	if (connection->peer != PEER_OFFERED ||
	    !take_handshake(connection, handshake_numbers(tp->rcv_nxt, connection->first_sequence)))
		return;
	connection->peer = PEER_SETTLED;
	drop_handshake(connection->handshake_slot);
}

static __always_inline void read_end(struct socket_end *end, struct sock *sk, bool mirrored)
{
	__u16 local_port = sk->__sk_common.skc_num, remote_port = bpf_ntohs(sk->__sk_common.skc_dport);

	end->local_port = mirrored ? remote_port : local_port;
	end->remote_port = mirrored ? local_port : remote_port;
	read_addresses(sk, mirrored ? end->remote_address : end->local_address,
		       mirrored ? end->local_address : end->remote_address);
}

/* Sequence numbers of the handshake are gone for connections that were open before launch: those find each other by address. */
static __always_inline void register_adopted(struct sock *sk, const struct socket_owner *owner)
{
	struct end_owner value = { .owner = *owner, .netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum) };
	struct socket_end end = { .netns = value.netns };
	struct end_owner *other;
	__u32 zero = 0;
	void *ends;

	ends = bpf_map_lookup_elem(&adopted_ends, &zero);
	if (!ends)
		return;
	read_end(&end, sk, false);
	bpf_map_update_elem(ends, &end, &value, BPF_ANY);
	end.netns = 0;
	if (!bpf_map_update_elem(ends, &end, &value, BPF_NOEXIST))
		return;
	other = bpf_map_lookup_elem(ends, &end);
	if (other && other->netns != value.netns)
		other->ambiguous = true;
}

/* From launch until the agent has taken the map of ends away. */
static __always_inline bool is_adopting(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&adopted_ends, &zero) != NULL;
}

/* The accepting end, when it is established: for once in state SYN_RECV both with the last packet and with a Fast Open's first. */
static __always_inline void accept_handshake(struct connection *connection, struct tcp_sock *tp)
{
	__u64 numbers = handshake_numbers(tp->rcv_nxt, connection->first_sequence);

	if (take_handshake(connection, numbers))
		return;
	if (is_fast_open(tp)) {
		connection->handshake = numbers;
		connection->peer = PEER_AWAITED;
	} else if (is_adopting()) {
		/* The connecting end may have been established a moment before launch. */
		register_adopted(sock_of(tp), &connection->link.local_owner);
		connection->peer = PEER_ADOPTED;
	}
}

static __always_inline struct socket_owner *find_adopted_peer(struct sock *sk)
{
	struct socket_end end = { .netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum) };
	struct end_owner *peer;
	__u32 zero = 0;
	void *ends;

	ends = bpf_map_lookup_elem(&adopted_ends, &zero);
	if (!ends)
		return NULL;
	read_end(&end, sk, true);
	peer = bpf_map_lookup_elem(ends, &end);
	if (!peer) {
		end.netns = 0;
		peer = bpf_map_lookup_elem(ends, &end);
	}
	return peer && !peer->ambiguous ? &peer->owner : NULL;
}

/*
 * Whether the other end has processed the last packet of the handshake, and so has taken the offer if it is on this machine. Its
 * first byte comes after that, unless the SYN carried data; its acknowledgement of anything sent later always does.
 */
static __always_inline bool peer_has_answered(const struct connection *connection, const struct tcp_sock *tp)
{
	if (tp->bytes_acked > connection->offered_acked)
		return true;
	return connection->offered_acked <= 1 && tp->bytes_received;
}

/*
 * Copies the connection's link into @link, with the remote owner if there is one. Returns false while it is too early to say.
 * Sweep and close handler may meet here: each works on its own copy, and whoever wins the compare-and-swap makes it final. The
 * offer is dropped only after that, so who finds it gone looks at the state once more.
 */
static __always_inline bool settle_peer(struct connection *connection, struct sock *sk, struct tcp_sock *tp, bool closing,
					struct link_key *link)
{
	struct socket_owner *adopted, owner;
	bool completing, answered, known = false;
	__u32 peer;

	/* In this order: complete_handshake runs before the state changes, and a peer on this machine takes the offer before it answers. */
	completing = sk->__sk_common.skc_state == BPF_TCP_SYN_RECV;
	answered = peer_has_answered(connection, tp);
	load_barrier();
	peer = *(volatile __u32 *)&connection->peer;
	if (peer == PEER_OFFERED || peer == PEER_SETTLING) {
		known = read_handshake(connection->handshake_slot, connection->handshake, &owner);
		if (!known) {
			load_barrier();
			peer = *(volatile __u32 *)&connection->peer;
		}
	}
	load_barrier();
	*link = connection->link;
	if (peer == PEER_SETTLED)
		return true;

	if (peer == PEER_ADOPTED) {
		adopted = find_adopted_peer(sk);
		if (adopted) {
			owner = *adopted;
			known = true;
		}
	} else if (!known && !closing) {
		if (peer == PEER_AWAITED && completing)
			return false;
		if (peer == PEER_OFFERED && !answered) {
			if (bpf_ktime_get_ns() - connection->established_ns < OFFER_NS)
				return false;
			if (!handshakes_crowded())
				return true;
		}
	}

	if (known) {
		link->remote_owner = owner;
		link->flags |= LINK_PEER_KNOWN;
	}
	if (peer != PEER_SETTLING && __sync_val_compare_and_swap(&connection->peer, peer, PEER_SETTLING) == peer) {
		connection->link.remote_owner = link->remote_owner;
		connection->link.flags = link->flags;
		if (peer == PEER_OFFERED && known && connection->uncounted == UNCOUNTED_NONE)
			connection->uncounted = UNCOUNTED_MOVED;
		__sync_lock_test_and_set(&connection->peer, PEER_SETTLED);
		if (peer == PEER_OFFERED)
			drop_handshake(connection->handshake_slot);
	}
	return true;
}

#endif
