/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
 *
 * Adding what a connection did since its last account to its link. Any number of programs may account the same connection at the
 * same time: each adds exactly the part by which it moved the connection's counters forward.
 */
#ifndef CARETTA_ACCOUNT_BPF_H
#define CARETTA_ACCOUNT_BPF_H

#include "maps.bpf.h"
#include "peers.bpf.h"
#include "sock.bpf.h"

/* Another program moves a counter between our read and our swap at most once or twice; what is left over is the next sweep's. */
#define ADVANCE_TRIES 8

/* Moves @accounted forward to @now and returns by how much. Never backwards. */
static __always_inline __u64 advance(__u64 *accounted, __u64 now)
{
	__u64 before = *(volatile __u64 *)accounted, seen;
	int i;

	for (i = 0; i < ADVANCE_TRIES; i++) {
		if ((__s64)(now - before) <= 0)
			return 0;
		seen = __sync_val_compare_and_swap(accounted, before, now);
		if (seen == before)
			return now - before;
		before = seen;
	}
	return 0;
}

/* Takes what is left to count of the opening, once. */
static __always_inline __u32 take_uncounted(struct connection *connection)
{
	if (*(volatile __u32 *)&connection->uncounted == UNCOUNTED_NONE)
		return UNCOUNTED_NONE;
	return __sync_lock_test_and_set(&connection->uncounted, UNCOUNTED_NONE);
}

/* An open connection that was counted before its other end was known leaves the nameless link. */
static __always_inline void leave_nameless(const struct link_key *link)
{
	struct link_key nameless = *link;
	struct link_delta *delta;

	__builtin_memset(&nameless.remote_owner, 0, sizeof(nameless.remote_owner));
	nameless.flags &= ~LINK_PEER_KNOWN;
	delta = find_or_add_link(&nameless);
	if (delta)
		__sync_fetch_and_add(&delta->adopted, -1);
}

static __always_inline void add_to_link(struct link_delta *delta, const struct link_key *link, struct connection *connection,
					__u64 sent, __u64 received)
{
	__u64 more;

	more = advance(&connection->sent_bytes, sent);
	if (more)
		__sync_fetch_and_add(&delta->sent_bytes, more);
	more = advance(&connection->received_bytes, received);
	if (more)
		__sync_fetch_and_add(&delta->received_bytes, more);
	switch (take_uncounted(connection)) {
	case UNCOUNTED_OPENED:
		__sync_fetch_and_add(&delta->opened, 1);
		break;
	case UNCOUNTED_MOVED:
		leave_nameless(link);
		/* fall through */
	case UNCOUNTED_ADOPTED:
		__sync_fetch_and_add(&delta->adopted, 1);
		break;
	}
}

/* The running account of a live connection, by a sweep. Without the socket's lock. */
static __always_inline void account_live(struct connection *connection, struct sock *sk, struct tcp_sock *tp)
{
	struct link_delta *delta;
	struct link_key link;
	__u64 sent, received;

	sent = sent_bytes(tp, connection);
	received = received_bytes(tp, false);
	load_barrier();
	/* If it closed meanwhile, the numbers may be a new connection's on the same socket; the close handler took the last account. */
	if (*(volatile __u32 *)&connection->phase != PHASE_OPEN)
		return;
	if (!settle_peer(connection, sk, tp, false, &link))
		return;
	delta = note_swept_link(&link);
	if (!delta) {
		COUNT(deferred_updates, 1);
		return;
	}
	add_to_link(delta, &link, connection, sent, received);
}

/* The last account, under the socket's lock. Only the first of several callers takes it. */
static __always_inline void account_final(struct connection *connection, struct sock *sk, struct tcp_sock *tp)
{
	__u32 phase = __sync_lock_test_and_set(&connection->phase, PHASE_CLOSED);
	struct link_delta *delta;
	struct link_key link;
	__u64 sent, received;

	if (phase != PHASE_OPEN && phase != PHASE_CONNECTING)
		return;
	settle_peer(connection, sk, tp, true, &link);
	sent = sent_bytes(tp, connection);
	received = received_bytes(tp, true);
	delta = find_or_add_link(&link);
	if (!delta) {
		COUNT(lost_updates, 1);
		COUNT(lost_sent_bytes, advance(&connection->sent_bytes, sent));
		COUNT(lost_received_bytes, advance(&connection->received_bytes, received));
		return;
	}
	add_to_link(delta, &link, connection, sent, received);
	__sync_fetch_and_add(phase == PHASE_OPEN ? &delta->closed : &delta->failed, 1);
}

#endif
