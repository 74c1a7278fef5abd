// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The fallback tier without a control group: raw tracepoints (4.17), which see every socket of the machine whoever owns it. The
 * kernel's structures are read by offsets from its types, or from a file of them that fits (btf/).
 *
 * All of these tracepoints are reached under the socket's lock, which is what the accounting rests on.
 */
/*
 * Kernels from 5.7 to 6.0 warn, with all that follows from a warning, when such a program's hash allocates while it runs
 * (check_map_prog_compatibility). So these have their memory from the start.
 */
#define MAP_FLAGS 0
#define MAX_CONNECTIONS 32768

#include "kernel.bpf.h"
#include "fallback.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* bpf_probe_read_kernel came with 5.5; the older one does the same for kernel addresses on x86 and arm64. */
#define bpf_probe_read_kernel bpf_probe_read
#define bpf_probe_read_kernel_str bpf_probe_read_str

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Until 5.4 (67c0496e87d1, "kernfs: convert kernfs_node->id from union kernfs_node_id to u64"). */
union kernfs_node_id {
	__u64 id;
};

struct kernfs_node___before_5_5 {
	union kernfs_node_id id;
};

/* The kernel side of struct sock_cgroup_data before 5.15 has a word only; see kernel.bpf.h. */

#pragma clang attribute pop

/* One element, written by the agent. */
struct settings {
	__u32 track_processes; /* costs a walk to the task at connect and listen; in a cluster the cgroup alone says who it is */
	__u32 knows_old;       /* old_connections is complete: who is not in it and not in connections is new */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct settings);
} settings SEC(".maps");

/*
 * Network namespace and port -> name of the process that listens there. Accepted sockets have no process yet when they are
 * established. Losing an entry costs a name, not bytes.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct socket_owner);
} listeners SEC(".maps");

/*
 * Addresses and ports of the connections that were open at launch, as words of struct connection_key. Filled by the agent once
 * everything is attached.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct connection_key);
	__type(value, __u32);
} old_connections SEC(".maps");

static __always_inline bool tracks_processes(void)
{
	__u32 zero = 0;
	struct settings *found = bpf_map_lookup_elem(&settings, &zero);

	return found && found->track_processes;
}

static __always_inline bool is_tcp(struct sock *sk)
{
	/* A bit field before 5.6 (bf9765145b85, "sock: Make sk_protocol a 16-bit value"). */
	__u64 protocol = BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol);

	return protocol == IPPROTO_TCP;
}

static __always_inline __u64 kernfs_id(struct kernfs_node *node)
{
	struct kernfs_node___before_5_5 *old = (struct kernfs_node___before_5_5 *)node;

	if (bpf_core_field_exists(old->id.id))
		return BPF_CORE_READ(old, id.id);
	return BPF_CORE_READ(node, id);
}

static __always_inline __u64 cgroup_id(struct sock *sk)
{
	struct sock_cgroup_data___before_5_15 *old;
	__u64 val;

	if (bpf_core_field_exists(sk->sk_cgrp_data.cgroup))
		return kernfs_id(BPF_CORE_READ(sk, sk_cgrp_data.cgroup, kn));
	old = (struct sock_cgroup_data___before_5_15 *)&sk->sk_cgrp_data;
	val = BPF_CORE_READ(old, val);
	if (!val || (val & 1))
		return 0;
	return kernfs_id(BPF_CORE_READ((struct cgroup *)val, kn));
}

static __always_inline __u64 listener_key(struct sock *sk)
{
	return (__u64)BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum) << 16 | BPF_CORE_READ(sk, __sk_common.skc_num);
}

/* Only where the current task is the one that acts on the socket. */
static __always_inline void read_comm(struct socket_owner *owner)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	if (tracks_processes())
		BPF_CORE_READ_STR_INTO(&owner->comm, task, group_leader, comm);
}

static __always_inline bool read_link(struct link_key *link, struct sock *sk, enum link_role role)
{
	unsigned short family = BPF_CORE_READ(sk, __sk_common.skc_family);

	if (family == AF_INET) {
		link->local_address[10] = link->local_address[11] = 0xff;
		link->remote_address[10] = link->remote_address[11] = 0xff;
		*(__be32 *)(link->local_address + 12) = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
		*(__be32 *)(link->remote_address + 12) = BPF_CORE_READ(sk, __sk_common.skc_daddr);
	} else if (family == AF_INET6) {
		BPF_CORE_READ_INTO((struct in6_addr *)link->local_address, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO((struct in6_addr *)link->remote_address, sk, __sk_common.skc_v6_daddr);
	} else {
		return false;
	}
	link->server_port = role == ROLE_SERVER ? BPF_CORE_READ(sk, __sk_common.skc_num) : bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	link->role = role;
	return true;
}

/* A FIN of ours takes a sequence number from these states on (see fin_queued in sock.bpf.h). */
static __always_inline bool fin_queued(unsigned char state)
{
	return state == BPF_TCP_FIN_WAIT1 || state == BPF_TCP_FIN_WAIT2 || state == BPF_TCP_TIME_WAIT ||
	       state == BPF_TCP_LAST_ACK || state == BPF_TCP_CLOSING;
}

static __always_inline void read_socket(struct sock *sk, struct reading *now)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	__u32 end = BPF_CORE_READ(tp, write_seq);

	now->bytes_acked = BPF_CORE_READ(tp, bytes_acked);
	now->received_bytes = BPF_CORE_READ(tp, bytes_received);
	now->next_sequence = BPF_CORE_READ(tp, snd_nxt);
	if (fin_queued(BPF_CORE_READ(sk, __sk_common.skc_state)))
		end--;
	if ((__s32)(end - now->next_sequence) < 0)
		now->next_sequence = end;
	if (now->received_bytes &&
	    (BPF_CORE_READ(sk, __sk_common.skc_flags) & (1ul << bpf_core_enum_value(enum sock_flags, SOCK_DONE))))
		now->received_bytes--; /* the peer's FIN */
}

/* Whether an open socket was accepted: see was_accepted in sock.bpf.h. */
static __always_inline bool was_accepted(struct sock *sk)
{
	struct inet_sock *inet = (struct inet_sock *)sk;

	if (!bpf_core_field_exists(inet->mc_index) || !bpf_core_field_exists(struct ipv6_pinfo, mcast_oif))
		return BPF_CORE_READ(sk, sk_max_ack_backlog) != 0;
	if (BPF_CORE_READ(inet, mc_index))
		return true;
	return BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6 && BPF_CORE_READ(inet, pinet6, mcast_oif);
}

static __always_inline void read_key(struct sock *sk, struct connection_key *key)
{
	key->words[0] = (__u64)sk;
}

static __always_inline __u32 read_origin(struct sock *sk, const struct reading *now)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;

	return BPF_CORE_READ(tp, snd_una) - (__u32)now->bytes_acked;
}

/* Its socket is another's by now, and nobody told that it closed: what it did last is missing. */
static __always_inline void close_stale(struct connection *connection)
{
	struct reading nothing_new = {
		.bytes_acked = connection->acked_base,
		.received_bytes = connection->received_bytes,
		.next_sequence = connection->first_sequence,
	};

	account(connection, &nothing_new, ACCOUNT_CLOSED);
	connection->phase = PHASE_CLOSED;
	COUNT(lost_updates, 1);
}

static __always_inline void on_connect(struct sock *sk)
{
	struct connection connection = { .phase = PHASE_CONNECTING }, *before;
	struct connection_key key = {};

	/* The port is chosen after this. */
	read_key(sk, &key);
	before = find_connection(&key);
	if (before && before->phase == PHASE_OPEN)
		close_stale(before);
	connection.link.local_owner.cgroup_id = cgroup_id(sk);
	read_comm(&connection.link.local_owner);
	track(&key, &connection);
}

static __always_inline void on_listen(struct sock *sk)
{
	struct socket_owner owner = {};
	__u64 key = listener_key(sk);

	owner.cgroup_id = cgroup_id(sk);
	read_comm(&owner);
	bpf_map_update_elem(&listeners, &key, &owner, BPF_ANY);
}

static __always_inline void own_accepted(struct sock *sk, struct socket_owner *owner)
{
	__u64 key = listener_key(sk);
	struct socket_owner *listener = bpf_map_lookup_elem(&listeners, &key);

	if (listener)
		*owner = *listener;
	owner->cgroup_id = cgroup_id(sk);
}

static __always_inline bool is_old(struct sock *sk, const struct link_key *link)
{
	struct connection_key key = {};
	struct settings *found;
	__u32 zero = 0;

	found = bpf_map_lookup_elem(&settings, &zero);
	if (!found || !found->knows_old)
		return true;
	__builtin_memcpy(&key.words[0], link->local_address, sizeof(link->local_address));
	__builtin_memcpy(&key.words[2], link->remote_address, sizeof(link->remote_address));
	key.words[4] = (__u64)bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport)) << 32 | BPF_CORE_READ(sk, __sk_common.skc_num);
	return bpf_map_lookup_elem(&old_connections, &key) != NULL;
}

/* All that a connection did since it was opened is in its socket's numbers: it does not matter how late it is opened here. */
static __always_inline void open_connection(struct connection *connection, const struct reading *now, __u32 origin)
{
	connection->origin = origin;
	/* The SYN of the connecting end is counted as acknowledged, that of the accepting end is not. */
	connection->first_sequence = origin + (connection->link.role == ROLE_CLIENT && now->bytes_acked);
	connection->phase = PHASE_OPEN;
	account(connection, now, ACCOUNT_OPENED);
}

/* Fills in the blank for a socket that is established and of which nothing is known. Returns false if it is none of ours. */
static __always_inline bool describe(struct connection *blank, struct sock *sk, bool passive)
{
	if (!read_link(&blank->link, sk, passive ? ROLE_SERVER : ROLE_CLIENT))
		return false;
	if (passive)
		own_accepted(sk, &blank->link.local_owner);
	else
		blank->link.local_owner.cgroup_id = cgroup_id(sk);
	return true;
}

static __always_inline void on_established(struct sock *sk, bool passive)
{
	struct connection blank = {}, *connection;
	struct connection_key key = {};
	struct reading now = {};
	__u32 origin;

	read_key(sk, &key);
	read_socket(sk, &now);
	origin = read_origin(sk, &now);
	connection = find_connection(&key);
	if (connection && connection->phase == PHASE_OPEN) {
		if (connection->origin == origin)
			return; /* the other of the two programs was here */
		close_stale(connection);
	}
	if (!connection || connection->phase != PHASE_CONNECTING) {
		/* Accepted, or its connect came before us. */
		if (!describe(&blank, sk, passive))
			return;
		connection = track(&key, &blank);
		if (!connection)
			return;
	} else if (!read_link(&connection->link, sk, ROLE_CLIENT)) {
		return;
	}
	open_connection(connection, &now, origin);
}

static __always_inline bool was_open(int state)
{
	return state == BPF_TCP_ESTABLISHED || state == BPF_TCP_CLOSE_WAIT || state == BPF_TCP_FIN_WAIT1 ||
	       state == BPF_TCP_FIN_WAIT2 || state == BPF_TCP_LAST_ACK || state == BPF_TCP_CLOSING;
}

/* Open, and its opening was missed, or it was open before us: then its counters' present value is the baseline. */
static __always_inline struct connection *take_up(struct sock *sk, const struct connection_key *key, const struct reading *now,
						  __u32 origin)
{
	struct connection blank = {}, *connection;

	if (!is_tcp(sk) || !describe(&blank, sk, was_accepted(sk)))
		return NULL;
	connection = track(key, &blank);
	if (!connection)
		return NULL;
	if (!is_old(sk, &connection->link)) {
		open_connection(connection, now, origin);
		return connection;
	}
	connection->origin = origin;
	connection->acked_base = now->bytes_acked;
	connection->first_sequence = now->next_sequence;
	connection->received_bytes = now->received_bytes;
	connection->phase = PHASE_OPEN;
	COUNT(adopted_connections, 1);
	account(connection, now, ACCOUNT_ADOPTED);
	return connection;
}

/* The connection of a socket that is open, whatever was missed of it. */
static __always_inline struct connection *find_open(struct sock *sk, const struct connection_key *key, const struct reading *now)
{
	struct connection *connection = find_connection(key);
	__u32 origin = read_origin(sk, now);

	if (connection && connection->phase == PHASE_CONNECTING) {
		if (!read_link(&connection->link, sk, ROLE_CLIENT))
			return NULL;
		open_connection(connection, now, origin);
		return connection;
	}
	if (connection && connection->origin == origin)
		return connection->phase == PHASE_OPEN ? connection : NULL;
	if (connection && connection->phase == PHASE_OPEN)
		close_stale(connection);
	return take_up(sk, key, now, origin);
}

static __always_inline void on_close(struct sock *sk, int old_state)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	struct connection_key key = {};
	struct connection *connection;
	struct reading now = {};

	read_key(sk, &key);
	if (was_open(old_state)) {
		read_socket(sk, &now);
		connection = find_open(sk, &key, &now);
		if (!connection)
			return;
		account(connection, &now, ACCOUNT_CLOSED);
		connection->phase = PHASE_CLOSED;
		return;
	}
	connection = find_connection(&key);
	if (!connection || connection->phase != PHASE_CONNECTING)
		return;
	/* Without a sequence number it had no route, or no port: it never tried. */
	if (BPF_CORE_READ(tp, write_seq) && read_link(&connection->link, sk, ROLE_CLIENT))
		account(connection, &now, ACCOUNT_FAILED);
	connection->phase = PHASE_CLOSED;
}

static __always_inline int on_state(struct bpf_raw_tracepoint_args *ctx)
{
	struct sock *sk = (struct sock *)ctx->args[0];
	int old_state = ctx->args[1], new_state = ctx->args[2];

	if (new_state != BPF_TCP_SYN_SENT && new_state != BPF_TCP_LISTEN && new_state != BPF_TCP_ESTABLISHED &&
	    new_state != BPF_TCP_CLOSE)
		return 0;
	if (!is_tcp(sk))
		return 0;
	switch (new_state) {
	case BPF_TCP_SYN_SENT:
		on_connect(sk);
		break;
	case BPF_TCP_LISTEN:
		on_listen(sk);
		break;
	case BPF_TCP_ESTABLISHED:
		on_established(sk, old_state == BPF_TCP_SYN_RECV);
		break;
	case BPF_TCP_CLOSE:
		on_close(sk, old_state);
		break;
	}
	return 0;
}

/*
 * Twice, since a program that is reached again on the CPU where it was interrupted is skipped (6.1: __bpf_trace_run). Of two, the one
 * that is not running sees the event; where nothing is skipped, the second finds everything done. On a kernel that preempts, even
 * both are skipped now and then: what they missed is made up for by the next that sees the socket.
 */
SEC("raw_tp/inet_sock_set_state")
int inet_sock_set_state(struct bpf_raw_tracepoint_args *ctx)
{
	return on_state(ctx);
}

SEC("raw_tp/inet_sock_set_state")
int inet_sock_set_state_again(struct bpf_raw_tracepoint_args *ctx)
{
	return on_state(ctx);
}

static __always_inline int on_activity(struct sock *sk)
{
	struct connection_key key = {};
	struct connection *connection;
	struct reading now = {};

	if (!was_open(BPF_CORE_READ(sk, __sk_common.skc_state)))
		return 0;
	read_key(sk, &key);
	read_socket(sk, &now);
	connection = find_open(sk, &key, &now);
	if (connection)
		account(connection, &now, ACCOUNT_LIVE);
	return 0;
}

/* The end of the socket. By now its connection is closed, unless that was missed. */
SEC("raw_tp/tcp_destroy_sock")
int tcp_destroy_sock(struct bpf_raw_tracepoint_args *ctx)
{
	struct sock *sk = (struct sock *)ctx->args[0];
	struct connection_key key = {};
	struct connection *connection;
	struct reading now = {};

	read_key(sk, &key);
	connection = find_connection(&key);
	if (!connection)
		return 0;
	if (connection->phase == PHASE_OPEN) {
		read_socket(sk, &now);
		/* The state tells of no FIN any more. One alone is all that can be left of bytes that nobody acknowledged yet. */
		if (sent_until(connection, &now) == connection->sent_bytes + 1)
			now.next_sequence--;
		account(connection, &now, ACCOUNT_CLOSED);
	}
	forget(&key);
	return 0;
}

/* Before a segment that came in is processed: what it acknowledges has been sent by now. */
SEC("raw_tp/tcp_probe")
int tcp_probe(struct bpf_raw_tracepoint_args *ctx)
{
	return on_activity((struct sock *)ctx->args[0]);
}

/* When the application has taken something: it has been received by now. */
SEC("raw_tp/tcp_rcv_space_adjust")
int tcp_rcv_space_adjust(struct bpf_raw_tracepoint_args *ctx)
{
	return on_activity((struct sock *)ctx->args[0]);
}
