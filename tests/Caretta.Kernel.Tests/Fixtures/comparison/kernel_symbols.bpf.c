// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What programs take from the kernel by name: options, variables, functions; there, weak and missing. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

#define USE(value) asm volatile("" : : "r"((__u64)(value)))

extern int LINUX_KERNEL_VERSION __kconfig;
extern bool CONFIG_BPF_SYSCALL __kconfig __weak;
extern char CONFIG_OF_NOBODY __kconfig __weak;
extern unsigned long CONFIG_HZ __kconfig __weak;
extern char CONFIG_CC_VERSION_TEXT[64] __kconfig __weak;
extern enum libbpf_tristate CONFIG_IPV6 __kconfig __weak;
extern unsigned short CONFIG_NR_CPUS __kconfig __weak;

struct rq {
	int cpu;
};
extern const struct rq runqueues __ksym;
extern const int bpf_prog_active_of_nobody __ksym __weak;
extern const int cpu_number __ksym __weak;
extern const void bpf_of_nobody_fops __ksym __weak;

extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_rcu_read_unlock(void) __ksym __weak;
extern int bpf_function_of_nobody(int) __ksym __weak;
extern int bpf_function_of_nobody___flavour(int, int) __ksym __weak;

static __noinline int from_below(void)
{
	USE(&runqueues);
	return CONFIG_HZ;
}

SEC("raw_tp/options")
int options(void *ctx)
{
	USE(LINUX_KERNEL_VERSION);
	USE(CONFIG_BPF_SYSCALL);
	USE(CONFIG_OF_NOBODY);
	USE(CONFIG_HZ);
	USE(CONFIG_CC_VERSION_TEXT[3]);
	USE(CONFIG_IPV6);
	USE(CONFIG_NR_CPUS);
	return from_below();
}

SEC("raw_tp/variables")
int variables(void *ctx)
{
	USE(&runqueues);
	USE(&bpf_prog_active_of_nobody);
	USE(&cpu_number);
	USE(&bpf_of_nobody_fops);
	return from_below();
}

SEC("tc")
int functions(struct __sk_buff *skb)
{
	if (bpf_rcu_read_lock) {
		bpf_rcu_read_lock();
		bpf_rcu_read_unlock();
	}
	if (bpf_function_of_nobody)
		USE(bpf_function_of_nobody(1));
	if (bpf_function_of_nobody___flavour)
		USE(bpf_function_of_nobody___flavour(1, 2));
	return from_below() & 1;
}

char LICENSE[] SEC("license") = "GPL";
