// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Every kind of relocation that compilers of this age emit, one theme per program. Only the relocated code matters: nobody runs it. */
#include "local_types.h"

#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/* Keeps a value alive and its instruction in place. */
#define USE(value) asm volatile("" : : "r"((u64)(value)))

SEC("raw_tp/loads")
int loads(u64 *ctx)
{
	struct node *node = (struct node *)ctx[0];

	USE(node->id);
	USE(node->flags);
	USE(node->at.y);
	USE(node->inner_word);
	USE(node->inner_half);
	USE(node->numbers[5]);
	USE(node->corners[2].y);
	USE(node->next);
	USE(node->tail[3].x);
	USE(node[1].flags);
	return 0;
}

SEC("raw_tp/stores")
int stores(u64 *ctx)
{
	struct node *node = (struct node *)ctx[0];

	node->id = ctx[1];
	node->flags = 7;
	node->at.x = ctx[1];
	node->inner_half = 9;
	return 0;
}

SEC("raw_tp/addresses")
int addresses(u64 *ctx)
{
	struct node *node = (struct node *)ctx[0];

	USE(&node->corners[3]);
	USE(&node->inner_half);
	USE(&node->tail[1].y);
	USE(&node[2].at);
	USE(&((anonymous_t *)ctx[1])->second);
	return 0;
}

SEC("raw_tp/existence")
int existence(u64 *ctx)
{
	USE(bpf_core_field_exists(struct node, flags));
	USE(bpf_core_field_exists(struct node, inner_half));
	USE(bpf_core_field_exists(struct node, numbers[7]));
	USE(bpf_core_field_exists(struct node, corners[3].x));
	USE(bpf_core_field_exists(struct absent, nothing));
	USE(bpf_core_field_exists(struct widths, place.x));
	USE(bpf_core_field_exists(struct far_bits, far));
	USE(bpf_core_field_exists(anonymous_t, second));
	return 0;
}

SEC("raw_tp/sizes")
int sizes(u64 *ctx)
{
	USE(bpf_core_field_size(struct node, id));
	USE(bpf_core_field_size(struct node, numbers));
	USE(bpf_core_field_size(struct node, numbers[1]));
	USE(bpf_core_field_size(struct node, corners[1]));
	USE(bpf_core_field_size(struct widths, grown));
	USE(bpf_core_field_size(struct widths, place));
	USE(bpf_core_type_size(struct node));
	USE(bpf_core_type_size(union either));
	USE(bpf_core_type_size(struct absent));
	USE(bpf_core_type_size(anonymous_t));
	return 0;
}

SEC("raw_tp/bitfields")
int bitfields(u64 *ctx)
{
	struct bits *bits = (struct bits *)ctx[0];

	USE(BPF_CORE_READ_BITFIELD(bits, low));
	USE(BPF_CORE_READ_BITFIELD(bits, middle));
	USE(BPF_CORE_READ_BITFIELD(bits, below));
	USE(BPF_CORE_READ_BITFIELD(bits, straddling));
	USE(BPF_CORE_READ_BITFIELD(bits, plain));
	USE(BPF_CORE_READ_BITFIELD((struct far_bits *)ctx[1], far));
	return 0;
}

SEC("raw_tp/signs")
int signs(u64 *ctx)
{
	USE(__builtin_preserve_field_info(((struct bits *)0)->below, BPF_FIELD_SIGNED));
	USE(__builtin_preserve_field_info(((struct bits *)0)->low, BPF_FIELD_SIGNED));
	USE(__builtin_preserve_field_info(((struct widths *)0)->negative, BPF_FIELD_SIGNED));
	USE(__builtin_preserve_field_info(((struct widths *)0)->wide, BPF_FIELD_SIGNED));
	return 0;
}

SEC("raw_tp/enumerations")
int enumerations(u64 *ctx)
{
	USE(bpf_core_enum_value(enum color, RED));
	USE(bpf_core_enum_value(enum color, BLUE));
	USE(bpf_core_enum_value_exists(enum color, GREEN));
	USE(bpf_core_enum_value(enum temperature, FREEZING));
	USE(bpf_core_enum_value_exists(enum temperature, GONE_BY_NOW));
	USE(bpf_core_enum_value(enum temperature, GONE_BY_NOW));
	USE(bpf_core_enum_value(enum huge, SMALL_BIT));
	return 0;
}

SEC("raw_tp/types")
int types(u64 *ctx)
{
	USE(bpf_core_type_exists(struct node));
	USE(bpf_core_type_exists(struct absent));
	USE(bpf_core_type_exists(union either));
	USE(bpf_core_type_exists(enum color));
	USE(bpf_core_type_exists(anonymous_t));
	USE(bpf_core_type_exists(callback_t));
	USE(bpf_core_type_exists(other_callback_t));
	USE(bpf_core_type_exists(identifier_t));
	USE(bpf_core_type_id_local(struct node));
	USE(bpf_core_type_id_kernel(struct node));
	USE(bpf_core_type_id_kernel(struct absent));
	return 0;
}

SEC("raw_tp/flavours")
int flavours(u64 *ctx)
{
	struct versioned___new *new = (struct versioned___new *)ctx[0];
	struct versioned___old *old = (struct versioned___old *)ctx[0];

	if (bpf_core_field_exists(new->length_bytes))
		USE(new->length_bytes);
	else
		USE(old->length);
	return 0;
}

SEC("raw_tp/resized")
int resized(u64 *ctx)
{
	struct widths *widths = (struct widths *)ctx[0];

	USE(widths->wide);
	USE(widths->halved);
	USE(widths->doubled);
	USE(widths->grown);
	USE(widths->address);
	return 0;
}

SEC("raw_tp/resized_signed")
int resized_signed(u64 *ctx)
{
	struct widths *widths = (struct widths *)ctx[0];

	USE(widths->negative);
	return 0;
}

SEC("raw_tp/twins")
int twins(u64 *ctx)
{
	struct twin *twin = (struct twin *)ctx[0];

	USE(twin->same);
	return 0;
}

SEC("raw_tp/pairs")
int pairs(u64 *ctx)
{
	struct pair *pair = (struct pair *)ctx[0];

	USE(pair->right);
	return 0;
}

SEC("raw_tp/pair_sizes")
int pair_sizes(u64 *ctx)
{
	USE(bpf_core_type_size(struct pair));
	return 0;
}

SEC("raw_tp/pair_exists")
int pair_exists(u64 *ctx)
{
	USE(bpf_core_field_exists(struct pair, left));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
