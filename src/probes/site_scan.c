// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The choice of a probe's site, for any architecture; see captrack/site.h. What is asked
 * of each instruction is in site_internal.h. */
#include "site_internal.h"

#include <stdio.h>
#include <string.h>

enum { MAX_STEPS = 32 };

/* Which argument each place holds, whole; 0: none. */
struct tracking {
	uint8_t argument[SITE_PLACES];
	uint8_t tested; /* the flags are those of this argument against 0 */
};

static void tracking_init(struct tracking *tracking)
{
	memset(tracking, 0, sizeof(*tracking));
	for (uint8_t n = 1; n <= SITE_ARGUMENTS; n++)
		tracking->argument[n] = n;
}

static void tracking_step(struct tracking *tracking, const struct site_step *step)
{
	uint8_t copied = tracking->argument[step->copies];
	if (!step->keeps_flags)
		tracking->tested = tracking->argument[step->tests];
	for (unsigned int place = 1; place < SITE_PLACES; place++)
		if (step->writes & 1u << place)
			tracking->argument[place] = 0;
	if (step->into)
		tracking->argument[step->into] = copied;
}

static unsigned int find_argument(const struct tracking *tracking, unsigned int argument)
{
	unsigned int place = 1;
	while (place < SITE_PLACES && tracking->argument[place] != argument)
		place++;
	return place < SITE_PLACES ? place : 0;
}

/* Notes where the arguments are. False where one that is needed is gone. */
static bool find_arguments(const struct tracking *tracking, uint16_t needed, uint8_t *places)
{
	for (unsigned int argument = 1; argument <= SITE_ARGUMENTS; argument++) {
		places[argument] = 0;
		if (!(needed & 1u << argument))
			continue;
		places[argument] = (uint8_t)find_argument(tracking, argument);
		if (!places[argument])
			return false;
	}
	return true;
}

static void note_site(const struct site_function *function, const cs_insn *instruction, struct site *out)
{
	out->offset = (uint32_t)(instruction->address - function->address);
	snprintf(out->text, sizeof(out->text), "%.15s%s%.40s", instruction->mnemonic,
		 instruction->op_str[0] ? " " : "", instruction->op_str);
}

/* Looks for the site over straight-line code. A NULL check that lets all calls that matter
 * go on (`test ptr, ptr; je`) is passed: then calls with NULL cost nothing. */
static enum site_why scan(csh decoder, cs_insn *instruction, const struct site_function *function,
			  struct site *out)
{
	const uint8_t *code = function->code;
	size_t left = function->size;
	uint64_t address = function->address;
	enum site_why found = SITE_TOO_FAR;
	struct tracking tracking;
	tracking_init(&tracking);
	for (int i = 0; i < MAX_STEPS; i++) {
		struct site_step step;
		uint8_t places[SITE_ARGUMENTS + 1] = {0};
		/* What was found before a NULL check is good, whatever comes after it. */
		if (!find_arguments(&tracking, function->arguments, places))
			return found == SITE_EMULATED ? found : SITE_ARGUMENT_LOST;
		if (!cs_disasm_iter(decoder, &code, &left, &address, instruction))
			return found == SITE_EMULATED || !left ? found : SITE_UNKNOWN_CODE;
		site_arch_step(instruction, &step);
		if (step.emulated) {
			found = SITE_EMULATED;
			out->emulated = true;
			memcpy(out->place, places, sizeof(places));
			note_site(function, instruction, out);
			bool only_null = step.flow == SITE_BRANCHES && step.branches_on_zero &&
					 function->may_be_null && tracking.tested == function->may_be_null;
			if (!only_null)
				return found;
		} else if (found != SITE_EMULATED) {
			if (step.flow == SITE_UNKNOWN)
				return SITE_UNKNOWN_CODE;
			if (step.moves_frame)
				return SITE_FRAME_MOVES;
			if (step.flow != SITE_GOES_ON)
				return SITE_LEAVES;
		} else if (step.moves_frame || step.flow != SITE_GOES_ON) {
			return found;
		}
		tracking_step(&tracking, &step);
	}
	return found;
}

/* Does a jump or call inside the function lead behind its entry, up to the site? Then one call could
 * pass the site twice. (A jump to the entry itself is as good as a call.) The targets of
 * indirect jumps are not known; the tables of a switch do not lead to where a function begins. */
static bool is_jumped_to(csh decoder, cs_insn *instruction, const struct site_function *function,
			 uint32_t offset)
{
	const uint8_t *code = function->code;
	size_t left = function->size;
	uint64_t address = function->address;
	while (left) {
		struct site_step step;
		if (!cs_disasm_iter(decoder, &code, &left, &address, instruction)) {
			code++; /* data, or an instruction that the decoder does not know */
			left--;
			address++;
			continue;
		}
		site_arch_step(instruction, &step);
		uint64_t inside = step.target - function->address;
		if (step.has_target && inside > 0 && inside <= offset)
			return true;
	}
	return false;
}

static void entry_with(csh decoder, cs_insn *instruction, const struct site_function *function,
		       enum site_why why, struct site *out)
{
	const uint8_t *code = function->code;
	size_t left = function->size;
	uint64_t address = function->address;
	*out = (struct site){.why = why};
	for (uint8_t n = 1; n <= SITE_ARGUMENTS; n++)
		if (function->arguments & 1u << n)
			out->place[n] = n;
	if (instruction && left && cs_disasm_iter(decoder, &code, &left, &address, instruction)) {
		struct site_step step;
		site_arch_step(instruction, &step);
		out->emulated = step.emulated;
		note_site(function, instruction, out);
	}
}

static void choose(const struct site_function *function, enum site_why forced, struct site *out)
{
	csh decoder = site_arch_open();
	cs_insn *instruction = decoder ? cs_malloc(decoder) : NULL;
	enum site_why why = forced;
	*out = (struct site){0};
	if (why == SITE_EMULATED && (!instruction || !function->size))
		why = SITE_NO_CODE;
	if (why == SITE_EMULATED)
		why = scan(decoder, instruction, function, out);
	if (why == SITE_EMULATED && is_jumped_to(decoder, instruction, function, out->offset))
		why = SITE_JUMPED_TO;
	if (why != SITE_EMULATED)
		entry_with(decoder, instruction, function, why, out);
	if (instruction)
		cs_free(instruction, 1);
	if (decoder)
		cs_close(&decoder);
}

void site_choose(const struct site_function *function, struct site *out)
{
	choose(function, SITE_EMULATED, out);
}

void site_entry(const struct site_function *function, enum site_why why, struct site *out)
{
	choose(function, why, out);
}

const char *site_why_text(enum site_why why)
{
	static const char *const texts[SITE_WHYS] = {
		[SITE_EMULATED] = "the first emulated instruction",
		[SITE_FRAME_MOVES] = "the stack pointer changes before one is emulated",
		[SITE_ARGUMENT_LOST] = "an argument is overwritten before one is emulated",
		[SITE_LEAVES] = "the function may leave before one is emulated",
		[SITE_UNKNOWN_CODE] = "one is not understood before one is emulated",
		[SITE_TOO_FAR] = "none is emulated near",
		[SITE_JUMPED_TO] = "a jump leads back to the first emulated one",
		[SITE_NO_CODE] = "the size or code of the function is not known",
		[SITE_FORCED] = "CAPTRACK_SITES=entry is set",
	};
	return why < SITE_WHYS ? texts[why] : "?";
}

const char *site_place_name(unsigned int place)
{
	const char *name = site_arch_place(place);
	return name ? name : "?";
}
