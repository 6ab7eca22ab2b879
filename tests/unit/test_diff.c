// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A comparison as text, Markdown, JSON and a page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "../../src/views/diff_internal.h"
#include "captrack/fields.h"
#include "made_profile.h"

struct pair {
	struct profile base, new;
};

static int set_up(void **state)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	made_begin(&pair->base);
	made_begin(&pair->new);
	*state = pair;
	return pair ? 0 : -1;
}

static int tear_down(void **state)
{
	struct pair *pair = *state;
	profile_deinit(&pair->base);
	profile_deinit(&pair->new);
	free(pair);
	return 0;
}

static void add_blocks(struct profile *profile, const char *text, uint64_t bytes, uint64_t blocks)
{
	struct profile_stack *stack = made_stack(profile, text);
	stack->counts = (struct profile_counts){.allocs = blocks,
						.allocated_bytes = bytes,
						.live_allocs = blocks,
						.live_bytes = bytes,
						.peak_bytes = bytes,
						.at_peak_bytes = bytes,
						.at_peak_allocs = blocks};
	profile_sum_stacks(profile);
	profile->peak_allocs = profile->totals.at_peak_allocs;
}

typedef int (*diff_write)(const struct comparison *comparison, const struct diff_options *options, FILE *out);

/* The caller frees it. */
static char *written(const struct pair *pair, diff_write write, struct diff_options options)
{
	struct comparison comparison;
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	options.base_path = "base.json";
	options.new_path = "new.json";
	assert_int_equal(comparison_init(&comparison, &pair->base, &pair->new, NULL), 0);
	assert_int_equal(write(&comparison, &options, out), 0);
	comparison_deinit(&comparison);
	fclose(out);
	return text;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text);
}

static void assert_has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' in:\n%s", part, text);
}

static void add_versions(struct pair *pair)
{
	add_blocks(&pair->base, "parse a.c:12 < load a.c:40 < main a.c:3", 1 << 20, 10);
	add_blocks(&pair->base, "cache b.c:1 < main a.c:3", 500, 5);
	add_blocks(&pair->base, "keep b.c:1 < main a.c:3", 100, 1);
	add_blocks(&pair->base, "old b.c:1 < main a.c:3", 2000, 2);
	add_blocks(&pair->base, "older b.c:1 < main a.c:3", 20, 2);
	add_blocks(&pair->new, "parse a.c:14 < load a.c:44 < main a.c:5", 3 << 20, 30);
	add_blocks(&pair->new, "cache b.c:2 < main a.c:5", 400, 4);
	add_blocks(&pair->new, "keep b.c:2 < main a.c:5", 100, 1);
	add_blocks(&pair->new, "fresh c.c:9 < main a.c:5", 1 << 30, 1);
}

static void test_what_tells_apart_is_shown(void **state)
{
	struct pair *pair = *state;
	add_blocks(&pair->base, "__libc_dup dup.c:4 < put b.c:1 < main a.c:3", 500, 5);
	add_blocks(&pair->new, "__libc_ndup ndup.c:4 < put b.c:1 < main a.c:3", 400, 5);
	char *text = written(pair, diff_write_text, (struct diff_options){.top = 10});
	assert_has(text, "__libc_dup (dup.c:4) < put < main\n");
	assert_has(text, "__libc_ndup (ndup.c:4) < put < main\n");
	assert_has(text, "No stack is in both.");
	free(text);
	pair->new.n_merged = 3; /* nothing of the three is asked */
	text = written(pair, diff_write_text, (struct diff_options){.top = 10});
	pair->new.n_merged = 0;
	assert_has(text, "NEW is merged of 3 processes");
	free(text);
}

static void test_text(void **state)
{
	struct pair *pair = *state;
	add_versions(pair);
	char *text = written(pair, diff_write_text, (struct diff_options){.top = 10});
	assert_has(text, "\npeak                     1.0 MiB       1.0 GiB      +1.0 GiB   x 1000+\n");
	assert_has(text, "\n1 stack grew, +2.0 MiB\n");
	assert_has(text,
		   "\n   +2.0 MiB  +200.0%   1.0 MiB   3.0 MiB       +20  parse (a.c:14) < load < main\n");
	assert_has(text, "\n     -100 B   -20.0%     500 B     400 B        -1  cache (b.c:2) < main\n");
	assert_has(text, "\n   +1.0 GiB        +1  fresh (c.c:9) < main\n");
	assert_has(text, "\n2 stacks went, -2.0 KiB\n");
	assert_has(
		text,
		"\n   -2.0 KiB        -2  old (b.c:1) < main\n      -20 B        -2  older (b.c:1) < main\n");
	assert_has(text, "\n1 stack unchanged, 100 B\n");
	assert_has_not(text, "\033");
	assert_true(longest_line(text) <= VIEW_COLUMNS);
	free(text);
	text = written(pair, diff_write_text, (struct diff_options){.top = 1});
	assert_has(text, "old (b.c:1) < main\n      -20 B  in 1 more\n");
	free(text);
	text = written(pair, diff_write_text, (struct diff_options){.top = 10, .min_bytes = 2001});
	assert_has(text, "\n2 stacks went, -2.0 KiB\n   -2.0 KiB  in 2 more\n");
	assert_has_not(text, "cache");
	free(text);
	text = written(pair, diff_write_text, (struct diff_options){.figure = COMPARED_ALLOCS, .top = 10});
	assert_has(text, "\nBy allocations: +16\n");
	assert_has(text, "\n        +20  +200.0%        10        30  parse (a.c:14) < load < main\n");
	free(text);
}

static void test_colors_say_which_way(void **state)
{
	struct pair *pair = *state;
	add_versions(pair);
	char *text = written(pair, diff_write_text, (struct diff_options){.top = 10, .color = true});
	assert_has(text, "\n\033[31m   +2.0 MiB\033[0m ");
	assert_has(text, "\n\033[32m     -100 B\033[0m ");
	free(text);
}

static void test_nothing_changed(void **state)
{
	struct pair *pair = *state;
	char *text = written(pair, diff_write_text, (struct diff_options){.top = 10});
	assert_has(text, "\nNo stack changed.\n");
	free(text);
	add_blocks(&pair->base, "a x.c:1", 10, 1);
	add_blocks(&pair->new, "a x.c:2", 10, 1);
	text = written(pair, diff_write_text, (struct diff_options){.top = 10});
	assert_has(text, "\n1 stack unchanged, 10 B\nNo stack changed.\n");
	free(text);
}

static void test_growth(void **state)
{
	(void)state;
	static const struct {
		uint64_t base, new;
		const char *text;
	} known[] = {
		{0, 0, ""},
		{0, 5, ""},
		{100, 145, "+45.0%"},
		{100, 100, "+0.0%"},
		{100, 0, "-100.0%"},
		{1, 9, "+800.0%"},
		{1, 10, "x 10.0"},
		{10, 9999, "x 999.9"},
		{1, 1000, "x 1000+"},
		{1, UINT64_MAX, "x 1000+"},
		{UINT64_MAX, 1, "-100.0%"},
	};
	char text[24];
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		assert_string_equal(format_growth(known[i].base, known[i].new, text), known[i].text);
}

static void test_the_largest_numbers_in_all_forms(void **state)
{
	static const diff_write writes[] = {diff_write_text, diff_write_markdown, diff_write_json,
					    diff_write_html};
	struct pair *pair = *state;
	add_blocks(&pair->base, "a_function_with_a_name x.c:1 < main b.c:3", UINT64_MAX, UINT64_MAX);
	add_blocks(&pair->new, "a_function_with_a_name x.c:1 < main b.c:3", 1, 1);
	for (size_t i = 0; i < 4; i++) {
		for (int figure = 0; figure < COMPARED_FIGURES; figure++)
			free(written(
				pair, writes[i],
				(struct diff_options){.figure = (enum compared_figure)figure, .top = 10}));
	}
	char *text = written(pair, diff_write_json, (struct diff_options){0});
	assert_has(text, "\"delta\":{\"allocs\":-18446744073709551614,");
	assert_has(text, "\"base\":18446744073709551615,\"new\":1,\"delta\":-18446744073709551614}");
	free(text);
	text = written(pair, diff_write_html, (struct diff_options){0});
	assert_has(text, "[\"18446744073709551615\",");
	free(text);
	text = written(pair, diff_write_text, (struct diff_options){.top = 10});
	assert_has(text, "-16.0 EiB");
	assert_true(longest_line(text) <= VIEW_COLUMNS + 40);
	free(text);
}

/* Text is safe for a terminal, JSON is UTF-8, a page's script does not end early. */
static void test_hostile_names(void **state)
{
	struct pair *pair = *state;
	add_blocks(&pair->base, "f\033[31m\xff</script> x.c:1", 1, 1);
	add_blocks(&pair->new, "f\033[31m\xff</script> x.c:1", 3, 1);
	free(pair->new.target.command);
	pair->new.target.command = strdup("a\nb\033[0m|`x`</script>");
	char *text = written(pair, diff_write_text, (struct diff_options){.top = 10});
	assert_has(text, "f\\x1B[31m\\xFF</script> (x.c:1)");
	assert_has(text, "a\\x0Ab\\x1B[0m|`x`</script>\n");
	free(text);
	text = written(pair, diff_write_markdown, (struct diff_options){.top = 10});
	assert_has(text,
		   "<code>f&#92;x1B&#91;31m&#92;xFF&#60;&#47;script&#62; &#40;x&#46;c&#58;1&#41;</code> |\n");
	assert_has_not(text, "</script>");
	free(text);
	text = written(pair, diff_write_json, (struct diff_options){0});
	assert_has(text, "\"function\":\"f\\u001b[31m\xef\xbf\xbd</script>\"");
	free(text);
	text = written(pair, diff_write_html, (struct diff_options){0});
	assert_has(text, "\"function\":\"f\\u001b[31m\xef\xbf\xbd\\u003c/script>\"");
	free(text);
}

static void test_markdown_is_cut_to_a_comment(void **state)
{
	struct pair *pair = *state;
	for (int i = 0; i < 3000; i++) {
		char text[64];
		sprintf(text, "function_%d a`b.c:1 < main a.c:1", i); /* in the longer form of code */
		add_blocks(&pair->base, text, 1000, 1);
		if (i % 2)
			add_blocks(&pair->new, text, 1000 + (uint64_t)i, 1);
	}
	char *text = written(pair, diff_write_markdown, (struct diff_options){0});
	assert_in_range(strlen(text), MARKDOWN_BYTES - 2000, MARKDOWN_BYTES);
	assert_has(text, " stacks more did not fit: a comment has room for 65,536 characters.\n");
	assert_true(text[strlen(text) - 1] == '\n');
	size_t opened = 0, closed = 0;
	for (const char *at = text; (at = strstr(at, "details>")); at++)
		*(at[-1] == '/' ? &closed : &opened) += 1;
	assert_int_equal(opened, closed);
	free(text);
}

/* What both know, and what must be said where they do not know the same. */
static void test_notes(void **state)
{
	struct pair *pair = *state;
	struct comparison comparison;
	struct diff_options options = {.figure = COMPARED_LIVE, .top = 10};
	add_blocks(&pair->base, "a x.c:1", 10, 1);
	add_blocks(&pair->new, "a x.c:1", 10, 1);
	pair->base.capture.sample_bytes = 512;
	pair->base.integrity[INTEGRITY_DROPPED_EVENTS] = 7;
	pair->new.state = PROFILE_RUNNING;
	char *text = written(pair, diff_write_text, options);
	assert_has(text, "note: BASE is sampled: its figures are estimates");
	assert_has(text, "note: BASE: dropped_events 7: ");
	assert_has(text, "note: NEW is of a process that was still running");
	assert_has(text, "\nlive at the end            ~10 B          10 B            ~0\n");
	assert_has_not(text, "temporary");
	free(text);
	pair->new.capture.allocs_only = true;
	text = written(pair, diff_write_json, (struct diff_options){.figure = COMPARED_ALLOCATED});
	assert_has_not(text, "live_bytes");
	assert_has(text, "NEW was captured with --allocs-only");
	free(text);
	assert_int_equal(comparison_init(&comparison, &pair->base, &pair->new, NULL), 0);
	assert_int_equal(diff_write_text(&comparison, &options, stdout), -EINVAL);
	assert_int_equal(diff_write_markdown(&comparison, &options, stdout), -EINVAL);
	assert_int_equal(diff_write_json(&comparison, &options, stdout), -EINVAL);
	assert_int_equal(diff_write_html(&comparison, &options, stdout), -EINVAL);
	comparison_deinit(&comparison);
}

static void test_an_output_that_is_full_is_told(void **state)
{
	static const diff_write writes[] = {diff_write_text, diff_write_markdown, diff_write_json,
					    diff_write_html};
	struct pair *pair = *state;
	struct comparison comparison;
	const struct diff_options options = {.base_path = "a", .new_path = "b"};
	add_versions(pair);
	assert_int_equal(comparison_init(&comparison, &pair->base, &pair->new, NULL), 0);
	for (size_t i = 0; i < 4; i++) {
		FILE *out = fopen("/dev/full", "w");
		assert_non_null(out);
		assert_int_equal(writes[i](&comparison, &options, out), -ENOSPC);
		fclose(out);
	}
	comparison_deinit(&comparison);
}

int main(void)
{
#define WITH_PAIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_PAIR(test_what_tells_apart_is_shown),
		WITH_PAIR(test_text),
		WITH_PAIR(test_colors_say_which_way),
		WITH_PAIR(test_nothing_changed),
		cmocka_unit_test(test_growth),
		WITH_PAIR(test_the_largest_numbers_in_all_forms),
		WITH_PAIR(test_hostile_names),
		WITH_PAIR(test_markdown_is_cut_to_a_comment),
		WITH_PAIR(test_notes),
		WITH_PAIR(test_an_output_that_is_full_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
