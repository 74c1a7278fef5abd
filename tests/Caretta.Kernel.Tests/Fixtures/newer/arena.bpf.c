// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Variables in memory that programs and user space share. The compiler knows no address spaces, so the casts are written out. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define BPF_MAP_TYPE_ARENA 33

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 16);
} arena SEC(".maps");

__u64 counted SEC(".addr_space.1") = 5;
__u32 also_counted SEC(".addr_space.1") = 6;

#define REGISTER(name, number) ".ifc %0, " name "; .byte " number "; .endif; "

/* dst = addr_space_cast(dst, 0, 1): BPF_ALU64 | BPF_MOV | BPF_X, offset 1, immediate 1; kernel/bpf/verifier.c, check_alu_op. */
#define to_kernel(pointer)                                                                                                             \
	asm volatile(".byte 0xbf; " REGISTER("r0", "0x00") REGISTER("r1", "0x11") REGISTER("r2", "0x22") REGISTER("r3", "0x33")        \
			     REGISTER("r4", "0x44") REGISTER("r5", "0x55") REGISTER("r6", "0x66") REGISTER("r7", "0x77")               \
				     REGISTER("r8", "0x88") REGISTER("r9", "0x99") ".short 1; .long 1"                                \
		     : "+r"(pointer))

SEC("syscall")
int count(void *ctx)
{
	__u64 *first = &counted;
	__u32 *second = &also_counted;

	to_kernel(first);
	to_kernel(second);
	*first += 1;
	*second += 10;
	return *first + *second;
}

char LICENSE[] SEC("license") = "GPL";
