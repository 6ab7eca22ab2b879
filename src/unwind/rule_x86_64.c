// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* From DWARF's rules to a row's, on x86-64. What compilers, linkers and the C library
 * really write is a handful of forms; all else is marked CT_ROW_ODD. */
#include "unwind_internal.h"

#include <dwarf.h>

enum { WORD = 8, NUMBER_MOST = (1 << 21) - 1 };

static uint32_t row_rule(enum ct_row_kind kind, uint32_t saved, int64_t number)
{
	return CT_ROW_RULE(CT_ROW(0, kind, saved, (uint64_t)number));
}

static bool in_words(int64_t offset, int64_t *words)
{
	*words = offset / WORD;
	return offset % WORD == 0 && *words <= NUMBER_MOST && *words >= -NUMBER_MOST;
}

/* `register + offset`. */
static bool take_register(struct bytes *from, uint64_t *reg, int64_t *offset)
{
	uint64_t operation;
	if (!take_bytes(from, 1, &operation))
		return false;
	*reg = operation - DW_OP_breg0;
	if (operation == DW_OP_bregx)
		return take_uleb(from, reg) && take_sleb(from, offset);
	return operation >= DW_OP_breg0 && operation <= DW_OP_breg31 && take_sleb(from, offset);
}

/* The linker's rule for its PLT: rsp + 8 + ((rip & 15) >= N) * 8, for there an entry has
 * pushed a word. */
static bool is_plt(struct bytes expression, int64_t *from)
{
	static const uint8_t form[] = {DW_OP_breg7, WORD,     DW_OP_breg16, 0,         DW_OP_lit15, DW_OP_and,
				       0,           DW_OP_ge, DW_OP_lit3,   DW_OP_shl, DW_OP_plus};
	enum { N = 6 };
	if (expression.end - expression.at != sizeof(form))
		return false;
	for (size_t i = 0; i < sizeof(form); i++)
		if (i != N && expression.at[i] != form[i])
			return false;
	*from = expression.at[N] - DW_OP_lit0;
	return *from >= 0 && *from < 16;
}

/* The rule for the frame pointer; false where a row cannot say it. */
static bool saved_frame_pointer(const struct saved_place *place, uint32_t *saved)
{
	struct bytes expression = place->expression;
	uint64_t reg;
	int64_t offset, words;
	*saved = CT_SAVED_NOT;
	switch (place->kind) {
	case SAVED_SAME:
	case SAVED_NOWHERE: /* outer frames do not need it then */
		return true;
	case SAVED_AT_CFA:
		if (!in_words(place->offset, &words) || words > -1 || words < -CT_SAVED_MOST)
			return false;
		*saved = (uint32_t)-words;
		return true;
	case SAVED_AT_EXPRESSION:
		*saved = CT_SAVED_AT_FP;
		return take_register(&expression, &reg, &offset) && expression.at == expression.end &&
		       reg == REG_FP && offset == 0;
	default:
		return false;
	}
}

static uint32_t rule_of_expression(struct bytes expression, uint32_t saved)
{
	const uint32_t odd = row_rule(CT_ROW_ODD, 0, 0);
	uint64_t reg, operation, added;
	int64_t offset, words;
	if (is_plt(expression, &words))
		return row_rule(CT_ROW_PLT, saved, words);
	if (!take_register(&expression, &reg, &offset) || !in_words(offset, &words) ||
	    (reg != REG_FP && reg != REG_SP))
		return odd;
	if (expression.at == expression.end)
		return row_rule(reg == REG_SP ? CT_ROW_SP : CT_ROW_FP, saved, words);
	if (!take_bytes(&expression, 1, &operation) || operation != DW_OP_deref)
		return odd;
	if (expression.at == expression.end)
		return reg == REG_FP ? row_rule(CT_ROW_DEREF_FP, saved, words) : odd;
	if (!take_bytes(&expression, 1, &operation) || operation != DW_OP_plus_uconst ||
	    !take_uleb(&expression, &added) || expression.at != expression.end)
		return odd;
	return reg == REG_SP && added == WORD ? row_rule(CT_ROW_DEREF_SP, saved, words) : odd;
}

uint32_t rule_of(const struct frame_rules *rules, bool signal)
{
	const uint32_t odd = row_rule(CT_ROW_ODD, 0, 0);
	uint32_t saved;
	int64_t words;
	if (rules->ra.kind == SAVED_NOWHERE)
		return row_rule(CT_ROW_END, 0, 0);
	if (signal)
		return row_rule(CT_ROW_SIGNAL, 0, 0);
	if (rules->ra.kind != SAVED_AT_CFA || rules->ra.offset != -WORD ||
	    !saved_frame_pointer(&rules->fp, &saved))
		return odd;
	if (rules->cfa_is_expression)
		return rule_of_expression(rules->cfa_expression, saved);
	if (!in_words(rules->cfa_offset, &words))
		return odd;
	if (rules->cfa_register == REG_SP)
		return row_rule(CT_ROW_SP, saved, words);
	return rules->cfa_register == REG_FP ? row_rule(CT_ROW_FP, saved, words) : odd;
}
