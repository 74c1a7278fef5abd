/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
 *
 * What the kernel side and the agent share. The agent's C# structs (src/Caretta.Aot/Links) mirror these byte for byte;
 * a test compares both with the BTF of the built object.
 */
#ifndef CARETTA_H
#define CARETTA_H

#include <linux/types.h>

#define COMM_LENGTH 16

enum link_role {
	ROLE_CLIENT = 1,
	ROLE_SERVER = 2,
};

/* Flags of struct link_key. */
enum link_flags {
	/* Both sockets of the connection live on this machine, so remote_owner is exact. */
	LINK_PEER_KNOWN = 1,
};

/* Who created a socket. */
struct socket_owner {
	__u64 cgroup_id;	/* of the cgroup v2 tree, 0 if unknown */
	char comm[COMM_LENGTH]; /* thread group leader's name, NUL padded; all zero when not tracked */
};

/* One direction-less edge as one of its ends sees it. Hashed whole: padding is always zero. */
struct link_key {
	__u8 local_address[16];	 /* network order, IPv4 as ::ffff:a.b.c.d */
	__u8 remote_address[16]; /* likewise */
	struct socket_owner local_owner;
	struct socket_owner remote_owner; /* all zero without LINK_PEER_KNOWN */
	__u16 server_port;		  /* host order */
	__u8 role;			  /* enum link_role, of the local end */
	__u8 flags;			  /* enum link_flags */
	__u8 _pad[4];
};

/* What happened on a link since the last drain. Bytes are TCP payload; retransmissions do not count. */
struct link_delta {
	__u64 sent_bytes;
	__u64 received_bytes;
	__u64 opened;  /* connections established since launch */
	__u64 closed;  /* connections closed, adopted ones included */
	__u64 failed;  /* connects that never reached ESTABLISHED */
	__u64 adopted; /* connections that were open before launch, or were opened on another link (there it is one less, modulo 2^64) */
};

/* The same for one live socket, as a sweep found it. */
struct swept_link {
	struct link_key link;
	struct link_delta delta;
};

_Static_assert(sizeof(struct socket_owner) == 24, "socket_owner is part of a hash key: no hidden padding");
_Static_assert(sizeof(struct link_key) == 88, "link_key is a hash key: no hidden padding");
_Static_assert(sizeof(struct link_delta) == 48, "link_delta is read in batches by the agent");
_Static_assert(sizeof(struct swept_link) == 136, "swept_link is read in place by the agent");

#endif
