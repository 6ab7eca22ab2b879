// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The instructions of an FDE, run once from begin to end, with what a row needs to know: the
 * CFA, the frame pointer, the return address. libdw runs them anew for each address, keeps a
 * table as long as the largest register number, and trusts .eh_frame_hdr: a small file can
 * take minutes and gigabytes. DWARF 5, 6.4.2. */
#include "unwind_internal.h"

#include <dwarf.h>
#include <string.h>

bool take_bytes(struct bytes *from, size_t size, uint64_t *value)
{
	*value = 0;
	if (size > (size_t)(from->end - from->at))
		return false;
	memcpy(value, from->at, size);
	from->at += size;
	return true;
}

bool take_uleb(struct bytes *from, uint64_t *value)
{
	*value = 0;
	for (unsigned int shift = 0; from->at < from->end; shift += 7) {
		uint8_t byte = *from->at++;
		if (shift < 64)
			*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

bool take_sleb(struct bytes *from, int64_t *value)
{
	const uint8_t *begin = from->at;
	uint64_t bits;
	if (!take_uleb(from, &bits))
		return false;
	size_t width = 7 * (size_t)(from->at - begin);
	if (width < 64 && from->at[-1] & 0x40)
		bits |= ~0ull << width;
	*value = (int64_t)bits;
	return true;
}

static bool take_block(struct bytes *from, struct bytes *block)
{
	uint64_t size;
	if (!take_uleb(from, &size) || size > (uint64_t)(from->end - from->at))
		return false;
	*block = (struct bytes){from->at, from->at + size};
	from->at += size;
	return true;
}

/* Only two registers are of interest. */
static void set_place(struct run *run, uint64_t reg, struct saved_place place)
{
	if (reg == REG_FP)
		run->now.fp = place;
	else if (reg == REG_RETURN)
		run->now.ra = place;
}

static void restore(struct run *run, uint64_t reg)
{
	if (reg == REG_FP)
		run->now.fp = run->initial.fp;
	else if (reg == REG_RETURN)
		run->now.ra = run->initial.ra;
}

/* A number of bytes, from one of data alignment units. */
static int64_t factored(const struct run *run, int64_t units)
{
	return (int64_t)((uint64_t)units * (uint64_t)run->cie->data_alignment);
}

/* The instructions whose first operand is a register. */
static bool step_register(struct run *run, uint8_t code, uint64_t reg)
{
	struct bytes *from = &run->left;
	struct saved_place place = {.kind = SAVED_ELSEWHERE};
	uint64_t number;
	int64_t units;
	switch (code) {
	case DW_CFA_offset:
	case DW_CFA_offset_extended:
		if (!take_uleb(from, &number))
			return false;
		place = (struct saved_place){.kind = SAVED_AT_CFA, .offset = factored(run, (int64_t)number)};
		break;
	case DW_CFA_offset_extended_sf:
		if (!take_sleb(from, &units))
			return false;
		place = (struct saved_place){.kind = SAVED_AT_CFA, .offset = factored(run, units)};
		break;
	case DW_CFA_GNU_negative_offset_extended:
		if (!take_uleb(from, &number))
			return false;
		place = (struct saved_place){.kind = SAVED_AT_CFA,
					     .offset = factored(run, (int64_t)(0 - number))};
		break;
	case DW_CFA_restore:
	case DW_CFA_restore_extended:
		restore(run, reg);
		return true;
	case DW_CFA_undefined:
		place.kind = SAVED_NOWHERE;
		break;
	case DW_CFA_same_value:
		place.kind = SAVED_SAME;
		break;
	case DW_CFA_expression:
		place.kind = SAVED_AT_EXPRESSION;
		if (!take_block(from, &place.expression))
			return false;
		break;
	case DW_CFA_val_expression:
		if (!take_block(from, &place.expression))
			return false;
		break;
	case DW_CFA_register:
	case DW_CFA_val_offset:
	case DW_CFA_val_offset_sf:
		if (!take_uleb(from, &number))
			return false;
		break;
	default:
		return false;
	}
	set_place(run, reg, place);
	return true;
}

/* The other ones that change rules. What comes after an expression without saying both
 * register and offset takes the missing one from before it, as all unwinders do. */
static bool step_rule(struct run *run, uint8_t code)
{
	struct bytes *from = &run->left;
	struct frame_rules *now = &run->now;
	uint64_t number;
	int64_t units;
	switch (code) {
	case DW_CFA_nop:
		return true;
	case DW_CFA_GNU_args_size:
		return take_uleb(from, &number);
	case DW_CFA_remember_state:
		if (run->depth == MOST_REMEMBERED)
			return false;
		run->remembered[run->depth++] = *now;
		return true;
	case DW_CFA_restore_state:
		if (!run->depth)
			return false;
		*now = run->remembered[--run->depth];
		return true;
	case DW_CFA_def_cfa_expression:
		now->cfa_is_expression = true;
		return take_block(from, &now->cfa_expression);
	case DW_CFA_def_cfa:
	case DW_CFA_def_cfa_sf:
	case DW_CFA_def_cfa_register:
		now->cfa_is_expression = false;
		if (!take_uleb(from, &now->cfa_register))
			return false;
		if (code == DW_CFA_def_cfa_register)
			return true;
		break;
	case DW_CFA_def_cfa_offset:
	case DW_CFA_def_cfa_offset_sf:
		now->cfa_is_expression = false;
		break;
	default:
		return take_uleb(from, &number) && step_register(run, code, number);
	}
	if (code == DW_CFA_def_cfa_sf || code == DW_CFA_def_cfa_offset_sf) {
		if (!take_sleb(from, &units))
			return false;
		now->cfa_offset = factored(run, units);
		return true;
	}
	if (!take_uleb(from, &number))
		return false;
	now->cfa_offset = (int64_t)number;
	return true;
}

/* Runs up to the next place in the code; false where there is none, or it is damaged. */
static bool run_on(struct run *run, uint64_t *to)
{
	struct bytes *from = &run->left;
	while (from->at < from->end) {
		uint8_t code = *from->at++;
		uint64_t distance = 0;
		bool fine = true;
		switch (code) {
		case DW_CFA_advance_loc1:
			fine = take_bytes(from, 1, &distance);
			break;
		case DW_CFA_advance_loc2:
			fine = take_bytes(from, 2, &distance);
			break;
		case DW_CFA_advance_loc4:
			fine = take_bytes(from, 4, &distance);
			break;
		default:
			if ((code & 0xc0) == DW_CFA_advance_loc) {
				distance = code & 0x3f;
				break;
			}
			fine = code & 0xc0 ? step_register(run, code & 0xc0, code & 0x3f)
					   : step_rule(run, code);
		}
		run->damaged = !fine;
		if (run->damaged)
			return false;
		if (distance) {
			/* It may be far beyond the end, but not come round. */
			if (__builtin_mul_overflow(distance, run->cie->code_alignment, &distance) ||
			    __builtin_add_overflow(run->end, distance, to))
				*to = UINT64_MAX;
			return true;
		}
	}
	return false;
}

void run_begin(struct run *run, const struct cie *cie, const struct fde *fde)
{
	uint64_t to;
	memset(run, 0, sizeof(*run));
	run->cie = cie;
	run->left = cie->instructions;
	run->last = fde->end;
	run->start = run->end = fde->start;
	if (run_on(run, &to)) /* a CIE describes no place */
		run->damaged = true;
	run->initial = run->now;
	run->depth = 0;
	run->left = run->damaged ? (struct bytes){NULL, NULL} : fde->instructions;
}

bool run_next(struct run *run)
{
	uint64_t to;
	run->start = run->end;
	if (run->start >= run->last)
		return false;
	if (!run_on(run, &to)) /* the last place, or damage: then nothing is known of the rest */
		to = run->last;
	run->end = to;
	return true;
}
