// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* From DWARF's rules to a row's, on x86-64. What compilers, linkers and the C library
 * really write is a handful of forms; all else is marked CT_ROW_ODD. */
#include "unwind_internal.h"

#include <dwarf.h>

enum { REG_FP = 6, REG_SP = 7, REG_RETURN = 16 };

enum { WORD = 8, NUMBER_MOST = (1 << 21) - 1 };

static uint32_t row_rule(enum ct_row_kind kind, uint32_t saved, int64_t number)
{
	return CT_ROW_RULE(CT_ROW(0, kind, saved, (uint64_t)number));
}

/* `register + offset`. */
static bool is_register(const Dwarf_Op *op, unsigned int *reg, int64_t *offset)
{
	if (op->atom == DW_OP_bregx) {
		*reg = (unsigned int)op->number;
		*offset = (int64_t)op->number2;
		return op->number < 32;
	}
	*reg = (unsigned int)op->atom - DW_OP_breg0;
	*offset = (int64_t)op->number;
	return op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31;
}

static bool in_words(int64_t offset, int64_t *words)
{
	*words = offset / WORD;
	return offset % WORD == 0 && *words <= NUMBER_MOST && *words >= -NUMBER_MOST;
}

/* The linker's rule for its PLT: rsp + 8 + ((rip & 15) >= N) * 8, for there an entry has
 * pushed a word. */
static bool is_plt(const Dwarf_Op *ops, size_t count, int64_t *from)
{
	static const uint8_t atoms[] = {DW_OP_breg7, DW_OP_breg16, DW_OP_lit15, DW_OP_and,
					0,           DW_OP_ge,     DW_OP_lit3,  DW_OP_shl, DW_OP_plus};
	if (count != sizeof(atoms) || ops[0].number != WORD || ops[1].number != 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (atoms[i] && ops[i].atom != atoms[i])
			return false;
	*from = ops[4].atom - DW_OP_lit0;
	return *from >= 0 && *from < 16;
}

/* Where the caller's value of a register is, as offset from the CFA. */
static bool saved_at_cfa(const Dwarf_Op *ops, size_t count, int64_t *offset)
{
	*offset = 0;
	if (!count || ops[0].atom != DW_OP_call_frame_cfa)
		return false;
	if (count == 2 && ops[1].atom == DW_OP_plus_uconst)
		*offset = (int64_t)ops[1].number;
	return count == 1 || (count == 2 && ops[1].atom == DW_OP_plus_uconst);
}

/* The rule for the frame pointer; false where a row cannot say it. */
static bool saved_frame_pointer(Dwarf_Frame *frame, uint32_t *saved)
{
	Dwarf_Op memory[3], *ops;
	size_t count;
	unsigned int reg;
	int64_t offset, words;
	if (dwarf_frame_register(frame, REG_FP, memory, &ops, &count))
		return false;
	*saved = CT_SAVED_NOT;
	if (!count) /* unchanged; or undefined: outer frames do not need it then */
		return true;
	if (saved_at_cfa(ops, count, &offset) && in_words(-offset, &words) && words >= 1 &&
	    words <= CT_SAVED_MOST) {
		*saved = (uint32_t)words;
		return true;
	}
	*saved = CT_SAVED_AT_FP;
	return count == 1 && is_register(&ops[0], &reg, &offset) && reg == REG_FP && offset == 0;
}

enum return_place { RETURN_BELOW_CFA, RETURN_NONE, RETURN_ELSEWHERE };

static enum return_place return_place(Dwarf_Frame *frame)
{
	Dwarf_Op memory[3], *ops;
	size_t count;
	int64_t offset;
	if (dwarf_frame_register(frame, REG_RETURN, memory, &ops, &count))
		return RETURN_ELSEWHERE;
	if (!count)
		return ops == memory ? RETURN_NONE : RETURN_ELSEWHERE;
	return saved_at_cfa(ops, count, &offset) && offset == -WORD ? RETURN_BELOW_CFA : RETURN_ELSEWHERE;
}

uint32_t rule_of(Dwarf_Frame *frame, bool signal)
{
	const uint32_t odd = row_rule(CT_ROW_ODD, 0, 0);
	Dwarf_Op *ops;
	size_t count;
	unsigned int reg;
	uint32_t saved;
	int64_t offset, words;
	enum return_place place = return_place(frame);
	if (place == RETURN_NONE)
		return row_rule(CT_ROW_END, 0, 0);
	if (signal)
		return row_rule(CT_ROW_SIGNAL, 0, 0);
	if (place != RETURN_BELOW_CFA || dwarf_frame_cfa(frame, &ops, &count) || !count ||
	    !saved_frame_pointer(frame, &saved))
		return odd;
	if (is_plt(ops, count, &words))
		return row_rule(CT_ROW_PLT, saved, words);
	if (!is_register(&ops[0], &reg, &offset) || !in_words(offset, &words) ||
	    (reg != REG_FP && reg != REG_SP))
		return odd;
	if (count == 1)
		return row_rule(reg == REG_SP ? CT_ROW_SP : CT_ROW_FP, saved, words);
	if (count == 2 && ops[1].atom == DW_OP_deref && reg == REG_FP)
		return row_rule(CT_ROW_DEREF_FP, saved, words);
	if (count == 3 && ops[1].atom == DW_OP_deref && reg == REG_SP && ops[2].atom == DW_OP_plus_uconst &&
	    ops[2].number == WORD)
		return row_rule(CT_ROW_DEREF_SP, saved, words);
	return odd;
}
