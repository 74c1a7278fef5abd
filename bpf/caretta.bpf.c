// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Caretta's main tier: kernels >= 5.12 with BTF and cgroup v2.
 *
 * Programs run when a socket changes state, and once per poll for each live socket. Between those, nothing runs per packet: the
 * kernel counts every byte of every TCP socket anyway.
 */
#include "account.bpf.h"
#include "caretta.h"
#include "kernel.bpf.h"
#include "maps.bpf.h"
#include "peers.bpf.h"
#include "sock.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* A longer accept queue is adopted in part. */
#define MAX_QUEUE 65536
/* Before 5.17 the verifier walks through all that a program may loop over, and start-up waits for it. */
#define MAX_QUEUE_BEFORE_5_17 1024

/* Only ever adds: other programs share the flags. */
static __always_inline void ask_for_state_changes(struct bpf_sock_ops *ops)
{
	int flags = ops->bpf_sock_ops_cb_flags;

	if (!(flags & BPF_SOCK_OPS_STATE_CB_FLAG))
		bpf_sock_ops_cb_flags_set(ops, flags | BPF_SOCK_OPS_STATE_CB_FLAG);
}

/* Makes @begun the socket's, whatever it was before. */
static __always_inline bool begin_anew(struct bpf_sock *bsk, struct connection *begun)
{
	if (bpf_sk_storage_get(&sockets, bsk, NULL, 0))
		bpf_sk_storage_delete(&sockets, bsk);
	return bpf_sk_storage_get(&sockets, bsk, begun, BPF_SK_STORAGE_GET_F_CREATE);
}

/* listen(2), in the caller's context: what this socket accepts will belong to the same owner. */
static __always_inline void on_listen(struct bpf_sock *bsk)
{
	struct connection listener = { .phase = PHASE_OWNED };
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(bsk);

	if (!tp)
		return;
	listener.link.local_owner.cgroup_id = cgroup_id(sock_of(tp));
	read_comm(&listener.link.local_owner, (struct task_struct *)bpf_get_current_task());
	begin_anew(bsk, &listener);
}

/*
 * connect(2), in the caller's context, addresses and ports chosen, SYN not sent yet. With TCP_FASTOPEN_CONNECT it is the first write:
 * then the socket may have been adopted in state SYN_SENT, before its sequence numbers were chosen.
 */
static __always_inline void on_connect(struct bpf_sock *bsk)
{
	struct connection connection = { .phase = PHASE_CONNECTING };
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(bsk);

	if (!tp || read_link(&connection.link, sock_of(tp), ROLE_CLIENT))
		return;
	connection.link.local_owner.cgroup_id = cgroup_id(sock_of(tp));
	read_comm(&connection.link.local_owner, (struct task_struct *)bpf_get_current_task());
	connection.first_sequence = tp->write_seq + 1; /* the SYN takes one */
	if (!begin_anew(bsk, &connection))
		COUNT(untracked_connections, 1);
}

static __always_inline __u64 listener_key(struct sock *sk)
{
	return (__u64)BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum) << 16 | sk->__sk_common.skc_num;
}

static __always_inline struct connection *connection_to_open(struct bpf_sock *bsk, struct sock *sk, bool passive)
{
	struct connection blank = { .phase = PHASE_OWNED }, *connection;
	struct socket_owner *owner;
	__u64 listener;

	connection = bpf_sk_storage_get(&sockets, bsk, NULL, 0);
	if (connection)
		return connection;
	/* Its connect or its listener came before us. */
	listener = listener_key(sk);
	owner = passive ? bpf_map_lookup_elem(&old_listeners, &listener) : NULL;
	if (owner)
		blank.link.local_owner = *owner;
	else if (starting)
		return NULL; /* Left to adoption, which knows its owner: to us it is as old as what was open at launch. */
	blank.link.local_owner.cgroup_id = cgroup_id(sk);
	connection = bpf_sk_storage_get(&sockets, bsk, &blank, BPF_SK_STORAGE_GET_F_CREATE);
	if (!connection)
		COUNT(untracked_connections, 1);
	return connection;
}

/* Of those who would open a connection, one may: from here on it is that one's, until the phase changes again. */
static __always_inline bool claim(struct connection *connection, __u32 from)
{
	return __sync_val_compare_and_swap(&connection->phase, from, PHASE_OPENING) == from;
}

static __always_inline void on_established(struct bpf_sock *bsk, bool passive)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(bsk);
	struct connection *connection;
	enum phase phase;

	if (!tp)
		return;
	connection = connection_to_open(bsk, sock_of(tp), passive);
	if (!connection)
		return;

	phase = claim(connection, PHASE_OWNED) ? PHASE_OWNED : PHASE_CONNECTING;
	if (phase == PHASE_CONNECTING && !claim(connection, PHASE_CONNECTING))
		return; /* adopted */

	if (phase == PHASE_CONNECTING) {
		/* Also a simultaneous open, which the kernel calls passive at both ends. */
		if ((__s32)(tp->snd_nxt - connection->first_sequence) < 0)
			connection->first_sequence = tp->snd_nxt; /* TCP_REPAIR: no SYN was sent */
		offer_handshake(connection, tp);
		if (passive)
			meet_handshake(connection, tp);
	} else {
		if (read_link(&connection->link, sock_of(tp), passive ? ROLE_SERVER : ROLE_CLIENT))
			return;
		/* Counts the SYN on the connecting end only. */
		connection->first_sequence = tp->snd_una - (__u32)tp->bytes_acked + (!passive && tp->bytes_acked);
		if (passive)
			accept_handshake(connection, tp);
		else
			offer_handshake(connection, tp);
	}
	connection->uncounted = UNCOUNTED_OPENED;
	/* Sweeps leave it alone until here. */
	__sync_lock_test_and_set(&connection->phase, PHASE_OPEN);
}

SEC("sockops")
int sock_ops(struct bpf_sock_ops *ops)
{
	struct connection *connection;
	struct tcp_sock *tp;
	struct bpf_sock *bsk = ops->sk;

	if (!bsk)
		return 1;

	switch (ops->op) {
	case BPF_SOCK_OPS_TCP_LISTEN_CB:
		ask_for_state_changes(ops);
		on_listen(bsk);
		break;
	case BPF_SOCK_OPS_TCP_CONNECT_CB:
		ask_for_state_changes(ops);
		on_connect(bsk);
		break;
	case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		ask_for_state_changes(ops);
		on_established(bsk, ops->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB);
		break;
	case BPF_SOCK_OPS_STATE_CB:
		if (ops->args[0] != BPF_TCP_SYN_RECV && ops->args[1] != BPF_TCP_CLOSE)
			break;
		connection = bpf_sk_storage_get(&sockets, bsk, NULL, 0);
		if (!connection)
			break;
		if (ops->args[0] == BPF_TCP_SYN_RECV)
			complete_handshake(connection);
		if (ops->args[1] != BPF_TCP_CLOSE)
			break;
		tp = bpf_skc_to_tcp_sock(bsk);
		if (!tp)
			break;
		account_final(connection, sock_of(tp), tp);
		bpf_sk_storage_delete(&sockets, bsk);
		break;
	}
	return 1;
}

/*
 * The same end for sockets whose callbacks nobody could switch on: those adopted, and those where another sockops program took
 * them away again. May miss events (a tracing program never interrupts itself); the kernel counts those, and the agent exports it.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(inet_sock_set_state, struct sock *sk, int old_state, int new_state)
{
	struct connection *connection;
	struct tcp_sock *tp;

	if (new_state != BPF_TCP_CLOSE)
		return 0;
	connection = bpf_sk_storage_get(&sockets, sk, NULL, 0);
	if (!connection)
		return 0;
	tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return 0;
	account_final(connection, sk, tp);
	bpf_sk_storage_delete(&sockets, sk);
	return 0;
}

/* Accounts every live connection of every network namespace. An idle one costs a few reads. */
SEC("iter/bpf_sk_storage_map")
int sweep_sockets(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct connection *seen = ctx->value, *connection;
	struct sock *sk = ctx->sk;
	struct tcp_sock *tp;

	/* Another for each sweep; also seen by the call that ends it, the only one where there is no socket. */
	if (ctx->meta->session_id != sweep_session) {
		sweep_session = ctx->meta->session_id;
		counters.swept_links = 0;
	}
	if (!sk || !seen || seen->phase != PHASE_OPEN)
		return 0;
	counters.swept_sockets++;
	tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return 0;
	if (seen->uncounted == UNCOUNTED_NONE && sent_bytes(tp, seen) == seen->sent_bytes &&
	    received_bytes(tp, false) <= seen->received_bytes)
		return 0;
	/* 6.1 does not take the iterator's value as a map key: look it up by its socket. */
	connection = bpf_sk_storage_get(&sockets, sk, NULL, 0);
	if (connection)
		account_live(connection, sk, tp);
	return 0;
}

#define UNOWNED_STATES (1u << BPF_TCP_CLOSE | 1u << BPF_TCP_SYN_RECV | 1u << BPF_TCP_NEW_SYN_RECV)

/* Notes whose socket it is, unless something is known of it already. */
static __always_inline void own_socket(struct sock *sk, const struct connection *owned)
{
	if (!(1u << (sk->__sk_common.skc_state & 31) & UNOWNED_STATES))
		bpf_sk_storage_get(&sockets, sk, (void *)owned, BPF_SK_STORAGE_GET_F_CREATE);
}

/* Owns the socket that a process has open. Returns the first connection that waits there for accept(2), if it is a listener. */
static __always_inline struct request_sock *own_open_socket(struct bpf_iter__task_file *ctx, struct connection *owned)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *socket;
	struct tcp_sock *tp;
	struct sock *sk;
	__u64 listener;

	if (!task || !file)
		return NULL;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return NULL;
	sk = socket->sk;
	if (!sk || (sk->sk_protocol != IPPROTO_TCP && sk->sk_protocol != IPPROTO_MPTCP))
		return NULL;
	owned->link.local_owner.cgroup_id = cgroup_id(sk);
	read_comm(&owned->link.local_owner, task);
	if (sk->sk_protocol == IPPROTO_MPTCP) {
		listener = listener_key(sk);
		if (sk->__sk_common.skc_state == BPF_TCP_LISTEN)
			bpf_map_update_elem(&old_listeners, &listener, &owned->link.local_owner, BPF_NOEXIST);
		return NULL;
	}
	tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return NULL;
	own_socket(sk, owned);
	if (sk->__sk_common.skc_state != BPF_TCP_LISTEN)
		return NULL;
	return tp->inet_conn.icsk_accept_queue.rskq_accept_head;
}

struct queue_walk {
	struct request_sock *request;
	struct connection owned;
};

static long own_next_in_queue(__u32 index, void *context)
{
	struct queue_walk *walk = context;
	struct sock *sk;

	if (!walk->request)
		return 1;
	sk = walk->request->sk;
	if (sk)
		own_socket(sk, &walk->owned);
	walk->request = walk->request->dl_next;
	return 0;
}

/*
 * Once before anything is attached, so that what is accepted from then on inherits its owner, and once after. Connections that
 * wait for accept(2) belong to no process yet: their listener's owner is theirs.
 */
SEC("iter/task_file")
int own_sockets(struct bpf_iter__task_file *ctx)
{
	struct queue_walk walk = { .owned.phase = PHASE_OWNED };

	walk.request = own_open_socket(ctx, &walk.owned);
	if (walk.request)
		bpf_loop(MAX_QUEUE, own_next_in_queue, &walk, 0);
	return 0;
}

/* The same for kernels without bpf_loop. */
SEC("?iter/task_file")
int own_sockets_before_5_17(struct bpf_iter__task_file *ctx)
{
	struct connection owned = { .phase = PHASE_OWNED };
	struct request_sock *request = own_open_socket(ctx, &owned);
	struct sock *sk;
	int i;

	for (i = 0; i < MAX_QUEUE_BEFORE_5_17 && request; i++) {
		sk = request->sk;
		if (sk)
			own_socket(sk, &owned);
		request = request->dl_next;
	}
	return 0;
}

/* The counters' present value is the baseline. */
static __always_inline void adopt_open(struct connection *connection, struct sock *sk, struct tcp_sock *tp)
{
	connection->peer = PEER_ADOPTED;
	connection->uncounted = UNCOUNTED_ADOPTED;
	connection->acked_base = tp->bytes_acked;
	connection->first_sequence = next_sequence(tp);
	connection->sent_bytes = 0;
	connection->received_bytes = received_bytes(tp, false);
	/* Unless it closed meanwhile. */
	if (__sync_val_compare_and_swap(&connection->phase, PHASE_OPENING, PHASE_OPEN) != PHASE_OPENING)
		return;
	register_adopted(sk, &connection->link.local_owner);
	COUNT(adopted_sockets, 1);
}

/* Once after that, and before the first sweep: takes over what is already open, or about to be. */
SEC("iter/bpf_sk_storage_map")
int adopt_sockets(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct connection *seen = ctx->value, *connection;
	struct sock *sk = ctx->sk;
	struct tcp_sock *tp;
	unsigned char state;

	if (!sk || !seen || seen->phase != PHASE_OWNED)
		return 0;
	state = sk->__sk_common.skc_state;
	if (state == BPF_TCP_LISTEN || state == BPF_TCP_CLOSE || state == BPF_TCP_SYN_RECV)
		return 0;
	tp = bpf_skc_to_tcp_sock(sk);
	connection = bpf_sk_storage_get(&sockets, sk, NULL, 0);
	if (!tp || !connection || !claim(connection, PHASE_OWNED))
		return 0;
	read_link(&connection->link, sk, was_accepted(sk) ? ROLE_SERVER : ROLE_CLIENT);
	if (state == BPF_TCP_SYN_SENT) {
		connection->first_sequence = tp->snd_una + 1;
		/* If it was established before this, nobody else will open it. */
		if (__sync_val_compare_and_swap(&connection->phase, PHASE_OPENING, PHASE_CONNECTING) != PHASE_OPENING ||
		    sk->__sk_common.skc_state == BPF_TCP_SYN_SENT || !claim(connection, PHASE_CONNECTING))
			return 0;
	}
	adopt_open(connection, sk, tp);
	return 0;
}
