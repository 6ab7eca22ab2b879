// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* At which instruction of a function its probe sits: real allocators' code, code made up to
 * break each rule, and bytes at random. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "captrack/site.h"
#include "site_code.h"

enum { ENTRY = 0x401230, MOST = 256 };

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static size_t parse_hex(const char *text, uint8_t *out)
{
	size_t size = 0;
	char *end;
	for (; *text; text = end) {
		assert_true(size < MOST);
		out[size++] = (uint8_t)strtoul(text, &end, 16);
		assert_ptr_not_equal(end, text);
	}
	return size;
}

/* "1 3" as bits. */
static uint16_t parse_arguments(const char *text)
{
	uint16_t bits = 0;
	for (; *text; text++)
		if (*text != ' ')
			bits |= (uint16_t)(1u << (*text - '0'));
	return bits;
}

/* The registers of the arguments asked for, in their order. */
static const char *places(const struct site *site, char out[64])
{
	size_t length = 0;
	out[0] = '\0';
	for (int n = 1; n <= SITE_ARGUMENTS; n++)
		if (site->place[n])
			length += (size_t)snprintf(out + length, 64 - length, "%s%s", length ? " " : "",
						   site_place_name(site->place[n]));
	return out;
}

static void expect_site(const struct known_code *known, const struct site *site, unsigned int offset)
{
	char text[64];
	places(site, text);
	if (site->offset != offset || site->why != known->why || strcmp(text, known->places))
		fail_msg("%s (%s): +%u, %s, in %s; must be +%u, %s, in %s", known->name, known->assembly,
			 site->offset, site_why_text(site->why), text, offset, site_why_text(known->why),
			 known->places);
	if (known->why == SITE_EMULATED)
		assert_true(site->emulated);
}

static void choose(const char *code, const char *arguments, uint8_t may_be_null, struct site *out)
{
	uint8_t bytes[MOST];
	const struct site_function function = {
		.code = bytes,
		.size = parse_hex(code, bytes),
		.address = ENTRY,
		.arguments = parse_arguments(arguments),
		.may_be_null = may_be_null,
	};
	site_choose(&function, out);
}

static void test_known_allocators(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(known_codes); i++) {
		const struct known_code *known = &known_codes[i];
		struct site site;
		choose(known->code, known->arguments, known->may_be_null, &site);
		expect_site(known, &site, known->offset);
	}
}

/* As built with -fcf-protection: endbr64 comes first, and must be single-stepped. (Debian's glibc
 * is built without; Ubuntu's has it.) */
static void test_known_allocators_behind_endbr64(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(known_codes); i++) {
		const struct known_code *known = &known_codes[i];
		char code[4 * MOST];
		struct site site;
		snprintf(code, sizeof(code), "f3 0f 1e fa %s", known->code);
		choose(code, known->arguments, known->may_be_null, &site);
		expect_site(known, &site, known->why == SITE_EMULATED ? known->offset + 4 : 0);
		if (known->why != SITE_EMULATED)
			assert_false(site.emulated);
	}
}

/* Argument 1 alone is needed, and for `null` 1 it may be NULL. */
static const struct known_code rules[] = {
	/* Where arguments go. */
	{"copied", "mov r10, rdi; xor edi, edi; push rbx", "49 89 fa 31 ff 53", "1", 0, 5, SITE_EMULATED,
	 "r10"},
	{"copied back", "mov rax, rdi; xor edi, edi; mov rdi, rax; xor eax, eax; push rbx",
	 "48 89 f8 31 ff 48 89 c7 31 c0 53", "1", 0, 10, SITE_EMULATED, "rdi"},
	{"two changed about", "mov rax, rdi; mov rdi, rsi; mov rsi, rax; push rbx",
	 "48 89 f8 48 89 f7 48 89 c6 53", "1 2", 0, 9, SITE_EMULATED, "rsi rdi"},
	{"in r15", "mov r15, rdi; lea rdi, [rsi+rsi]; push rbx", "49 89 ff 48 8d 3c 36 53", "1", 0, 7,
	 SITE_EMULATED, "r15"},
	{"the sixth", "mov rdi, r9; push rbx", "4c 89 cf 53", "6", 0, 3, SITE_EMULATED, "rdi"},
	{"other arguments do not matter", "xor edi, edi; push rbx", "31 ff 53", "2", 0, 2, SITE_EMULATED,
	 "rsi"},
	{"overwritten", "xor edi, edi; push rbx", "31 ff 53", "1", 0, 0, SITE_ARGUMENT_LOST, "rdi"},
	{"cut to 32 bits", "mov edi, edi; push rbx", "89 ff 53", "1", 0, 0, SITE_ARGUMENT_LOST, "rdi"},
	{"a part of it", "mov dil, 1; push rbx", "40 b7 01 53", "1", 0, 0, SITE_ARGUMENT_LOST, "rdi"},
	{"a high byte", "mov dh, 1; push rbx", "b6 01 53", "3", 0, 0, SITE_ARGUMENT_LOST, "rdx"},
	{"a copy of a part", "mov eax, edi; xor edi, edi; push rbx", "89 f8 31 ff 53", "1", 0, 0,
	 SITE_ARGUMENT_LOST, "rdi"},
	{"the copy is overwritten too", "mov rax, rdi; xor edi, edi; setne al; push rbx",
	 "48 89 f8 31 ff 0f 95 c0 53", "1", 0, 0, SITE_ARGUMENT_LOST, "rdi"},
	{"perhaps overwritten", "cmovne rdi, rsi; push rbx", "48 0f 45 fe 53", "1", 0, 0, SITE_ARGUMENT_LOST,
	 "rdi"},
	{"by a product", "mul rsi; push rbx", "48 f7 e6 53", "3", 0, 0, SITE_ARGUMENT_LOST, "rdx"},
	{"by a sign", "cqo; push rbx", "48 99 53", "3", 0, 0, SITE_ARGUMENT_LOST, "rdx"},
	{"by a product of two", "imul rdi, rsi; push rbx", "48 0f af fe 53", "1", 0, 0, SITE_ARGUMENT_LOST,
	 "rdi"},
	/* The stack as at entry. */
	{"sub rsp", "sub rsp, 8; push rbx", "48 83 ec 08 53", "1", 0, 0, SITE_FRAME_MOVES, "rdi"},
	{"pop", "pop rax; push rbx", "58 53", "1", 0, 0, SITE_FRAME_MOVES, "rdi"},
	{"another stack", "mov rsp, rax; push rbx", "48 89 c4 53", "1", 0, 0, SITE_FRAME_MOVES, "rdi"},
	{"the frame pointer", "mov rbp, rsp; push rbx", "48 89 e5 53", "1", 0, 0, SITE_FRAME_MOVES, "rdi"},
	{"a push that is stepped", "push [rdi]; push rbx", "ff 37 53", "1", 0, 0, SITE_FRAME_MOVES, "rdi"},
	/* What ends the search. */
	{"return", "ret; push rbx", "c3 53", "1", 0, 0, SITE_LEAVES, "rdi"},
	{"jump by register", "jmp rax; push rbx", "ff e0 53", "1", 0, 0, SITE_LEAVES, "rdi"},
	{"call by register", "call rax; push rbx", "ff d0 53", "1", 0, 0, SITE_LEAVES, "rdi"},
	{"jrcxz", "jrcxz +1; push rbx", "e3 01 53", "1", 0, 0, SITE_LEAVES, "rdi"},
	{"int3", "int3; push rbx", "cc 53", "1", 0, 0, SITE_UNKNOWN_CODE, "rdi"},
	{"hlt", "hlt; push rbx", "f4 53", "1", 0, 0, SITE_UNKNOWN_CODE, "rdi"},
	{"syscall", "syscall; push rbx", "0f 05 53", "1", 0, 0, SITE_UNKNOWN_CODE, "rdi"},
	{"lock", "lock add [rdi], eax; push rbx", "f0 01 07 53", "1", 0, 0, SITE_UNKNOWN_CODE, "rdi"},
	{"xchg", "xchg [rdi], rax; push rbx", "48 87 07 53", "1", 0, 0, SITE_UNKNOWN_CODE, "rdi"},
	{"string copy", "rep movsb; push rbx", "f3 a4 53", "1", 0, 0, SITE_UNKNOWN_CODE, "rdi"},
	{"no instruction", "(bad); push rbx", "06 53", "1", 0, 0, SITE_UNKNOWN_CODE, "rdi"},
	{"cut short", "mov rax, ...", "48 8b 05", "1", 0, 0, SITE_UNKNOWN_CODE, "rdi"},
	{"no code left", "mov rax, rdi", "48 89 f8", "1", 0, 0, SITE_TOO_FAR, "rdi"},
	{"no code", "", "", "1", 0, 0, SITE_NO_CODE, "rdi"},
	/* Passed once. */
	{"a loop to the site", "mov rax, rdi; push rbx; pop rbx; jmp site", "48 89 f8 53 5b eb fc", "1", 0, 0,
	 SITE_JUMPED_TO, "rdi"},
	{"a loop to before it", "mov rax, rdi; mov rcx, rsi; push rbx; pop rbx; jne +3",
	 "48 89 f8 48 89 f1 53 5b 75 f9", "1", 0, 0, SITE_JUMPED_TO, "rdi"},
	{"the same behind data", "mov rax, rdi; push rbx; pop rbx; ret; (bad); jmp site",
	 "48 89 f8 53 5b c3 06 eb fa", "1", 0, 0, SITE_JUMPED_TO, "rdi"},
	{"a loop to the entry", "mov rax, rdi; push rbx; pop rbx; jmp entry", "48 89 f8 53 5b eb f9", "1", 0,
	 3, SITE_EMULATED, "rdi"},
	{"a loop behind the site", "mov rax, rdi; push rbx; nop; jmp nop", "48 89 f8 53 90 eb fd", "1", 0, 3,
	 SITE_EMULATED, "rdi"},
	{"a call of itself", "mov rax, rdi; push rbx; call entry", "48 89 f8 53 e8 f7 ff ff ff", "1", 0, 3,
	 SITE_EMULATED, "rdi"},
	/* A check for NULL. */
	{"free", "test rdi, rdi; je; push rbx", "48 85 ff 74 20 53", "1", 1, 5, SITE_EMULATED, "rdi"},
	{"not free", "test rdi, rdi; je; push rbx", "48 85 ff 74 20 53", "1", 0, 3, SITE_EMULATED, "rdi"},
	{"cmp", "cmp rdi, 0; je; push rbx", "48 83 ff 00 74 20 53", "1", 1, 6, SITE_EMULATED, "rdi"},
	{"of a copy", "mov rax, rdi; test rax, rax; je; push rbx", "48 89 f8 48 85 c0 74 20 53", "1", 1, 8,
	 SITE_EMULATED, "rdi"},
	{"flags kept", "test rdi, rdi; lea rax, [rdi-16]; je; push rbx", "48 85 ff 48 8d 47 f0 74 20 53", "1",
	 1, 9, SITE_EMULATED, "rdi"},
	{"flags lost", "test rdi, rdi; add rax, 1; je; push rbx", "48 85 ff 48 83 c0 01 74 20 53", "1", 1, 7,
	 SITE_EMULATED, "rdi"},
	{"the other way", "test rdi, rdi; jne; push rbx", "48 85 ff 75 20 53", "1", 1, 3, SITE_EMULATED,
	 "rdi"},
	{"half of it", "test edi, edi; je; push rbx", "85 ff 74 20 53", "1", 1, 2, SITE_EMULATED, "rdi"},
	{"against 1", "cmp rdi, 1; je; push rbx", "48 83 ff 01 74 20 53", "1", 1, 4, SITE_EMULATED, "rdi"},
	{"another argument", "test rsi, rsi; je; push rbx", "48 85 f6 74 20 53", "1", 1, 3, SITE_EMULATED,
	 "rdi"},
	{"both arguments", "test rdi, rsi; je; push rbx", "48 85 f7 74 20 53", "1", 1, 3, SITE_EMULATED,
	 "rdi"},
	{"stack moved behind it", "test rdi, rdi; je; sub rsp, 8; push rbx", "48 85 ff 74 20 48 83 ec 08 53",
	 "1", 1, 3, SITE_EMULATED, "rdi"},
	{"return behind it", "test rdi, rdi; je; ret; push rbx", "48 85 ff 74 20 c3 53", "1", 1, 3,
	 SITE_EMULATED, "rdi"},
	{"unknown behind it", "test rdi, rdi; je; int3; push rbx", "48 85 ff 74 20 cc 53", "1", 1, 3,
	 SITE_EMULATED, "rdi"},
	{"nothing better behind it", "test rdi, rdi; je; sub rsp, 8", "48 85 ff 74 20 48 83 ec 08", "1", 1, 3,
	 SITE_EMULATED, "rdi"},
	{"pointer lost behind it", "test rdi, rdi; je; xor edi, edi; push rbx", "48 85 ff 74 20 31 ff 53",
	 "1", 1, 3, SITE_EMULATED, "rdi"},
	{"the end behind it", "test rdi, rdi; je; ret", "48 85 ff 74 20 c3", "1", 1, 3, SITE_EMULATED, "rdi"},
	{"moved behind it", "test rdi, rdi; je; mov rsi, rdi; xor edi, edi; jmp",
	 "48 85 ff 74 20 48 89 fe 31 ff eb 20", "1", 1, 10, SITE_EMULATED, "rsi"},
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rules); i++) {
		struct site site;
		choose(rules[i].code, rules[i].arguments, rules[i].may_be_null, &site);
		expect_site(&rules[i], &site, rules[i].offset);
	}
}

/* The list of arch/x86/kernel/uprobes.c, one instruction each: with all registers and
 * conditions, and the forms that look like them and are single-stepped or refused (nops of
 * several bytes: newer kernels emulate them, 6.1 does not). */
static void test_what_the_kernel_emulates(void **state)
{
	static const char *const emulated[] = {"90", "e8 00 01 00 00", "e9 00 01 00 00", "eb 10"};
	static const char *const stepped[] = {
		"f3 0f 1e fa",       /* endbr64 */
		"0f 1f 44 00 00",    /* nop of 5 bytes */
		"0f 1f 00",          /* of 3 */
		"66 90",             /* of 2: older kernels refuse it */
		"f3 90",             /* pause */
		"41 90",             /* xchg r8, rax */
		"66 50",             /* push ax */
		"48 50",             /* push rax with REX.W */
		"6a 01",             /* push 1 */
		"0f a0",             /* push fs */
		"9c",                /* pushf */
		"c8 10 00 00",       /* enter */
		"f2 e9 00 01 00 00", /* bnd jmp */
		"3e 74 10",          /* je, hinted */
		"66 74 10",          /* je of 16 bits */
		"e3 10",             /* jrcxz */
		"e2 10",             /* loop */
		"ff e0",             /* jmp rax */
		"ff 25 00 01 00 00", /* jmp [rip+256] */
		"c3",                /* ret */
		"c9",                /* leave */
	};
	struct site site;
	char code[32];
	(void)state;
	for (size_t i = 0; i < COUNT(emulated); i++) {
		choose(emulated[i], "1", 0, &site);
		assert_true(site.emulated && site.why == SITE_EMULATED && site.offset == 0);
	}
	for (unsigned int n = 0; n < 8; n++) {
		snprintf(code, sizeof(code), "%x", 0x50 + n);
		choose(code, "1", 0, &site);
		assert_true(site.emulated);
		snprintf(code, sizeof(code), "41 %x", 0x50 + n);
		choose(code, "1", 0, &site);
		assert_true(site.emulated);
	}
	for (unsigned int n = 0; n < 16; n++) {
		snprintf(code, sizeof(code), "%x 10", 0x70 + n);
		choose(code, "1", 0, &site);
		assert_true(site.emulated);
		snprintf(code, sizeof(code), "0f %x 00 01 00 00", 0x80 + n);
		choose(code, "1", 0, &site);
		assert_true(site.emulated);
	}
	for (size_t i = 0; i < COUNT(stepped); i++) {
		choose(stepped[i], "1", 0, &site);
		if (site.emulated || site.why == SITE_EMULATED)
			fail_msg("%s (%s) is not emulated", stepped[i], site.text);
	}
}

static void test_the_instruction_as_text(void **state)
{
	struct site site;
	(void)state;
	choose("f3 0f 1e fa 48 85 ff 74 20 41 57", "1", 1, &site);
	assert_string_equal(site.text, "push r15");
	choose("48 89 f0 48 f7 e2", "1 2 3", 0, &site);
	assert_string_equal(site.text, "mov rax, rsi");
	choose("06", "1", 0, &site);
	assert_string_equal(site.text, "");
	choose("74 20", "1", 0, &site);
	assert_string_equal(site.text, "je 0x401252"); /* ENTRY + 2 + 0x20 */
}

static void test_entry_on_demand(void **state)
{
	static const uint8_t code[] = {0x48, 0x85, 0xff, 0x74, 0x20, 0x53};
	const struct site_function function = {
		.code = code, .size = sizeof(code), .address = ENTRY, .arguments = 1u << 1 | 1u << 3};
	struct site site;
	char text[64];
	(void)state;
	site_entry(&function, SITE_FORCED, &site);
	assert_true(site.offset == 0 && !site.emulated && site.why == SITE_FORCED);
	assert_string_equal(site.text, "test rdi, rdi");
	assert_string_equal(places(&site, text), "rdi rdx");
}

static void test_every_reason_has_its_words(void **state)
{
	(void)state;
	for (int why = 0; why < SITE_WHYS; why++)
		assert_true(strlen(site_why_text((enum site_why)why)) > 10);
	assert_string_equal(site_why_text(SITE_WHYS), "?");
	for (unsigned int place = 1; place < SITE_PLACES; place++)
		assert_string_not_equal(site_place_name(place), "?");
	assert_string_equal(site_place_name(0), "?");
	assert_string_equal(site_place_name(SITE_PLACES), "?");
}

/* Whatever the bytes: the site is in them, at a form that is emulated, or at the entry. */
static void check_sane(const struct site_function *function)
{
	struct site site;
	site_choose(function, &site);
	const uint8_t *code = function->code + site.offset;
	if (site.why != SITE_EMULATED)
		assert_int_equal(site.offset, 0);
	if (function->size)
		assert_true(site.offset < function->size);
	if (site.emulated) {
		bool push = (code[0] & 0xf8) == 0x50, wide = code[0] == 0x41 && (code[1] & 0xf8) == 0x50;
		bool jump = (code[0] & 0xf0) == 0x70 || (code[0] == 0x0f && (code[1] & 0xf0) == 0x80);
		assert_true(push || wide || jump || code[0] == 0x90 || code[0] == 0xe8 || code[0] == 0xe9 ||
			    code[0] == 0xeb);
	}
	for (unsigned int n = 1; n <= SITE_ARGUMENTS; n++) {
		bool wanted = function->arguments & 1u << n;
		assert_true(wanted ? site.place[n] >= 1 && site.place[n] < SITE_PLACES : site.place[n] == 0);
	}
}

static void test_random_bytes(void **state)
{
	unsigned int seed = 1;
	uint8_t code[64];
	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct site_function function = {
			.code = code,
			.size = (size_t)rand_r(&seed) % sizeof(code),
			.address = (uint64_t)rand_r(&seed) << (rand_r(&seed) % 40),
			.arguments = (uint16_t)(rand_r(&seed) & 0x7e),
			.may_be_null = (uint8_t)(rand_r(&seed) % 7),
		};
		for (size_t k = 0; k < sizeof(code); k++)
			code[k] = (uint8_t)(rand_r(&seed) >> 8);
		check_sane(&function);
	}
}

static void test_real_code_with_wrong_bytes(void **state)
{
	unsigned int seed = 2;
	uint8_t code[2 * MOST];
	(void)state;
	for (int i = 0; i < 20000; i++) {
		const struct known_code *known = &known_codes[(size_t)rand_r(&seed) % COUNT(known_codes)];
		size_t size = parse_hex(known->code, code);
		size += parse_hex(known_codes[(size_t)rand_r(&seed) % COUNT(known_codes)].code, code + size);
		for (int wrong = rand_r(&seed) % 4; wrong >= 0; wrong--)
			code[(size_t)rand_r(&seed) % size] = (uint8_t)(rand_r(&seed) >> 8);
		struct site_function function = {
			.code = code,
			.size = size,
			.address = ENTRY,
			.arguments = parse_arguments(known->arguments),
			.may_be_null = known->may_be_null,
		};
		check_sane(&function);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_allocators),
		cmocka_unit_test(test_known_allocators_behind_endbr64),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_what_the_kernel_emulates),
		cmocka_unit_test(test_the_instruction_as_text),
		cmocka_unit_test(test_entry_on_demand),
		cmocka_unit_test(test_every_reason_has_its_words),
		cmocka_unit_test(test_random_bytes),
		cmocka_unit_test(test_real_code_with_wrong_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
