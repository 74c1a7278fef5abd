// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* A kernel where everything is there, but elsewhere, of another size, or nested differently. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;
typedef long long s64;

struct point {
	s64 padding;
	s32 y;
	s32 x;
};

/* Members that were plain are in anonymous structs and unions now, and the other way round. */
struct node {
	void *ops;
	union {
		struct {
			struct node *next;
			u64 id;
		};
		struct {
			u64 other_id;
			const volatile u32 flags;
		};
	};
	u16 inner_half;
	u32 inner_first;
	struct {
		u64 more;
		union {
			u8 inner_byte;
			u32 inner_word;
		};
	} __attribute__((packed));
	struct point corners[16];
	u32 numbers[6];
	struct point at;
	struct point tail[];
};

typedef struct {
	u32 third;
	u32 second;
	u64 first;
} anonymous_t;

struct widths {
	u8 pad;
	u32 halved;
	u64 doubled;
	u16 grown;
	s64 negative;
	u64 wide;
	void **address;
	struct {
		u64 x;
	} place;
};

struct bits {
	u64 before;
	u64 filler: 40;
	u32 low: 3;
	u64 straddling: 15;
	s64 below: 17;
	u8 middle: 5;
	u32 plain: 8;
};

struct far_bits {
	u64 near: 21;
	u64 far: 43;
};

struct twin {
	u32 other;
	u32 same;
};

struct pair {
	u32 middle;
	u32 left;
	u32 right;
};

struct versioned {
	u32 flags;
	u64 length_bytes;
};

union either {
	u32 word;
	u8 bytes[12];
};

enum color {
	BLACK,
	RED,
	GREEN,
	BLUE,
};

enum temperature {
	ABSOLUTE_ZERO = -273,
	FREEZING = -38,
	MILD = 20,
};

enum huge {
	SMALL_BIT = 16,
	TOP_BIT = 0x80000000U,
};

typedef int (*callback_t)(struct node *, u32);
typedef int (*other_callback_t)(struct node *, u32, u32);
typedef u64 identifier_t;

struct node *node;
anonymous_t *anonymous;
struct widths *widths;
struct bits *bits;
struct far_bits *far_bits;
struct twin *twin;
struct pair *pair;
struct versioned *versioned;
union either *either;
enum color color;
enum temperature temperature;
enum huge huge;
callback_t callback;
other_callback_t other_callback;
identifier_t identifier;
