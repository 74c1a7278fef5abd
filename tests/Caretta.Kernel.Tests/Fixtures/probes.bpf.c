// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Programs for hooks that not every kernel has: probes, trampolines, security. They count what one process does. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u32 process;

__u64 count, cookies;

static __always_inline int note(void)
{
	if (bpf_get_current_pid_tgid() >> 32 == process)
		__sync_fetch_and_add(&count, 1);
	return 0;
}

SEC("?kprobe/tcp_v4_connect")
int function_entry(void *context)
{
	return note();
}

SEC("?kretprobe/tcp_v4_connect")
int function_return(void *context)
{
	return note();
}

SEC("?ksyscall/connect")
int system_call(void *context)
{
	return note();
}

SEC("?kprobe/tcp_v4_connect")
int with_cookie(void *context)
{
	if (bpf_get_current_pid_tgid() >> 32 == process)
		__sync_fetch_and_add(&cookies, bpf_get_attach_cookie(context));
	return 0;
}

SEC("?kprobe.multi/tcp_v4_con*")
int functions(void *context)
{
	return note();
}

SEC("?uprobe")
int user_entry(void *context)
{
	return note();
}

SEC("?uretprobe")
int user_return(void *context)
{
	return note();
}

SEC("?fentry/tcp_v4_connect")
int typed_entry(__u64 *context)
{
	return note();
}

SEC("?fexit/tcp_v4_connect")
int typed_return(__u64 *context)
{
	return note();
}

SEC("?lsm/socket_connect")
int security(__u64 *context)
{
	note();
	return 0;
}

SEC("?perf_event")
int sample(void *context)
{
	return note();
}

SEC("?tracepoint/sock/inet_sock_set_state")
int tracepoint(void *context)
{
	return note();
}

SEC("?kprobe/no_such_function")
int nowhere(void *context)
{
	return 0;
}

/* A program with a function that others may replace or watch. Volatile: it is called, whatever the compiler thinks of it. */
__attribute__((noinline)) int replaceable(struct __sk_buff *skb)
{
	volatile int result = 1;

	return result;
}

SEC("?tc")
int host(struct __sk_buff *skb)
{
	return replaceable(skb);
}

SEC("?freplace/replaceable")
int replacement(struct __sk_buff *skb)
{
	return 2;
}

SEC("?fentry/replaceable")
int watcher(__u64 *context)
{
	__sync_fetch_and_add(&count, 1);
	return 0;
}
