// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* report --tree, to the letter. */
#include "made_profile.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { KIB = 1024 };

static struct report_options tree_of(enum call_order order)
{
	return (struct report_options){
		.view = REPORT_TREE, .order = order, .top = 10, .min_percent = 1, .utf8 = true};
}

static char *report(const struct profile *profile, const struct report_options *options)
{
	char *text = made_report(profile, options), *copy = strdup(text);
	free(text);
	return copy;
}

/* What stands below the title. */
static char *shown(const struct profile *profile, const struct report_options *options)
{
	char *text = report(profile, options);
	const char *title =
		strstr(text, options->order == CALLS_CALLEES ? ": main first" : ": what allocated");
	assert_non_null(title);
	char *below = strdup(strstr(title, "\n\n") + 2);
	free(text);
	return below;
}

static void assert_shown(const struct profile *profile, const struct report_options *options,
			 const char *expected)
{
	char *text = shown(profile, options);
	assert_string_equal(text, expected);
	free(text);
}

static void make_shop(struct profile *profile)
{
	made_begin(profile);
	made_held(profile, "get a.c:1 < load a.c:9 < main main.c:3 < _start", 500 * KIB);
	made_held(profile, "get a.c:2 < save a.c:5 < main main.c:4 < _start", 300 * KIB);
	made_held(profile, "load a.c:8 < main main.c:3 < _start", 150 * KIB);
	made_held(profile, "__libc_dup < save a.c:6 < main main.c:4 < _start", 40 * KIB);
	made_held(profile, "", 24 * KIB);
	made_held(profile, "get a.c:1 < +0x77", 10 * KIB)->truncated = true;
}

static void test_callees_and_callers(void **state)
{
	(void)state;
	struct profile profile;
	make_shop(&profile);
	struct report_options options = tree_of(CALLS_CALLEES);
	assert_shown(&profile, &options,
		     "  990 KiB   96.7%  _start > main (main.c)\n"
		     "  650 KiB   63.5%  ├─load (a.c)\n"
		     "  500 KiB   48.8%  │ ├─get (a.c)\n"
		     "  150 KiB   14.6%  │ └─[itself]\n"
		     "  340 KiB   33.2%  └─save (a.c)\n"
		     "  300 KiB   29.3%    ├─get (a.c)\n"
		     " 40.0 KiB    3.9%    └─__libc_dup (libc.so.6)\n"
		     " 24.0 KiB    2.3%  [unknown]\n"
		     " 10.0 KiB    1.0%  ... 1 more below 1%\n"
		     "\n1 more branch; --min-percent P and --top N (of each call) show more, --top 0 all of "
		     "them, uncut\n");
	options = tree_of(CALLS_CALLERS);
	options.utf8 = false;
	options.min_percent = 0;
	assert_shown(&profile, &options,
		     "  810 KiB   79.1%  get (a.c)\n"
		     "  500 KiB   48.8%  |-load (a.c) < main < _start\n"
		     "  300 KiB   29.3%  |-save (a.c) < main < _start\n"
		     " 10.0 KiB    1.0%  `-shop+0x77 < [truncated]\n"
		     "  150 KiB   14.6%  load (a.c) < main < _start\n"
		     " 40.0 KiB    3.9%  __libc_dup (libc.so.6) < save < main < _start\n"
		     " 24.0 KiB    2.3%  [unknown]\n");
	profile_deinit(&profile);
}

/* The totals come first, and what the tree is of. */
static void test_the_first_screen(void **state)
{
	(void)state;
	struct profile profile;
	make_shop(&profile);
	struct report_options options = tree_of(CALLS_CALLEES);
	char *text = report(&profile, &options);
	char *peak = strstr(text, "  peak         "),
	     *title = strstr(text, "Bytes at the peak: main first, below each call those that it made\n");
	assert_true(peak && title && peak < title);
	free(text);
	profile_deinit(&profile);
}

static void test_what_is_small_is_folded_and_adds_up(void **state)
{
	(void)state;
	struct profile profile;
	char frames[64];
	made_begin(&profile);
	made_held(&profile, "big a.c:1 < main main.c:3", 900);
	for (int i = 0; i < 12; i++) {
		snprintf(frames, sizeof(frames), "small%d a.c:1 < main main.c:3", i);
		made_held(&profile, frames, 5);
	}
	made_held(&profile, "middle a.c:1 < main main.c:3", 36);
	made_held(&profile, "main main.c:2", 4);
	struct report_options options = tree_of(CALLS_CALLEES);
	assert_shown(
		&profile, &options,
		"   1000 B  100.0%  main (main.c)\n"
		"    900 B   90.0%  ├─big (a.c)\n"
		"     36 B    3.6%  ├─middle (a.c)\n"
		"     64 B    6.4%  └─... 13 more below 1%\n"
		"\n13 more branches; --min-percent P and --top N (of each call) show more, --top 0 all of "
		"them, uncut\n");
	options.min_percent = 5;
	assert_shown(
		&profile, &options,
		"   1000 B  100.0%  main (main.c)\n"
		"    900 B   90.0%  ├─big (a.c)\n"
		"    100 B   10.0%  └─... 14 more below 5%\n"
		"\n14 more branches; --min-percent P and --top N (of each call) show more, --top 0 all of "
		"them, uncut\n");
	options.min_percent = 0;
	options.top = 2;
	assert_shown(
		&profile, &options,
		"   1000 B  100.0%  main (main.c)\n"
		"    900 B   90.0%  ├─big (a.c)\n"
		"     36 B    3.6%  ├─middle (a.c)\n"
		"      4 B    0.4%  ├─[itself]\n"
		"     60 B    6.0%  └─... 12 more\n"
		"\n12 more branches; --min-percent P and --top N (of each call) show more, --top 0 all of "
		"them, uncut\n");
	options.min_bytes = 37;
	options.min_percent = 1;
	assert_shown(
		&profile, &options,
		"   1000 B  100.0%  main (main.c)\n"
		"    900 B   90.0%  ├─big (a.c)\n"
		"    100 B   10.0%  └─... 14 more below 37 B\n"
		"\n14 more branches; --min-percent P and --top N (of each call) show more, --top 0 all of "
		"them, uncut\n");
	profile_deinit(&profile);
}

static void test_calls_in_a_row_share_a_line(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	made_held(&profile, "f a.c:1 < e a.c:1 < d a.c:1 < c a.c:1 < b a.c:1 < a a.c:1", 9900);
	made_held(&profile, "x a.c:1 < c a.c:1 < b a.c:1 < a a.c:1", 60);
	made_held(&profile, "y a.c:1 < b a.c:1 < a a.c:1", 30);
	made_held(&profile, "b a.c:1 < a a.c:1", 10);
	struct report_options options = tree_of(CALLS_CALLEES);
	/* Of 10,000 bytes 100 are left out on the way. */
	assert_shown(
		&profile, &options,
		"  9.8 KiB  100.0%  a > b > c > d > e > f (a.c)\n"
		"    100 B    1.0%  └─... 3 more below 1%\n"
		"\n3 more branches; --min-percent P and --top N (of each call) show more, --top 0 all of "
		"them, uncut\n");
	profile_deinit(&profile);
}

static void test_recursion(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	made_held(&profile, "leaf a.c:1 < visit a.c:5 < visit a.c:5 < visit a.c:6 < main main.c:3", 70);
	made_held(&profile, "leaf a.c:1 < visit a.c:5 < main main.c:3", 30);
	struct report_options options = tree_of(CALLS_CALLEES);
	assert_shown(&profile, &options,
		     "    100 B  100.0%  main > visit (a.c)\n"
		     "     70 B   70.0%  ├─visit ×2 > leaf (a.c)\n"
		     "     30 B   30.0%  └─leaf (a.c)\n");
	options.order = CALLS_CALLERS;
	options.utf8 = false;
	assert_shown(&profile, &options,
		     "    100 B  100.0%  leaf (a.c) < visit\n"
		     "     70 B   70.0%  |-visit (a.c) x2 < main\n"
		     "     30 B   30.0%  `-main (main.c)\n");
	profile_deinit(&profile);
}

static size_t count_lines(const char *text)
{
	size_t n = 0;
	for (; (text = strchr(text, '\n')) != NULL; text++)
		n++;
	return n;
}

/* Two functions that call each other, so that no row is one function. */
static void add_deep(struct profile *profile, uint32_t depth, uint64_t bytes)
{
	struct profile_stack *stack = made_held(profile, "", bytes);
	stack->frames = calloc(depth, sizeof(*stack->frames));
	assert_non_null(stack->frames);
	stack->n_frames = depth;
	for (uint32_t i = 0; i < depth; i++)
		stack->frames[i] = (depth - i) % 2;
}

static void test_thousands_of_calls(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	free(made_stack(&profile, "ping a.c:1 < pong a.c:2")->frames);
	profile.stacks[0].frames = NULL;
	profile.stacks[0].n_frames = 0;
	add_deep(&profile, 4096, 1000);
	struct report_options options = tree_of(CALLS_CALLEES);
	assert_shown(
		&profile, &options,
		"   1000 B  100.0%  pong > ping > pong > ping > pong > ping > pong > ping > pong > ping > "
		"pong >\n"
		"                     ping > pong > ping > pong > ping > pong > ping > pong > ping > pong > "
		"ping >\n"
		"                     pong > ping > pong > ping > pong > ping > pong > ... 4066 more > ping "
		"(a.c)\n");
	/* A branch at every call. */
	for (uint32_t depth = 1; depth < 4096; depth++)
		add_deep(&profile, depth, 1000);
	options.min_percent = 0;
	char *text = shown(&profile, &options);
	assert_true(longest_line(text) < 250); /* bytes; 100 columns */
	assert_non_null(strstr(text, "(+4078) "));
	assert_true(count_lines(text) >= 4096);
	free(text);
	options.utf8 = false;
	text = shown(&profile, &options);
	assert_true(longest_line(text) <= 100);
	free(text);
	profile_deinit(&profile);
}

static void test_long_names_are_cut_unless_all_is_asked_for(void **state)
{
	(void)state;
	struct profile profile;
	char name[300], frames[400];
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	made_begin(&profile);
	snprintf(frames, sizeof(frames), "%s a.c:1 < main main.c:3", name);
	made_held(&profile, frames, 100);
	made_held(&profile, "\033[2J\xff\n a.c:1 < main main.c:3", 100);
	struct report_options options = tree_of(CALLS_CALLEES);
	char *text = shown(&profile, &options);
	assert_true(longest_line(text) <= 100 + 4); /* two characters of three bytes */
	assert_non_null(strstr(text, "nnn... (a.c)\n"));
	assert_non_null(strstr(text, "─\\x1B[2J\\xFF\\x0A (a.c)\n"));
	free(text);
	options.top = 0;
	text = shown(&profile, &options);
	assert_non_null(strstr(text, name));
	free(text);
	profile_deinit(&profile);
}

static void test_keys(void **state)
{
	(void)state;
	struct profile profile;
	make_shop(&profile);
	struct report_options options = tree_of(CALLS_CALLERS);
	options.min_percent = 10;
	options.sort = REPORT_ALLOCS;
	assert_shown(&profile, &options,
		     "        3   50.0%  get (a.c)\n"
		     "        1   16.7%  ├─load (a.c) < main < _start\n"
		     "        1   16.7%  ├─save (a.c) < main < _start\n"
		     "        1   16.7%  └─shop+0x77 < [truncated]\n"
		     "        1   16.7%  [unknown]\n"
		     "        1   16.7%  load (a.c) < main < _start\n"
		     "        1   16.7%  __libc_dup (libc.so.6) < save < main < _start\n");
	options.sort = REPORT_MOVED;
	char *text = report(&profile, &options);
	assert_non_null(strstr(text, "\nNo stack has any bytes that realloc copied.\n"));
	free(text);
	profile.capture.sample_bytes = 4096;
	options.sort = REPORT_DEFAULT;
	options.min_percent = 40;
	assert_shown(
		&profile, &options,
		"  ~810 KiB   ~79.1%  get (a.c)\n"
		"  ~500 KiB   ~48.8%  ├─load (a.c) < main < _start\n"
		"  ~310 KiB   ~30.3%  └─... 2 more below 40%\n"
		"  ~214 KiB   ~20.9%  ... 3 more below 40%\n"
		"\n5 more branches; --min-percent P and --top N (of each call) show more, --top 0 all of "
		"them, uncut\n");
	profile_deinit(&profile);
}

static void test_filtered(void **state)
{
	(void)state;
	struct profile profile;
	make_shop(&profile);
	struct report_options options = tree_of(CALLS_CALLEES);
	options.function = "save";
	options.min_percent = 20;
	char *text = report(&profile, &options);
	assert_non_null(
		strstr(text, "\n2 of 6 stacks match: 340 KiB of 1.0 MiB (33.2%) by bytes at the peak\n"));
	free(text);
	assert_shown(&profile, &options,
		     "  340 KiB   33.2%  _start > main > save (a.c)\n"
		     "  300 KiB   29.3%  ├─get (a.c)\n"
		     " 40.0 KiB    3.9%  └─... 1 more below 20% of these\n"
		     "\n1 more branch; --min-percent P and --top N (of each call) show more, --top 0 all of "
		     "them, uncut\n");
	profile_deinit(&profile);
}

static void test_what_makes_no_tree(void **state)
{
	(void)state;
	struct profile profile;
	struct report_options options = tree_of(CALLS_CALLEES);
	FILE *out = fopen("/dev/null", "w");
	made_begin(&profile);
	options.sort = REPORT_PEAK;
	assert_non_null(report_options_wrong(&options));
	assert_int_equal(report_write(&profile, &options, out), -EINVAL);
	options.sort = REPORT_GROWTH;
	assert_non_null(report_options_wrong(&options));
	options.sort = REPORT_ALLOCS;
	assert_null(report_options_wrong(&options));
	options.min_bytes = 1;
	assert_non_null(report_options_wrong(&options));
	options = tree_of(CALLS_CALLEES);
	profile.capture.allocs_only = true;
	options.sort = REPORT_LIVE;
	assert_non_null(strstr(report_lacks(&profile, &options), "--allocs-only"));
	options.sort = REPORT_DEFAULT;
	assert_null(report_lacks(&profile, &options));
	profile.capture.allocs_only = false;
	made_held(&profile, "get a.c:1", UINT64_MAX);
	made_held(&profile, "put a.c:1", 1);
	assert_int_equal(report_write(&profile, &options, out), -EOVERFLOW);
	fclose(out);
	profile_deinit(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_callees_and_callers),
		cmocka_unit_test(test_the_first_screen),
		cmocka_unit_test(test_what_is_small_is_folded_and_adds_up),
		cmocka_unit_test(test_calls_in_a_row_share_a_line),
		cmocka_unit_test(test_recursion),
		cmocka_unit_test(test_thousands_of_calls),
		cmocka_unit_test(test_long_names_are_cut_unless_all_is_asked_for),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_filtered),
		cmocka_unit_test(test_what_makes_no_tree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
