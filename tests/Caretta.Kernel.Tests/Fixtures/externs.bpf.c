// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What programs want of the kernel by name. Values are left in variables for the test to compare. */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

extern unsigned int LINUX_KERNEL_VERSION __kconfig;
extern bool LINUX_HAS_BPF_COOKIE __kconfig __weak;
extern bool LINUX_HAS_SYSCALL_WRAPPER __kconfig __weak;
extern bool CONFIG_BPF_SYSCALL __kconfig;
extern int CONFIG_HZ __kconfig;
extern int CONFIG_NOT_IN_ANY_KERNEL __kconfig __weak;

unsigned int kernel_version;
bool has_cookie, has_wrapper, has_bpf;
int hz, missing;

SEC("?socket")
int configuration(struct __sk_buff *skb)
{
	kernel_version = LINUX_KERNEL_VERSION;
	has_cookie = LINUX_HAS_BPF_COOKIE;
	has_wrapper = LINUX_HAS_SYSCALL_WRAPPER;
	has_bpf = CONFIG_BPF_SYSCALL;
	hz = CONFIG_HZ;
	missing = CONFIG_NOT_IN_ANY_KERNEL;
	return 0;
}

extern const void bpf_prog_put __ksym;
extern const void not_in_any_kernel __ksym __weak;
extern const int bpf_prog_active __ksym; /* per CPU */
extern const int no_such_variable __ksym __weak;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern int no_such_function(int) __ksym __weak;

__u64 address;

SEC("?raw_tp/sched_switch")
int symbols(void *context)
{
	address = (__u64)&bpf_prog_put;
	if (&not_in_any_kernel)
		return __LINE__;
	if (&no_such_variable)
		return __LINE__;
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	if (&no_such_function)
		return no_such_function(1);
	return 0;
}

/* Only kernels that list their variables (CONFIG_KALLSYMS_ALL) let programs reach them. */
SEC("?raw_tp/sched_switch")
int variable(void *context)
{
	const int *active = bpf_per_cpu_ptr(&bpf_prog_active, 0);

	return active && *active >= 0 ? 0 : __LINE__;
}
