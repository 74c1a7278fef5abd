// SPDX-License-Identifier: MIT
/* Loads one object with libbpf, once, in a new process: what the managed loader is held against. */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double since(clockid_t clock, const struct timespec *start)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (now.tv_sec - start->tv_sec) * 1e3 + (now.tv_nsec - start->tv_nsec) / 1e6;
}

static int ignore(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return 0;
}

int main(int argc, char **argv)
{
	struct timespec wall, processor;
	struct bpf_object *object;
	struct rusage usage;

	if (argc != 2)
		return 2;
	libbpf_set_print(ignore);
	clock_gettime(CLOCK_MONOTONIC, &wall);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &processor);
	object = bpf_object__open_file(argv[1], NULL);
	if (!object || bpf_object__load(object)) {
		fprintf(stderr, "cannot load %s\n", argv[1]);
		return 1;
	}
	double took = since(CLOCK_MONOTONIC, &wall), cpu = since(CLOCK_PROCESS_CPUTIME_ID, &processor);

	getrusage(RUSAGE_SELF, &usage);
	printf("%.2f %.2f %ld\n", took, cpu, usage.ru_maxrss);
	bpf_object__close(object);
	return 0;
}
