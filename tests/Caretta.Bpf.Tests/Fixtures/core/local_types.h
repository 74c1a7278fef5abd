/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
 *
 * The types as the programs of access.bpf.c know them. The target_*.c files describe "kernels" that differ.
 */
#ifndef LOCAL_TYPES_H
#define LOCAL_TYPES_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;
typedef long long s64;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct point {
	s32 x;
	s32 y;
};

struct node {
	u64 id;
	u32 flags;
	struct point at;
	struct {
		u32 inner_first;
		union {
			u32 inner_word;
			u16 inner_half;
		};
	};
	u32 numbers[8];
	struct point corners[4];
	struct node *next;
	struct point tail[];
};

typedef struct {
	u64 first;
	u32 second;
} anonymous_t;

struct widths {
	u64 wide;
	u64 halved;
	u32 doubled;
	u8 grown;
	s32 negative;
	void *address;
	struct point place;
};

struct bits {
	u32 low: 3;
	u32 middle: 9;
	s32 below: 5;
	u32 straddling: 15;
	u8 plain;
};

struct far_bits {
	u64 far: 40;
};

struct twin {
	u32 same;
	u32 other;
};

struct pair {
	u32 left;
	u32 right;
};

/* Two ideas of what "struct versioned" looks like. */
struct versioned___old {
	u32 length;
};

struct versioned___new {
	u64 length_bytes;
};

union either {
	u32 word;
	u8 bytes[4];
};

struct absent {
	u32 nothing;
};

#pragma clang attribute pop

enum color {
	RED = 1,
	GREEN = 2,
	BLUE = 4,
};

enum temperature {
	FREEZING = -40,
	MILD = 18,
	GONE_BY_NOW = 90,
};

enum huge {
	TOP_BIT = 0x80000000U,
	SMALL_BIT = 1,
};

typedef int (*callback_t)(struct node *, u32);
typedef int (*other_callback_t)(struct node *);
typedef u32 identifier_t;

#endif
