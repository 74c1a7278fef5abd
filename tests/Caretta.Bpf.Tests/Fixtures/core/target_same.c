// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* A kernel that looks just as the programs expect. */
#include "local_types.h"

struct node *node;
anonymous_t *anonymous;
struct widths *widths;
struct bits *bits;
struct far_bits *far_bits;
struct twin *twin;
struct pair *pair;
struct versioned {
	u32 length;
} *versioned;
union either *either;
enum color color;
enum temperature temperature;
enum huge huge;
callback_t callback;
other_callback_t other_callback;
identifier_t identifier;
struct absent *absent;
