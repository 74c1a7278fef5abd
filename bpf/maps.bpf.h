/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
 *
 * Every map and global of the main tier.
 */
#ifndef CARETTA_MAPS_BPF_H
#define CARETTA_MAPS_BPF_H

#include "caretta.h"
#include "kernel.bpf.h"

/* Life of a socket as far as accounting cares. */
enum phase {
	PHASE_OWNED = 1, /* owner only: a listener, what it accepted a moment ago (a copy), or what was found open at start */
	PHASE_CONNECTING,
	PHASE_OPENING, /* somebody is filling it in */
	PHASE_OPEN,
	PHASE_CLOSED, /* final account taken: nobody adds to it any more */
};

/* What is known about the other end's owner. */
enum peer {
	PEER_SETTLED = 0, /* link.remote_owner is final, known or not */
	PEER_SETTLING,	  /* somebody is writing it */
	PEER_OFFERED,	  /* ours waits in handshakes for the other end */
	PEER_ADOPTED,	  /* open before launch: the other end may be in adopted_ends */
	PEER_AWAITED,	  /* accepted with its first bytes in the SYN: the other end has not made its offer yet */
};

/* What the next account of the connection has to count besides bytes. */
enum uncounted {
	UNCOUNTED_NONE = 0,
	UNCOUNTED_OPENED,
	UNCOUNTED_ADOPTED,
	UNCOUNTED_MOVED, /* opened on the link without remote owner; the other end was found only later */
};

struct connection {
	struct link_key link;
	__u64 sent_bytes;     /* already accounted; only ever grows, by compare and swap */
	__u64 received_bytes; /* likewise */
	__u64 acked_base;     /* tcp_sock.bytes_acked at adoption, else 0 */
	__u64 handshake;      /* numbers in handshakes while PEER_OFFERED or PEER_AWAITED */
	__u64 established_ns; /* CLOCK_MONOTONIC, while PEER_OFFERED */
	__u64 offered_acked;  /* tcp_sock.bytes_acked then: 1 for the SYN, and what it carried */
	__u32 first_sequence; /* sequence number of the first byte to count */
	__u32 phase;	      /* enum phase */
	__u32 peer;	      /* enum peer */
	__u32 uncounted;      /* enum uncounted */
	__u32 handshake_slot; /* while PEER_OFFERED */
	__u32 _pad;
};

/* Socket -> its connection. Freed by the kernel with the socket: nothing can leak. A listener's is cloned into what it accepts. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct connection);
} sockets SEC(".maps");

/* Who may touch a slot. Whoever changes the state owns what the new state says. */
enum handshake_state {
	HANDSHAKE_FREE = 0,
	HANDSHAKE_CLAIMED, /* being written or cleared by the connecting end */
	HANDSHAKE_OFFERED, /* owner is the connecting end's */
	HANDSHAKE_TAKING,  /* the accepting end is exchanging the owners */
	HANDSHAKE_MATCHED, /* owner is the accepting end's */
	HANDSHAKE_LEFT,	   /* the connecting end went away meanwhile: the accepting end frees the slot */
};

struct handshake {
	__u64 numbers; /* both initial sequence numbers; valid from OFFERED on */
	struct socket_owner owner;
	__u32 state; /* enum handshake_state */
	__u32 _pad;
};

#define HANDSHAKE_SLOTS 8192
#define HANDSHAKE_PROBES 16

/*
 * Connections whose connecting end is on this machine, from the moment the connect succeeds until the other end turned out to be
 * here too, or not to be. A hash table of our own over an array: a kernel hash costs several times as much per connection, and
 * hands out entries that may be somebody else's a moment later. Freed by the connecting end. When no slot is free, the other end
 * is named by its address.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, HANDSHAKE_SLOTS);
	__type(key, __u32);
	__type(value, struct handshake);
} handshakes SEC(".maps");

struct socket_end {
	__u8 local_address[16];
	__u8 remote_address[16];
	__u16 local_port;  /* host order */
	__u16 remote_port; /* host order */
	__u32 netns;	   /* inode number, or 0 for "in any" */
};

struct end_owner {
	struct socket_owner owner;
	__u32 netns;
	__u32 ambiguous; /* the same addresses are in use in more than one network namespace */
};

/* Ends of adopted connections, to find each other by address. When full, the other end is named by its address. */
struct end_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct socket_end);
	__type(value, struct end_owner);
};

struct end_map first_ends SEC(".maps");

/*
 * Owners of listeners that were there before us and whose TCP socket cannot be reached: MPTCP's are behind a socket of their own.
 * Network namespace and port -> owner.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct socket_owner);
} old_listeners SEC(".maps");

/* Holds first_ends while connections are adopted, then nothing: the agent takes it out, and its memory is free again. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct end_map);
} adopted_ends SEC(".maps") = {
	.values = { &first_ends },
};

/* Costs a walk to the task at connect and listen; in a cluster the cgroup alone says who it is. */
const volatile bool track_processes = true;

/* Until user space has noted whose the sockets are that were there before us. In a map of its own, for user space writes it whole. */
volatile bool starting = true;

/* Read by the agent after each sweep; they only grow. */
struct counters {
	__u64 swept_sockets; /* sockets visited by all sweeps */
	__u64 adopted_sockets;
	__u64 untracked_connections; /* no memory for socket storage: all their bytes are missing */
	__u64 lost_updates;	     /* final accounts for which the link map had no room */
	__u64 lost_sent_bytes;
	__u64 lost_received_bytes;
	__u64 deferred_updates;	    /* live accounts for which it had none: made up for by a later sweep */
	__u64 unmatched_handshakes; /* no room in handshakes: local peers named by address */
	__u64 added_links;	    /* entries made in the link maps */
	__u64 offered_handshakes;   /* slots of handshakes claimed */
	__u64 dropped_handshakes;   /* and freed again */
	__u64 swept_links;	    /* entries that the last sweep filled in its map: the one that does not only grow */
} counters = {};

#define COUNT(counter, n) ((void)__sync_fetch_and_add(&counters.counter, (n)))

#include "links.bpf.h"

/*
 * What a sweep finds, one entry after the other: the agent, which waits for the sweep, reads it in place. A hash would add up the sockets
 * of a link, but costs several times as much per socket, here and when it is emptied. What finds no room goes to the link map, and the
 * agent brings a larger one.
 */
struct swept_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct swept_link);
};

struct swept_map first_swept SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct swept_map);
} swept_links SEC(".maps") = {
	.values = { &first_swept },
};

/* The sweep that filled the map last. */
__u64 sweep_session = 0;

/* By sweeps alone, of which there is one at a time. */
static __always_inline struct link_delta *note_swept_link(const struct link_key *link)
{
	__u32 zero = 0, next = counters.swept_links;
	struct swept_link *swept;
	void *map;

	map = bpf_map_lookup_elem(&swept_links, &zero);
	swept = map ? bpf_map_lookup_elem(map, &next) : NULL;
	if (!swept)
		return find_or_add_link(link);
	counters.swept_links = next + 1;
	swept->link = *link;
	__builtin_memset(&swept->delta, 0, sizeof(swept->delta));
	return &swept->delta;
}

#endif
