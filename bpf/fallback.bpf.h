/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
 *
 * Maps and accounting of the fallback tiers: what kernels from 4.16 on have. No global data (5.2), no bounded loops (5.3), no atomics
 * with a result (5.12), no socket storage (5.10 for sockops).
 *
 * Every program of these tiers runs under the lock of the socket that it accounts. So there is one account of a connection at a time,
 * and its entry is only ever changed by that one.
 */
#ifndef CARETTA_FALLBACK_BPF_H
#define CARETTA_FALLBACK_BPF_H

#include <stdbool.h>
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "caretta.h"

/* Memory follows the work where the kernel lets it. */
#ifndef MAP_FLAGS
#define MAP_FLAGS BPF_F_NO_PREALLOC
#define MAX_CONNECTIONS 131072
#endif

enum phase {
	PHASE_CONNECTING = 1,
	PHASE_OPEN,
	PHASE_CLOSED, /* all is accounted; kept until the socket goes, so that nobody takes it for a new one (tracing) */
};

enum connection_flags {
	FIN_SENT = 1, /* a segment with our FIN went out */
	FIN_SEEN = 2, /* one with the peer's came in, when fin_sequence was to come next */
};

/* The socket's cookie or address in the first word; before 4.19 its addresses and ports. */
struct connection_key {
	__u64 words[5];
};

struct connection {
	struct link_key link;
	__u64 sent_bytes;     /* already accounted; only ever grows */
	__u64 received_bytes; /* likewise */
	__u64 acked_base;     /* bytes_acked at adoption, else 0 */
	__u32 first_sequence; /* sequence number of the first byte to count */
	__u32 fin_sequence;   /* rcv_nxt before the peer's FIN, while FIN_SEEN; or when the state became FIN_WAIT2 */
	__u32 own_fin;	      /* snd_nxt when our FIN was queued */
	__u32 phase;	      /* enum phase */
	__u32 flags;	      /* enum connection_flags */
	__u32 origin;	      /* snd_una - bytes_acked, which stays the same while it is the same connection (tracing) */
};

/* What the kernel says of a socket at one moment, both FINs taken off. */
struct reading {
	__u64 bytes_acked;
	__u64 received_bytes;
	__u32 next_sequence; /* one past the last payload byte that was handed to the network */
};

/* Socket -> its connection, from its connect or acceptance until it closes. When full, the connection is counted as untracked. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, MAP_FLAGS);
	__uint(max_entries, MAX_CONNECTIONS);
	__type(key, struct connection_key);
	__type(value, struct connection);
} connections SEC(".maps");

/* Read by the agent with each poll; they only grow. */
struct fallback_counters {
	__u64 tracked_connections;   /* entries made in connections */
	__u64 removed_connections;   /* and taken out again */
	__u64 adopted_connections;   /* of the former, those that were open before launch */
	__u64 untracked_connections; /* no room in connections: all their bytes are missing */
	__u64 lost_updates;	     /* final accounts for which the link map had no room */
	__u64 lost_sent_bytes;
	__u64 lost_received_bytes;
	__u64 deferred_updates; /* live accounts for which it had none: made up for by a later one */
	__u64 added_links;	/* entries made in the link maps */
	__u64 uncertain_closes; /* closed in a way that leaves open whether a FIN was counted: one byte more or less */
};

/* One element: all counters. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fallback_counters);
} counters SEC(".maps");

static __always_inline struct fallback_counters *find_counters(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&counters, &zero);
}

#define COUNT(counter, n)                                                      \
	do {                                                                   \
		struct fallback_counters *_counters = find_counters();         \
		if (_counters)                                                 \
			__sync_fetch_and_add(&_counters->counter, (__u64)(n)); \
	} while (0)

#define LINK_MAP_FLAGS MAP_FLAGS
#include "links.bpf.h"

/* Sequence numbers are exact; bytes_acked only extends them to 64 bits (see sent_bytes in sock.bpf.h). */
static __always_inline __u64 sent_until(const struct connection *connection, const struct reading *now)
{
	__u64 acked = now->bytes_acked - connection->acked_base;

	return acked + (__s32)(now->next_sequence - connection->first_sequence - (__u32)acked);
}

static __always_inline __u64 growth(__u64 before, __u64 now)
{
	return (__s64)(now - before) > 0 ? now - before : 0;
}

enum account {
	ACCOUNT_LIVE,
	ACCOUNT_OPENED,
	ACCOUNT_ADOPTED,
	ACCOUNT_CLOSED,
	ACCOUNT_FAILED,
};

/* Adds what is new since the last account to the link, and the event itself. */
static __always_inline void account(struct connection *connection, const struct reading *now, enum account event)
{
	__u64 sent = growth(connection->sent_bytes, sent_until(connection, now));
	__u64 received = growth(connection->received_bytes, now->received_bytes);
	struct link_delta *delta;

	if (event == ACCOUNT_FAILED)
		sent = received = 0;
	if (event == ACCOUNT_LIVE && !sent && !received)
		return;
	delta = find_or_add_link(&connection->link);
	if (!delta) {
		if (event == ACCOUNT_LIVE) {
			COUNT(deferred_updates, 1);
			return;
		}
		COUNT(lost_updates, 1);
		/* Adding nothing would be compiled to an atomic "or", which came with 5.12. */
		if (sent)
			COUNT(lost_sent_bytes, sent);
		if (received)
			COUNT(lost_received_bytes, received);
		return;
	}
	connection->sent_bytes += sent;
	connection->received_bytes += received;
	if (sent)
		__sync_fetch_and_add(&delta->sent_bytes, sent);
	if (received)
		__sync_fetch_and_add(&delta->received_bytes, received);
	switch (event) {
	case ACCOUNT_OPENED:
		__sync_fetch_and_add(&delta->opened, 1);
		break;
	case ACCOUNT_ADOPTED:
		__sync_fetch_and_add(&delta->adopted, 1);
		break;
	case ACCOUNT_CLOSED:
		__sync_fetch_and_add(&delta->closed, 1);
		break;
	case ACCOUNT_FAILED:
		__sync_fetch_and_add(&delta->failed, 1);
		break;
	case ACCOUNT_LIVE:
		break;
	}
}

static __always_inline struct connection *find_connection(const struct connection_key *key)
{
	return bpf_map_lookup_elem(&connections, key);
}

static __always_inline struct connection *track(const struct connection_key *key, const struct connection *blank)
{
	struct connection *known = find_connection(key);

	/* The socket that had this key before closed, and nobody was told. */
	if (known && known->phase == PHASE_OPEN)
		COUNT(lost_updates, 1);
	if (bpf_map_update_elem(&connections, key, blank, BPF_ANY)) {
		COUNT(untracked_connections, 1);
		return NULL;
	}
	if (!known)
		COUNT(tracked_connections, 1);
	return find_connection(key);
}

static __always_inline void forget(const struct connection_key *key)
{
	if (!bpf_map_delete_elem(&connections, key))
		COUNT(removed_connections, 1);
}

#endif
