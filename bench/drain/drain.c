// SPDX-License-Identifier: MIT
/* drain ENTRIES: fills a map like the agent's link map and takes all entries in batches of 1024; prints the ms of the taking. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../bpf/caretta.h"

#define BATCH 1024

static struct link_key keys[BATCH];
static struct link_delta deltas[BATCH];

static double milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
	struct link_delta delta = { 1, 2, 3, 4, 5, 6 };
	uint32_t count, total = 0, wanted = argc > 1 ? atoi(argv[1]) : 0, i, address;
	struct link_key key = { .role = ROLE_CLIENT };
	char cursor[sizeof(key)];
	bool started = false;
	double from;
	int map = bpf_map_create(BPF_MAP_TYPE_HASH, "bench_links", sizeof(key), sizeof(delta), 131072, &options), error = 0;

	if (map < 0) {
		perror("map");
		return 1;
	}
	for (i = 0; i < wanted; i++) {
		address = __builtin_bswap32(0x0a800000 + i);
		memcpy(key.remote_address + 12, &address, sizeof(address));
		if (bpf_map_update_elem(map, &key, &delta, BPF_ANY)) {
			perror("update");
			return 1;
		}
	}
	from = milliseconds();
	while (!error) {
		count = BATCH;
		/* -ENOENT is the end, and comes with the last entries. */
		error = bpf_map_lookup_and_delete_batch(map, started ? cursor : NULL, cursor, keys, deltas, &count, NULL);
		if (error && error != -ENOENT) {
			fprintf(stderr, "take: %s\n", strerror(-error));
			return 1;
		}
		started = true;
		total += count;
	}
	printf("%.3f\n", milliseconds() - from);
	return total != wanted;
}
