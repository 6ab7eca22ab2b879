// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* export -f folded, csv, speedscope, byte by byte. */
#include "../../src/exports/exports_internal.h"
#include "made_profile.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct profile_stack *sized_stack(struct profile *profile, const char *frames, uint64_t bytes)
{
	struct profile_stack *stack = made_stack(profile, frames);
	stack->counts.allocs = 1;
	stack->counts.allocated_bytes = stack->counts.live_bytes = bytes;
	stack->counts.at_peak_bytes = bytes;
	return stack;
}

static char *exported(const struct profile *profile, const char *name, const char *key)
{
	const struct export_format *format = export_format_find(name);
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	assert_null(format->lacks(profile));
	assert_int_equal(key ? format->write_value(profile, export_value_find(key), out)
			     : format->write(profile, out),
			 0);
	fclose(out);
	return text;
}

static void expect(const struct profile *profile, const char *name, const char *key, const char *expected)
{
	char *text = exported(profile, name, key);
	assert_string_equal(text, expected);
	free(text);
}

/* Stacks that are shown alike are one line, whatever their lines, files and frames; those of 0 are none. */
static void test_folded_merges_stacks_of_one_name(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	sized_stack(&profile, "grow buf.c:12 < main shop.c:3", 100);
	sized_stack(&profile, "grow buf.c:14 < main shop.c:5", 20);
	sized_stack(&profile, "grow other.c:1 < main", 3);
	sized_stack(&profile, "add vec.h:7^ < grow buf.c:14 < main shop.c:5", 50);
	sized_stack(&profile, "never a.c:7 < main shop.c:3", 0);
	sized_stack(&profile, "", 7);
	sized_stack(&profile, "+0x1234 < main shop.c:3", 9)->truncated = true;
	made_stack(&profile, "grow buf.c:12 < main shop.c:3")->counts.temporary_allocs = 4;
	expect(&profile, "folded", "at-peak",
	       "[unknown] 7\n"
	       "[truncated];main;shop+0x1234 9\n"
	       "main;grow 123\n"
	       "main;grow;add 50\n");
	expect(&profile, "folded", "temporary", "main;grow 4\n");
	expect(&profile, "folded", "peak", "");
	profile_deinit(&profile);
}

static void name_leaf(struct profile *profile, const char *name, uint64_t bytes)
{
	struct profile_stack *stack = sized_stack(profile, "leaf a.c:1", bytes);
	struct profile_frame *frame = &profile->frames[stack->frames[0]];
	free(frame->function);
	frame->function = strdup(name);
}

static void test_folded_keeps_its_lines_whole(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		const char *line;
	} table[] = {
		{"a;b", "a:b 5\n"},
		{"operator new[] [clone .isra.0]", "operator new[] [clone .isra.0] 5\n"},
		{"two\nlines", "two\\x0Alines 5\n"},
		{"tab\tand\033[1mcolour", "tab\\x09and\\x1B[1mcolour 5\n"},
		{"not \xff utf-8", "not \\xFF utf-8 5\n"},
		{"caf\xc3\xa9", "caf\xc3\xa9 5\n"},
		{"ends in space ", "ends in space_ 5\n"},
		{"ends in 12", "ends in_12 5\n"}, /* 12 would be the number of an earlier profile */
		{"of 1 2.5 ", "of_1_2.5_ 5\n"},
		{" ", "_ 5\n"},
		{"", "shop+0x100 5\n"},
		{"+++", "+++ 5\n"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct profile profile;
		made_begin(&profile);
		name_leaf(&profile, table[i].name, 5);
		expect(&profile, "folded", "live", table[i].line);
		profile_deinit(&profile);
	}
}

/* What is the same once it is escaped is one line, too. */
static void test_folded_merges_after_escaping(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	name_leaf(&profile, "a;b", 5);
	name_leaf(&profile, "a:b", 6);
	expect(&profile, "folded", "live", "a:b 11\n");
	profile_deinit(&profile);
}

static void test_csv_rows(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	profile.capture.allocs_only = true;
	sized_stack(&profile, "std::add /usr/vec.h:9^ < grow \"b\",.c:12 < main shop.c:3", UINT64_MAX);
	sized_stack(&profile, "+0x1234 < main shop.c:3", 9)->truncated = true;
	sized_stack(&profile, "getline < __libc_start", 1);
	sized_stack(&profile, "", 7);
	expect(&profile, "csv", NULL,
	       "allocs,reallocs,allocated_bytes,function,file,line,object,stack\r\n"
	       "1,0,18446744073709551615,\"grow\",\"\"\"b\"\",.c\",12,\"/opt/bin/shop\","
	       "\"std::add < grow < main\"\r\n"
	       "1,0,9,\"shop+0x1234\",,,\"/opt/bin/shop\",\"shop+0x1234 < main < [truncated]\"\r\n"
	       "1,0,1,\"getline\",,,\"/lib/libc.so.6\",\"getline < __libc_start\"\r\n"
	       "1,0,7,\"[unknown]\",,,,\"[unknown]\"\r\n");
	profile_deinit(&profile);
}

/* No cell of text is a formula, a second row or a second cell. */
static void test_csv_cells_are_text(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		const char *cell;
	} table[] = {
		{"=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""},
		{"+1", "\"'+1\""},
		{"-[NSObject init]", "\"'-[NSObject init]\""},
		{"@SUM(A1)", "\"'@SUM(A1)\""},
		{"\t=1", "\"\\x09=1\""},
		{"\r\n=1", "\"\\x0D\\x0A=1\""},
		{"a\",\"=1", "\"a\"\",\"\"=1\""},
		{"a;=1", "\"a;=1\""},
		{"\xff", "\"\\xFF\""},
		{"operator=", "\"operator=\""},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct profile profile;
		char expected[256];
		made_begin(&profile);
		profile.capture.allocs_only = true;
		name_leaf(&profile, table[i].name, 5);
		snprintf(expected, sizeof(expected), "\r\n1,0,5,%s,\"a.c\",1,\"/opt/bin/shop\",%s\r\n",
			 table[i].cell, table[i].cell);
		char *text = exported(&profile, "csv", NULL);
		assert_string_equal(strchr(text, '\r'), expected);
		free(text);
		profile_deinit(&profile);
	}
}

static void test_csv_has_threads(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	profile.capture.allocs_only = profile.capture.by_thread = true;
	profile_add_thread(&profile);
	profile.threads[0].tid = 77;
	profile.threads[0].name = strdup("=work\"er");
	sized_stack(&profile, "a a.c:1", 1)->has_thread = true;
	sized_stack(&profile, "b b.c:1", 2);
	expect(&profile, "csv", NULL,
	       "allocs,reallocs,allocated_bytes,tid,thread,function,file,line,object,stack\r\n"
	       "1,0,1,77,\"'=work\"\"er\",\"a\",\"a.c\",1,\"/opt/bin/shop\",\"a\"\r\n"
	       "1,0,2,,,\"b\",\"b.c\",1,\"/opt/bin/shop\",\"b\"\r\n");
	profile_deinit(&profile);
}

static void test_speedscope_document(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	sized_stack(&profile, "grow buf.c:12 < main shop.c:3", 100);
	sized_stack(&profile, "grow buf.c:14 < main shop.c:5", 20)->counts.at_peak_bytes = 0;
	sized_stack(&profile, "grow other.c:1 < main shop.c:5", 3);
	name_leaf(&profile, "</script>\"\xff", 1);
	expect(&profile, "speedscope", NULL,
	       "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\","
	       "\"exporter\":\"captrack-bpf@" CT_VERSION
	       "\",\"name\":\"shop --all\",\"activeProfileIndex\":0,"
	       "\"shared\":{\"frames\":[\n"
	       "{\"name\":\"[unknown]\"},\n"
	       "{\"name\":\"[truncated]\"},\n"
	       "{\"name\":\"grow\",\"file\":\"buf.c\"},\n"
	       "{\"name\":\"main\",\"file\":\"shop.c\"},\n"
	       "{\"name\":\"grow\",\"file\":\"other.c\"},\n"
	       "{\"name\":\"</script>\\\"\\\\xFF\",\"file\":\"a.c\"}]},"
	       "\"profiles\":[\n"
	       "{\"type\":\"sampled\",\"name\":\"at "
	       "peak\",\"unit\":\"bytes\",\"startValue\":0,\"endValue\":104,"
	       "\"samples\":[\n[3,2],\n[3,4],\n[5]],\"weights\":[100,3,1]},\n"
	       "{\"type\":\"sampled\",\"name\":\"live\",\"unit\":\"bytes\",\"startValue\":0,\"endValue\":124,"
	       "\"samples\":[\n[3,2],\n[3,4],\n[5]],\"weights\":[120,3,1]},\n"
	       "{\"type\":\"sampled\",\"name\":\"allocated\",\"unit\":\"bytes\",\"startValue\":0,"
	       "\"endValue\":124,\"samples\":[\n[3,2],\n[3,4],\n[5]],\"weights\":[120,3,1]},\n"
	       "{\"type\":\"sampled\",\"name\":\"allocations\",\"unit\":\"none\",\"startValue\":0,"
	       "\"endValue\":4,\"samples\":[\n[3,2],\n[3,4],\n[5]],\"weights\":[2,1,1]}]}\n");
	profile_deinit(&profile);
}

/* What the capture does not know is not there; what does not add up is refused. */
static void test_modes_and_sums(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	sized_stack(&profile, "a a.c:1", UINT64_MAX);
	assert_string_equal(export_value_default(&profile)->name, "at-peak");
	assert_null(export_value_lacks(&profile, export_value_find("temporary")));
	assert_null(export_format_find("folded")->lacks(&profile));
	assert_non_null(export_format_find("pprof")->lacks(&profile));
	expect(&profile, "folded", "allocated", "a 18446744073709551615\n");
	profile.capture.sample_bytes = 1;
	assert_non_null(strstr(export_value_lacks(&profile, export_value_find("temporary")), "--sample"));
	profile.capture.allocs_only = true;
	assert_string_equal(export_value_default(&profile)->name, "allocated");
	for (const char **key = (const char *[]){"at-peak", "live", "peak", "temporary", NULL}; *key; key++)
		assert_non_null(
			strstr(export_value_lacks(&profile, export_value_find(*key)), "--allocs-only"));
	assert_int_equal(folded_write(&profile, export_value_find("live"), stdout), -EINVAL);
	char *text = exported(&profile, "speedscope", NULL);
	assert_null(strstr(text, "\"at peak\""));
	assert_non_null(strstr(text, "\"name\":\"allocated\""));
	free(text);
	sized_stack(&profile, "b a.c:1", 1);
	assert_non_null(export_format_find("folded")->lacks(&profile));
	assert_non_null(export_format_find("speedscope")->lacks(&profile));
	assert_null(export_value_find("x"));
	profile_deinit(&profile);
}

static void test_a_full_disk_is_told(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	sized_stack(&profile, "a a.c:1", 1);
	for (const struct export_format *format = export_formats; format->name; format++) {
		if (format->lacks(&profile))
			continue;
		FILE *out = fopen("/dev/full", "w");
		assert_non_null(out);
		int result = format->write
				     ? format->write(&profile, out)
				     : format->write_value(&profile, export_value_default(&profile), out);
		if (result != -ENOSPC)
			fail_msg("%s: %d", format->name, result);
		fclose(out);
	}
	profile_deinit(&profile);
}

/* Of a megabyte, nothing is cut. */
static void test_long_names_are_whole(void **state)
{
	(void)state;
	enum { LENGTH = 1 << 20 };
	static const char *const formats[] = {"csv", "folded", "speedscope"};
	char *name = malloc(LENGTH + 1);
	struct profile profile;
	assert_non_null(name);
	memset(name, 'x', LENGTH);
	name[LENGTH] = '\0';
	made_begin(&profile);
	name_leaf(&profile, name, 5);
	for (size_t i = 0; i < 3; i++) {
		char *text = exported(&profile, formats[i], i == 1 ? "live" : NULL);
		assert_non_null(strstr(text, name));
		free(text);
	}
	free(name);
	profile_deinit(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_folded_merges_stacks_of_one_name),
		cmocka_unit_test(test_folded_keeps_its_lines_whole),
		cmocka_unit_test(test_folded_merges_after_escaping),
		cmocka_unit_test(test_csv_rows),
		cmocka_unit_test(test_csv_cells_are_text),
		cmocka_unit_test(test_csv_has_threads),
		cmocka_unit_test(test_speedscope_document),
		cmocka_unit_test(test_modes_and_sums),
		cmocka_unit_test(test_a_full_disk_is_told),
		cmocka_unit_test(test_long_names_are_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
