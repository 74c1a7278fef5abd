/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
 *
 * Everything that a program may want from the kernel by name: values of its configuration in all types, and symbols with
 * and without a type, weak and strong.
 */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "GPL";

struct task_struct;
struct rq {
	int cpu;
} __attribute__((preserve_access_index));

extern unsigned int LINUX_KERNEL_VERSION __kconfig;
extern bool LINUX_HAS_SYSCALL_WRAPPER __kconfig __weak;
extern bool CONFIG_BPF __kconfig;
extern enum libbpf_tristate CONFIG_VETH __kconfig;
extern char CONFIG_PREEMPT __kconfig __weak;
extern short CONFIG_SMALL __kconfig __weak;
extern int CONFIG_HZ __kconfig;
extern unsigned long CONFIG_ADDRESS __kconfig __weak;
extern char CONFIG_DEFAULT_HOSTNAME[8] __kconfig;
extern bool CONFIG_MISSING __kconfig __weak;

extern const void bpf_prog_put __ksym;
extern const void no_such_symbol __ksym __weak;
extern const struct rq runqueues __ksym;
extern const int no_such_variable __ksym __weak;
extern void bpf_rcu_read_lock(void) __ksym;
extern int no_such_function(struct task_struct *task, __u32 count) __ksym __weak;

static __attribute__((noinline)) int in_subprogram(void)
{
	return CONFIG_HZ + (__u64)&bpf_prog_put;
}

SEC("raw_tp/sched_switch")
int use_configuration(void *context)
{
	long sum = LINUX_KERNEL_VERSION + CONFIG_HZ + CONFIG_ADDRESS + CONFIG_SMALL;

	if (LINUX_HAS_SYSCALL_WRAPPER || CONFIG_BPF || CONFIG_MISSING)
		sum++;
	if (CONFIG_VETH == TRI_MODULE || CONFIG_PREEMPT == 'y')
		sum += CONFIG_DEFAULT_HOSTNAME[context ? 0 : 1];
	return sum + in_subprogram();
}

SEC("tp_btf/sched_switch")
int use_symbols(void *context)
{
	const struct rq *rq = bpf_per_cpu_ptr(&runqueues, 0);
	long sum = (__u64)&bpf_prog_put + (__u64)&no_such_symbol;

	if (&no_such_variable)
		sum += no_such_variable;
	if (rq)
		sum += rq->cpu;
	bpf_rcu_read_lock();
	if (&no_such_function)
		sum += no_such_function(0, 7);
	return sum;
}
