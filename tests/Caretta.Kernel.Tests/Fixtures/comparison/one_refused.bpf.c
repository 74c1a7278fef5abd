// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* One program that the verifier takes, and one that reads behind what it was given. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("socket")
int good(struct __sk_buff *skb)
{
	return skb->len;
}

SEC("raw_tp/sys_enter")
int bad(void *ctx)
{
	return *(int *)(ctx + 4096 * 4);
}

char LICENSE[] SEC("license") = "GPL";
