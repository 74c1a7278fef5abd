// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Prints the instructions that libbpf makes of each program of an object for a kernel with the given types, as 64-bit words in
 * hexadecimal, or "refused" where it finds no answer. The kernel need not accept them: programs are printed before the verifier's
 * verdict matters.
 *
 * usage: golden.tool OBJECT TYPES
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <bpf/libbpf.h>

static bool refused;

static int watch(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, arguments);
	if (strstr(text, "failed to perform CO-RE relocations"))
		refused = true;
	return 0;
}

static int print_program(const char *path, const char *types, const char *name)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = types);
	struct bpf_object *object = bpf_object__open_file(path, &options);
	struct bpf_program *program, *wanted = NULL;
	const struct bpf_insn *instructions;
	unsigned long long word;
	size_t i;

	if (!object)
		return 1;
	bpf_object__for_each_program(program, object) {
		bpf_program__set_autoload(program, strcmp(bpf_program__name(program), name) == 0);
		if (bpf_program__autoload(program))
			wanted = program;
	}

	refused = false;
	bpf_object__load(object);
	printf("%s:", name);
	if (refused) {
		printf(" refused\n");
	} else {
		instructions = bpf_program__insns(wanted);
		for (i = 0; i < bpf_program__insn_cnt(wanted); i++) {
			memcpy(&word, &instructions[i], sizeof(word));
			printf(" %016llx", word);
		}
		printf("\n");
	}
	bpf_object__close(object);
	return 0;
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_program *program;

	if (argc != 3)
		return 2;
	libbpf_set_print(watch);
	object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		return 1;
	bpf_object__for_each_program(program, object) {
		if (print_program(argv[1], argv[2], bpf_program__name(program)))
			return 1;
	}
	bpf_object__close(object);
	return 0;
}
