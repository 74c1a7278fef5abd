/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
 *
 * The maps in which links wait to be drained, the same in all tiers. Needs COUNT with a counter added_links.
 */
#ifndef CARETTA_LINKS_BPF_H
#define CARETTA_LINKS_BPF_H

#include "caretta.h"

/* Memory follows the work where the kernel lets it. */
#ifndef LINK_MAP_FLAGS
#define LINK_MAP_FLAGS BPF_F_NO_PREALLOC
#endif

/* Link -> what happened since the last drain. Emptied and, when it runs full, enlarged by the agent. */
struct link_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, LINK_MAP_FLAGS);
	__uint(max_entries, 16384);
	__type(key, struct link_key);
	__type(value, struct link_delta);
};

struct link_map links_a SEC(".maps"), links_b SEC(".maps");

/* Which of the two is written now; the other is being drained. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct link_map);
} active_links SEC(".maps") = {
	.values = { &links_a },
};

static __always_inline struct link_delta *find_or_add_link(const struct link_key *link)
{
	struct link_delta *delta, empty = {};
	__u32 zero = 0;
	void *links;

	links = bpf_map_lookup_elem(&active_links, &zero);
	if (!links)
		return NULL;
	delta = bpf_map_lookup_elem(links, link);
	if (delta)
		return delta;
	/* Another CPU may add it first: that is as good. */
	if (!bpf_map_update_elem(links, link, &empty, BPF_NOEXIST))
		COUNT(added_links, 1);
	return bpf_map_lookup_elem(links, link);
}

#endif
