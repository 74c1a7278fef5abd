/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
 *
 * The table in which the two ends of a connection leave each other their owners: open addressing over a fixed array. Every step is a
 * compare-and-swap on a slot's state, so that any number of CPUs may work on it and nobody waits for anybody.
 *
 * The two that search are global functions: the verifier walks through each once, not once for each call (5.12 takes their pointers).
 */
#ifndef CARETTA_HANDSHAKES_BPF_H
#define CARETTA_HANDSHAKES_BPF_H

#include "maps.bpf.h"

/* Both initial sequence numbers, the connecting end's first. Zero stands for none. */
static __always_inline __u64 handshake_numbers(__u32 connecting, __u32 accepting)
{
	return (__u64)connecting << 32 | accepting;
}

/* Initial sequence numbers are as good as random already (secure_tcp_seq). */
static __always_inline __u32 first_slot(__u64 numbers)
{
	return (__u32)numbers ^ (__u32)(numbers >> 32);
}

static __always_inline struct handshake *handshake_at(__u32 slot)
{
	slot &= HANDSHAKE_SLOTS - 1;
	return bpf_map_lookup_elem(&handshakes, &slot);
}

static __always_inline bool move_handshake(struct handshake *handshake, __u32 from, __u32 to)
{
	return __sync_val_compare_and_swap(&handshake->state, from, to) == from;
}

static __always_inline void free_handshake(struct handshake *handshake)
{
	handshake->numbers = 0;
	COUNT(dropped_handshakes, 1);
	__sync_lock_test_and_set(&handshake->state, HANDSHAKE_FREE);
}

/* Room is kept for handshakes under way: when half is in use, offers of silent connections do not stay. */
static __always_inline bool handshakes_crowded(void)
{
	return counters.offered_handshakes - counters.dropped_handshakes > HANDSHAKE_SLOTS / 2;
}

/* Leaves @owner under @numbers. Returns the slot, or -1 if there is none near. */
__noinline int put_handshake(__u64 numbers, const struct socket_owner *owner)
{
	__u32 slot = first_slot(numbers);
	struct handshake *handshake;
	int i;

	if (!owner)
		return -1;
	for (i = 0; i < HANDSHAKE_PROBES; i++, slot++) {
		handshake = handshake_at(slot);
		if (!handshake || *(volatile __u32 *)&handshake->state != HANDSHAKE_FREE)
			continue;
		if (!move_handshake(handshake, HANDSHAKE_FREE, HANDSHAKE_CLAIMED))
			continue;
		handshake->numbers = numbers;
		handshake->owner = *owner;
		COUNT(offered_handshakes, 1);
		__sync_lock_test_and_set(&handshake->state, HANDSHAKE_OFFERED);
		return slot & (HANDSHAKE_SLOTS - 1);
	}
	return -1;
}

/* Exchanges owners with the one who left its own under @numbers: @theirs for @ours. */
__noinline int exchange_handshake(__u64 numbers, const struct socket_owner *ours, struct socket_owner *theirs)
{
	__u32 slot = first_slot(numbers);
	struct handshake *handshake;
	int i;

	if (!ours || !theirs)
		return false;
	for (i = 0; i < HANDSHAKE_PROBES; i++, slot++) {
		handshake = handshake_at(slot);
		if (!handshake || *(volatile __u64 *)&handshake->numbers != numbers)
			continue;
		if (!move_handshake(handshake, HANDSHAKE_OFFERED, HANDSHAKE_TAKING))
			continue;
		if (*(volatile __u64 *)&handshake->numbers == numbers) {
			*theirs = handshake->owner;
			handshake->owner = *ours;
			if (!move_handshake(handshake, HANDSHAKE_TAKING, HANDSHAKE_MATCHED))
				free_handshake(handshake);
			return true;
		}
		/* Somebody else's by now: put it back. */
		if (!move_handshake(handshake, HANDSHAKE_TAKING, HANDSHAKE_OFFERED))
			free_handshake(handshake);
	}
	return false;
}

/* Copies the owner that the accepting end left in @slot for @numbers, if it did. Only the connecting end may ask, and frees it. */
static __always_inline bool read_handshake(__u32 slot, __u64 numbers, struct socket_owner *owner)
{
	struct handshake *handshake = handshake_at(slot);

	if (!handshake || *(volatile __u32 *)&handshake->state != HANDSHAKE_MATCHED)
		return false;
	load_barrier();
	*owner = handshake->owner;
	load_barrier();
	/* Freed meanwhile by another account of the same connection, it may be a stranger's: that account has settled the matter. */
	return *(volatile __u64 *)&handshake->numbers == numbers;
}

/* The connecting end has no more use for it. */
static __always_inline void drop_handshake(__u32 slot)
{
	struct handshake *handshake = handshake_at(slot);

	if (!handshake)
		return;
	if (move_handshake(handshake, HANDSHAKE_OFFERED, HANDSHAKE_CLAIMED) ||
	    move_handshake(handshake, HANDSHAKE_MATCHED, HANDSHAKE_CLAIMED)) {
		free_handshake(handshake);
		return;
	}
	/* The accepting end is at it this very moment: it frees the slot, or has just finished. */
	if (!move_handshake(handshake, HANDSHAKE_TAKING, HANDSHAKE_LEFT) &&
	    move_handshake(handshake, HANDSHAKE_MATCHED, HANDSHAKE_CLAIMED))
		free_handshake(handshake);
}

#endif
