// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* A kernel with several types of one name, as flavours stand for here: some agree, some do not. */
typedef unsigned int u32;
typedef unsigned long long u64;

struct twin___first {
	u64 before;
	u32 same;
};

struct twin___second {
	void *before;
	u32 same;
	u32 other;
};

/* No candidate: the field is not there, so it has no say. */
struct twin___third {
	u32 different;
};

struct pair {
	u32 left;
	u32 right;
};

struct pair___other {
	u64 before;
	u32 left;
	u32 right;
};

struct node___not___this {
	u64 id;
};

struct node___this {
	u32 pad;
	u32 flags;
};

enum color___one {
	RED___one = 11,
	GREEN___one = 12,
};

enum color___two {
	RED___two = 11,
	GREEN___two = 13,
	BLUE___two = 14,
};

struct twin___first *twin_first;
struct twin___second *twin_second;
struct twin___third *twin_third;
struct pair *pair;
struct pair___other *pair_other;
struct node___not___this *node_not_this;
struct node___this *node_this;
enum color___one color_one;
enum color___two color_two;
