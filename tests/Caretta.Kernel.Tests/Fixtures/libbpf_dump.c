// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Prints what libbpf makes of an object: libbpf_dump OBJECT [BTF]
 *
 * All bpf(2) calls of libbpf pass through syscall() below. What the kernel refuses of programs and maps is answered as if it had been
 * accepted, so that libbpf goes on to the last program. A relocation without an answer ends it, as always.
 *
 * Output, a line each:
 *	refused REASON			libbpf could not open or relocate the object; nothing follows
 *	map FD NAME
 *	program NAME AUTOLOAD HEX	final instructions
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static char reason[1024];
static int loading;

long syscall(long number, ...)
{
	long (*real)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	long args[6], result;
	va_list list;
	int i;

	va_start(list, number);
	for (i = 0; i < 6; i++)
		args[i] = va_arg(list, long);
	va_end(list);

	result = real(number, args[0], args[1], args[2], args[3], args[4], args[5]);
	if (number != __NR_bpf || result >= 0 || !loading)
		return result;
	switch (args[0]) {
	case BPF_PROG_LOAD:
	case BPF_MAP_CREATE:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	case BPF_MAP_UPDATE_ELEM:
	case BPF_MAP_FREEZE:
		return 0;
	default:
		return result;
	}
}

/* Only these come before the last relocation; what comes after does not matter. */
static int is_relocation_failure(const char *text)
{
	return strstr(text, "failed to relocate") || strstr(text, "failed to perform CO-RE") || strstr(text, "extern ");
}

static int keep_reason(enum libbpf_print_level level, const char *format, va_list args)
{
	char text[1024];
	int length;

	if (level != LIBBPF_WARN)
		return 0;
	length = vsnprintf(text, sizeof(text), format, args);
	if (!loading || (!reason[0] && is_relocation_failure(text))) {
		text[strcspn(text, "\n")] = 0;
		memcpy(reason, text, sizeof(reason));
	}
	return length;
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_object_open_opts, options);
	struct bpf_program *program;
	struct bpf_object *object;
	struct bpf_map *map;
	size_t i;

	libbpf_set_print(keep_reason);
	if (argc > 2)
		options.btf_custom_path = argv[2];
	object = bpf_object__open_file(argv[1], &options);
	if (!object) {
		printf("refused %s\n", reason);
		return 0;
	}
	reason[0] = 0;
	bpf_object__for_each_map(map, object)
		bpf_map__set_pin_path(map, NULL);
	loading = 1;
	if (bpf_object__load(object) && reason[0]) {
		printf("refused %s\n", reason);
		return 0;
	}
	loading = 0;
	bpf_object__for_each_map(map, object)
		printf("map %d %s\n", bpf_map__fd(map), bpf_map__name(map));
	bpf_object__for_each_program(program, object) {
		const unsigned char *code = (const unsigned char *)bpf_program__insns(program);

		printf("program %s %d ", bpf_program__name(program), bpf_program__autoload(program));
		for (i = 0; i < bpf_program__insn_cnt(program) * sizeof(struct bpf_insn); i++)
			printf("%02x", code[i]);
		printf("\n");
	}
	return 0;
}
