// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* One program for each kind of hook. They count what one process does. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u32 process;

__u64 count;

static __always_inline int is_ours(void)
{
	return bpf_get_current_pid_tgid() >> 32 == process;
}

SEC("?raw_tp/sys_enter")
int raw_tracepoint(void *context)
{
	if (is_ours())
		__sync_fetch_and_add(&count, 1);
	return 0;
}

SEC("?tp_btf/sys_enter")
int typed_tracepoint(__u64 *context)
{
	if (is_ours())
		__sync_fetch_and_add(&count, 1);
	return 0;
}

SEC("?tracepoint/sock/inet_sock_set_state")
int tracepoint(void *context)
{
	if (is_ours())
		__sync_fetch_and_add(&count, 1);
	return 0;
}

SEC("?cgroup/sock_create")
int sock_create(struct bpf_sock *sock)
{
	if (is_ours())
		__sync_fetch_and_add(&count, 1);
	return 1;
}

SEC("?sockops")
int sock_ops(struct bpf_sock_ops *ops)
{
	/* In the caller's context: connect(2). */
	if (ops->op == BPF_SOCK_OPS_TCP_CONNECT_CB && is_ours())
		__sync_fetch_and_add(&count, 1);
	return 1;
}

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} elements SEC(".maps");

struct bpf_iter__bpf_map_elem {
	__u32 *key;
	__u64 *value;
} __attribute__((preserve_access_index));

SEC("?iter/bpf_map_elem")
int sum_elements(struct bpf_iter__bpf_map_elem *ctx)
{
	__u64 *value = ctx->value;

	if (value)
		count += *value;
	return 0;
}

struct task_struct {
	int tgid;
} __attribute__((preserve_access_index));

struct bpf_iter__task {
	struct task_struct *task;
} __attribute__((preserve_access_index));

SEC("?iter/task")
int find_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (task && task->tgid == process)
		count++;
	return 0;
}

struct bpf_prog_aux {
	__u32 id;
} __attribute__((preserve_access_index));

struct bpf_prog {
	/* One wide field's neighbours in the kernel are bits, too; which ones, changes from release to release. */
	unsigned int gpl_compatible : 1;
	enum bpf_prog_type type;
	struct bpf_prog_aux *aux;
} __attribute__((preserve_access_index));

struct bpf_iter__bpf_prog {
	struct bpf_prog *prog;
} __attribute__((preserve_access_index));

__u64 gpl_programs, other_programs;

SEC("?iter/bpf_prog")
int count_programs(struct bpf_iter__bpf_prog *ctx)
{
	struct bpf_prog *prog = ctx->prog;

	if (!prog)
		return 0;
	if (BPF_CORE_READ_BITFIELD(prog, gpl_compatible))
		gpl_programs++;
	else
		other_programs++;
	if (prog->type == BPF_PROG_TYPE_TRACING)
		count++;
	return 0;
}

SEC("?tp_btf/no_such_tracepoint")
int typed_nowhere(__u64 *context)
{
	return 0;
}

SEC("?raw_tp/no_such_tracepoint")
int raw_nowhere(void *context)
{
	return 0;
}

SEC("?xdp")
int packet(struct xdp_md *ctx)
{
	__sync_fetch_and_add(&count, 1);
	return XDP_PASS;
}

SEC("?tc")
int traffic(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&count, 1);
	return -1; /* TC_ACT_UNSPEC, TCX_NEXT: go on */
}

SEC("?sk_lookup")
int lookup(struct bpf_sk_lookup *ctx)
{
	__sync_fetch_and_add(&count, 1);
	return SK_PASS;
}

SEC("?cgroup/sock_create")
int sock_create_twice(struct bpf_sock *sock)
{
	if (is_ours())
		__sync_fetch_and_add(&count, 1000);
	return 1;
}
