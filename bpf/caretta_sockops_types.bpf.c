// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The fallback tier on sockops, for kernels from 5.9 on that describe their types: reads the socket itself, so that what the main tier
 * knows of a connection's owner and bytes is known here too.
 */
#define WITH_TYPES
#define UNDER_SOCKET_LOCK
#include "kernel.bpf.h"
#include "sockops.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Costs a walk to the task at connect and listen; in a cluster the cgroup alone says who it is. */
const volatile bool track_processes = true;

#include "sock.bpf.h"

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

static __always_inline __u64 listener_key(struct sock *sk)
{
	return (__u64)BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum) << 16 | sk->__sk_common.skc_num;
}

static __always_inline struct tcp_sock *tcp_of(struct bpf_sock_ops *ops)
{
	struct bpf_sock *bsk = ops->sk;

	return bsk ? bpf_skc_to_tcp_sock(bsk) : NULL;
}

/* Without a link, of a listener: what it accepts will belong to the same process. */
static __always_inline void read_owner(struct bpf_sock_ops *ops, struct link_key *link, bool in_process)
{
	struct socket_owner owner = {}, *listener;
	struct tcp_sock *tp = tcp_of(ops);
	__u64 key;

	if (!tp)
		return;
	if (in_process)
		read_comm(&owner, (struct task_struct *)bpf_get_current_task());
	if (!link) {
		key = listener_key(sock_of(tp));
		bpf_map_update_elem(&listeners, &key, &owner, BPF_ANY);
		return;
	}
	if (!in_process && link->role == ROLE_SERVER && track_processes) {
		key = listener_key(sock_of(tp));
		listener = bpf_map_lookup_elem(&listeners, &key);
		if (listener)
			owner = *listener;
	}
	owner.cgroup_id = cgroup_id(sock_of(tp));
	link->local_owner = owner;
}

static __always_inline bool read_socket(struct bpf_sock_ops *ops, struct connection *connection, struct reading *now, int old_state,
					enum sockops_variant variant)
{
	struct tcp_sock *tp = tcp_of(ops);

	if (!tp)
		return false;
	now->bytes_acked = tp->bytes_acked;
	now->received_bytes = received_bytes(tp, true);
	now->next_sequence = next_sequence(tp);
	return true;
}

SEC("sockops")
int sock_ops_types(struct bpf_sock_ops *ops)
{
	return handle(ops, VARIANT_COOKIE);
}

SEC("sockops")
int sock_ops_headers(struct bpf_sock_ops *ops)
{
	return handle(ops, VARIANT_HEADERS);
}
