// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Numbers, times and names as they are shown. */
#include "captrack/format.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* The model owns its strings, so its pointers are not const. */
#define TEXT(literal) ((char[]){literal})

static void test_bytes(void **state)
{
	(void)state;
	static const struct {
		uint64_t bytes;
		const char *text;
	} table[] = {
		{0, "0 B"},
		{17, "17 B"},
		{1000, "1000 B"},
		{1023, "1023 B"},
		{1024, "1.0 KiB"},
		{1536, "1.5 KiB"},
		{60000, "58.6 KiB"},
		{102348, "99.9 KiB"},
		{102399, "100 KiB"},
		{312 << 10, "312 KiB"},
		{(1023 << 10) + 511, "1023 KiB"},
		{(1023 << 10) + 512, "1.0 MiB"},
		{(1 << 20) - 1, "1.0 MiB"},
		{1 << 20, "1.0 MiB"},
		{UINT64_C(3) << 29, "1.5 GiB"},
		{(UINT64_C(1) << 30) - 1, "1.0 GiB"},
		{UINT64_C(1) << 40, "1.0 TiB"},
		{UINT64_C(1) << 60, "1.0 EiB"},
		{UINT64_MAX, "16.0 EiB"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char text[16];
		assert_string_equal(format_bytes(table[i].bytes, text), table[i].text);
	}
}

static void test_bytes_are_never_wide(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit < 64; bit++) {
		for (uint64_t value = UINT64_C(1) << bit, i = 0; i < 200; i++, value += value / 97 + 1) {
			char text[16];
			assert_true(strlen(format_bytes(value, text)) <= 8);
		}
	}
}

static void test_counts(void **state)
{
	(void)state;
	char text[32];
	assert_string_equal(format_count(0, text), "0");
	assert_string_equal(format_count(999, text), "999");
	assert_string_equal(format_count(1000, text), "1,000");
	assert_string_equal(format_count(1234567, text), "1,234,567");
	assert_string_equal(format_count(UINT64_MAX, text), "18,446,744,073,709,551,615");
}

static void test_times(void **state)
{
	(void)state;
	static const struct {
		uint64_t ms;
		const char *text;
	} table[] = {
		{0, "0 ms"},         {999, "999 ms"},       {1000, "1.0 s"},           {3250, "3.2 s"},
		{59999, "59.9 s"},   {60000, "1m 00s"},     {252000, "4m 12s"},        {3599999, "59m 59s"},
		{3600000, "1h 00m"}, {90000000, "25h 00m"}, {UINT64_MAX, "11+ years"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char text[16];
		assert_string_equal(format_ms(table[i].ms, text), table[i].text);
	}
}

static void test_text_that_would_harm_a_terminal(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *safe;
	} table[] = {
		{"plain \xc3\xa9 \xe2\x82\xac", "plain \xc3\xa9 \xe2\x82\xac"},
		{"\033[31mred", "\\x1B[31mred"},
		{"a\nb\tc\r\x7f", "a\\x0Ab\\x09c\\x0D\\x7F"},
		{"\xc2\x9b"
		 "2J",
		 "\\xC2\\x9B2J"},
		{"\xff\xc3", "\\xFF\\xC3"},
		{"\xe2\x80\xae"
		 "gpj",
		 "\\xE2\\x80\\xAEgpj"},
		{"\xe2\x81\xa6", "\\xE2\\x81\\xA6"},
		{"\xe2\x80\x93", "\xe2\x80\x93"}, /* a dash */
		{NULL, ""},
	};
	char text[64];
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		assert_string_equal(format_safe(table[i].text, text, sizeof(text)), table[i].safe);
	assert_string_equal(format_safe("a\xe2\x82\xac", text, 4), "a"); /* whole characters only */
	assert_string_equal(format_safe("\033\033", text, 8), "\\x1B");
	assert_string_equal(format_safe("abc", text, 1), "");
}

static void test_ns(void **state)
{
	(void)state;
	static const struct {
		uint64_t ns;
		const char *text;
	} table[] = {
		{0, "0 ns"},
		{999, "999 ns"},
		{1000, "1.0 us"},
		{1299, "1.2 us"},
		{99999, "99.9 us"},
		{100000, "100 us"},
		{999999, "999 us"},
		{1000000, "1.0 ms"},
		{45678901, "45.6 ms"},
		{999999999, "999 ms"},
		{1000000000, "1.0 s"},
		{252000000000, "4m 12s"},
		{UINT64_MAX, "11+ years"},
	};
	char text[16];
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		assert_string_equal(format_ns(table[i].ns, text), table[i].text);
}

static void test_frames(void **state)
{
	(void)state;
	struct profile_object objects[] = {
		{.path = TEXT("/usr/lib/libc.so.6")}, {.path = TEXT("[anon]")}, {0}};
	struct profile profile = {.objects = objects, .n_objects = 3};
	const struct {
		struct profile_frame frame;
		const char *text;
	} table[] = {
		{{.function = TEXT("run"), .file = TEXT("/src/main.c"), .line = 12}, "run (main.c:12)"},
		{{.function = TEXT("run"), .file = TEXT("main.c")}, "run (main.c)"},
		{{.function = TEXT("run"), .has_symbol_offset = true, .symbol_offset = 18},
		 "run+0x12 (libc.so.6)"},
		{{.function = TEXT("run")}, "run (libc.so.6)"},
		{{.offset = 0x1234}, "libc.so.6+0x1234"},
		{{.object = 1, .offset = 0x7f0012345678}, "[anon]+0x7f0012345678"},
		{{.object = 2, .offset = 1}, "?+0x1"},
		{{.object = 9, .offset = 1}, "?+0x1"},
		{{.function = TEXT("a\033b"), .file = TEXT("x\ny"), .line = 1}, "a\\x1Bb (x\\x0Ay:1)"},
	};
	char text[100];
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		assert_string_equal(format_frame(&profile, &table[i].frame, text, sizeof(text)),
				    table[i].text);
}

static void test_a_long_name_leaves_room_for_the_place(void **state)
{
	(void)state;
	struct profile profile = {0};
	struct profile_frame frame = {.function =
					      TEXT("std::map<std::string, std::vector<int> >::operator[]"),
				      .file = TEXT("map.h"),
				      .line = 7};
	char text[64];
	assert_string_equal(format_frame(&profile, &frame, text, 31), "std::map<std::str... (map.h:7)");
	assert_int_equal(strlen(text), 30);
	for (size_t size = 1; size < sizeof(text); size++)
		assert_true(strlen(format_frame(&profile, &frame, text, size)) < size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_bytes_are_never_wide),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_text_that_would_harm_a_terminal),
		cmocka_unit_test(test_ns),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_a_long_name_leaves_room_for_the_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
