// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Functions, variables and hooks that are in modules of the kernel. No kernel has these: the tests bring one. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern int caretta_in_kernel(int number) __ksym;
extern int caretta_in_first(int number) __ksym;
extern int caretta_in_second(int number) __ksym;
extern int caretta_in_none(int number) __ksym __weak;
extern const int caretta_variable __ksym;

SEC("?tc")
int calls(struct __sk_buff *skb)
{
	return caretta_in_kernel(1) + caretta_in_second(2) + caretta_in_first(3) + caretta_in_second(4);
}

SEC("?tc")
int reads(struct __sk_buff *skb)
{
	return caretta_variable;
}

SEC("?tc")
int may_call(struct __sk_buff *skb)
{
	return caretta_in_none ? caretta_in_none(1) : caretta_in_kernel(1);
}

SEC("?fentry/caretta_in_second")
int anywhere(void *ctx)
{
	return 0;
}

SEC("?fentry/second:caretta_in_second")
int there(void *ctx)
{
	return 0;
}

SEC("?fentry/first:caretta_in_second")
int elsewhere(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
