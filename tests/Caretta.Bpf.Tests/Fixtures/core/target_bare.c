// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* A kernel where nearly everything is missing, declared only, or something else of the same name. */
typedef unsigned int u32;
typedef unsigned long long u64;

struct point;

struct node {
	float id;
	struct point *at;
	u32 numbers;
	u32 tail[0];
	u32 end;
};

union bits {
	u32 low;
};

/* No load of 8 bytes covers this one. */
struct far_bits {
	u32 near: 30;
	u64 far: 40;
} __attribute__((packed));

struct widths {
	struct {
		u32 wide;
	} halved;
	u32 *doubled;
	int (*address)(void);
	enum {
		EMPTY,
	} grown;
};

struct either;
enum color;
enum temperature {
	MILD = 18,
};

struct node *node;
union bits *bits;
struct far_bits *far_bits;
struct widths *widths;
struct either *either;
enum temperature temperature;
struct versioned *versioned;
