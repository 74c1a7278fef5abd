// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The fallback tier on sockops, for kernels without types and processes without CAP_PERFMON. All it knows of a socket comes from the
 * context of its callbacks, whose layout is part of the kernel's interface.
 */
#include "sockops.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The context does not say whose socket it is: both ends go by their addresses. */
static __always_inline void read_owner(struct bpf_sock_ops *ops, struct link_key *link, bool in_process)
{
}

/* bytes_received counts the peer's FIN as one. */
static __always_inline bool received_fin(struct bpf_sock_ops *ops, struct connection *connection, int state, enum sockops_variant variant)
{
	if (state == BPF_TCP_CLOSE_WAIT || state == BPF_TCP_LAST_ACK || state == BPF_TCP_CLOSING)
		return true;
	if (variant == VARIANT_HEADERS)
		return (connection->flags & FIN_SEEN) && ops->rcv_nxt != connection->fin_sequence;
	if (state != BPF_TCP_FIN_WAIT2 || ops->rcv_nxt == connection->fin_sequence)
		return false;
	/* Received more since: the FIN, unless it is a byte that came alone; after data, most likely the FIN with it. */
	if (ops->rcv_nxt != connection->fin_sequence + 1)
		COUNT(uncertain_closes, 1);
	return true;
}

/* snd_nxt counts ours as one, from the moment it is sent. */
static __always_inline bool sent_fin(struct bpf_sock_ops *ops, struct connection *connection, int state, enum sockops_variant variant)
{
	if (variant == VARIANT_HEADERS)
		return connection->flags & FIN_SENT;
	if (state == BPF_TCP_FIN_WAIT2 || state == BPF_TCP_CLOSING)
		return true; /* acknowledged, or sent a moment before the peer's came */
	if (state != BPF_TCP_FIN_WAIT1 && state != BPF_TCP_LAST_ACK)
		return false;
	if (ops->snd_nxt == connection->own_fin)
		return false;
	/* Went on sending since, so most likely up to the FIN. When all of it was acknowledged, surely. */
	if (ops->snd_una != ops->snd_nxt && ops->op == BPF_SOCK_OPS_STATE_CB)
		COUNT(uncertain_closes, 1);
	return true;
}

static __always_inline bool read_socket(struct bpf_sock_ops *ops, struct connection *connection, struct reading *now, int old_state,
					enum sockops_variant variant)
{
	now->bytes_acked = ops->bytes_acked;
	now->received_bytes = ops->bytes_received;
	now->next_sequence = ops->snd_nxt;
	if (received_fin(ops, connection, old_state, variant))
		now->received_bytes--;
	if (sent_fin(ops, connection, old_state, variant))
		now->next_sequence--;
	return true;
}

SEC("sockops")
int sock_ops_headers(struct bpf_sock_ops *ops)
{
	return handle(ops, VARIANT_HEADERS);
}

SEC("sockops")
int sock_ops_cookie(struct bpf_sock_ops *ops)
{
	return handle(ops, VARIANT_COOKIE);
}

SEC("sockops")
int sock_ops_plain(struct bpf_sock_ops *ops)
{
	return handle(ops, VARIANT_PLAIN);
}
