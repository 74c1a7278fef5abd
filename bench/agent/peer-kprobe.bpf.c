// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What an agent that probes tcp_data_queue does, at its leanest: two tables of a million entries that are allocated in advance, a
 * connection entered and left with its state changes, and for each segment that arrives a few looks into the socket, one at each table,
 * and its counters written down.
 */
#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/ptrace.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <stdbool.h>

#define CONNECTIONS 1000000
#define AF_INET 2
#define TCP_ESTABLISHED 1
#define TCP_CLOSE 7

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct sock_common {
	__be32 skc_daddr, skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num, skc_family;
} __attribute__((preserve_access_index));

struct sock {
	struct sock_common __sk_common;
} __attribute__((preserve_access_index));

struct tcp_sock {
	__u64 bytes_received, bytes_acked;
} __attribute__((preserve_access_index));

struct state_change {
	__u64 common;
	const void *socket;
	int before, after;
	__u16 local_port, remote_port, family, protocol;
};

struct connection {
	__u32 number, local, remote;
	__u16 local_port, remote_port, role, filler;
};

struct traffic {
	__u64 received, sent;
	__u64 active;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CONNECTIONS);
	__type(key, const void *);
	__type(value, __u32);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CONNECTIONS);
	__type(key, struct connection);
	__type(value, struct traffic);
} connections SEC(".maps");

__u32 last_number;

/* The connection of a socket; false if it has none, or no IPv4 addresses. */
static __always_inline bool describe(const struct sock *socket, struct connection *connection)
{
	const __u32 *number = bpf_map_lookup_elem(&sockets, &socket);

	if (!number || BPF_CORE_READ(socket, __sk_common.skc_family) != AF_INET)
		return false;
	*connection = (struct connection){ .number = *number };
	connection->local = BPF_CORE_READ(socket, __sk_common.skc_rcv_saddr);
	connection->remote = BPF_CORE_READ(socket, __sk_common.skc_daddr);
	connection->local_port = BPF_CORE_READ(socket, __sk_common.skc_num);
	connection->remote_port = BPF_CORE_READ(socket, __sk_common.skc_dport);
	return true;
}

static __always_inline void note(const struct sock *socket, __u64 active)
{
	const struct tcp_sock *tcp = (const void *)socket;
	struct connection connection;
	struct traffic now = { .active = active };

	if (!describe(socket, &connection))
		return;
	now.received = BPF_CORE_READ(tcp, bytes_received);
	now.sent = BPF_CORE_READ(tcp, bytes_acked);
	bpf_map_update_elem(&connections, &connection, &now, BPF_ANY);
}

SEC("kprobe/tcp_data_queue")
int on_segment(struct pt_regs *registers)
{
	note((const struct sock *)PT_REGS_PARM1(registers), 1);
	return 0;
}

SEC("tracepoint/sock/inet_sock_set_state")
int on_state(const struct state_change *change)
{
	const void *socket = change->socket;
	__u32 number;

	if (change->protocol != IPPROTO_TCP)
		return 0;
	if (change->after == TCP_ESTABLISHED) {
		number = __sync_fetch_and_add(&last_number, 1);
		bpf_map_update_elem(&sockets, &socket, &number, BPF_ANY);
		note(socket, 1);
	} else if (change->after == TCP_CLOSE) {
		note(socket, 0);
		bpf_map_delete_elem(&sockets, &socket);
	}
	return 0;
}
