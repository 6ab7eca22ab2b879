// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What the report and the summary of a known profile look like, to the letter. */
#include "made_profile.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Three stacks: through a template inlined into the program, without debug info, unknown. */
static const char json[] =
	"{\"version\":1,\"state\":\"final\",\"reason\":\"exit\","
	"\"target\":{\"pid\":42,\"exe\":\"/opt/bin/shop\",\"command\":\"shop --all \\u001b[2J\","
	"\"attached\":\"start\",\"exit_status\":3},"
	"\"capture\":{\"mode\":\"exact\",\"duration_ms\":3250,\"allocators\":[\"glibc\"]},"
	"\"totals\":{\"allocs\":1234567,\"frees\":1234500,\"reallocs\":12,\"failed_allocs\":2,"
	"\"allocated_bytes\":4000000000,\"freed_bytes\":3999000000,\"live_allocs\":67,"
	"\"live_bytes\":1000000,\"peak_bytes\":2000000,\"peak_allocs\":170,\"peak_ms\":3100,"
	"\"temporary_allocs\":617283},"
	"\"integrity\":{\"unmatched_frees\":0,\"internal_frees\":9,\"truncated_stacks\":1,\"depth_stacks\":1}"
	","
	"\"objects\":[{\"path\":\"/opt/bin/shop\"},{\"path\":\"/lib/libstdc++.so.6\"},"
	"{\"path\":\"/lib/libc.so.6\"}],"
	"\"frames\":["
	"{\"object\":1,\"offset\":\"0x10\",\"function\":\"operator new\",\"symbol_offset\":28},"
	"{\"object\":0,\"offset\":\"0x20\",\"function\":\"basket_fill\",\"file\":\"/src/basket.cc\","
	"\"line\":40,\"inlined\":[{\"function\":\"std::vector<item>::push_back\","
	"\"file\":\"/usr/include/stl_vector.h\",\"line\":1280},"
	"{\"function\":\"basket_add\",\"file\":\"/src/basket.h\",\"line\":12}]},"
	"{\"object\":0,\"offset\":\"0x30\",\"function\":\"main\",\"file\":\"/src/main.cc\",\"line\":7},"
	"{\"object\":2,\"offset\":\"0x40\",\"function\":\"__libc_start_main\",\"symbol_offset\":128},"
	"{\"object\":0,\"offset\":\"0x1234\"},"
	"{\"object\":2,\"offset\":\"0x50\",\"function\":\"getline\",\"symbol_offset\":64}],"
	"\"stacks\":["
	"{\"frames\":[0,1,2,3],\"allocs\":1000000,\"frees\":999940,\"allocated_bytes\":3000000000,"
	"\"live_allocs\":60,\"live_bytes\":900000,\"peak_bytes\":1600000,\"at_peak_bytes\":1500000,"
	"\"at_peak_allocs\":100,\"temporary_allocs\":600000},"
	"{\"frames\":[5,3],\"allocs\":200000,\"frees\":200000,\"allocated_bytes\":900000000,"
	"\"peak_bytes\":4096,\"at_peak_bytes\":300000,\"at_peak_allocs\":50,\"temporary_allocs\":17283},"
	"{\"frames\":[4,4,4,4,4,4,4,4,4,4,4,4,4,2],\"truncated\":true,\"end\":\"depth\",\"allocs\":34560,"
	"\"frees\":34553,"
	"\"allocated_bytes\":99999000,\"live_allocs\":7,\"live_bytes\":100000,\"peak_bytes\":200000,"
	"\"at_peak_bytes\":200000,\"at_peak_allocs\":20},"
	"{\"frames\":[],\"allocs\":7,\"frees\":7,\"allocated_bytes\":1000}]}";

static void read_profile(struct profile *profile, const char *text)
{
	struct ct_error err = {0};
	if (profile_read_json(text, strlen(text), profile, &err))
		fail_msg("%s", err.text);
}

static char *report(const char *text, const struct report_options *options)
{
	struct profile profile;
	char *shown = NULL;
	size_t length;
	read_profile(&profile, text);
	FILE *out = open_memstream(&shown, &length);
	assert_int_equal(report_write(&profile, options, out), 0);
	fclose(out);
	profile_deinit(&profile);
	return shown;
}

static char *summary(const char *text, const char *path)
{
	struct profile profile;
	char *shown = NULL;
	size_t length;
	read_profile(&profile, text);
	FILE *out = open_memstream(&shown, &length);
	assert_int_equal(summary_write(&profile, path, false, out), 0);
	fclose(out);
	profile_deinit(&profile);
	return shown;
}

static const char expected_report[] =
	"shop --all \\x1B[2J\n"
	"pid 42, exit status 3; captured for 3.2 s, from its start; glibc, exact\n"
	"\n"
	"  peak            1.9 MiB  2,000,000 B in 170 blocks, after 3.1 s\n"
	"  live            977 KiB  1,000,000 B in 67 blocks, at the end\n"
	"  allocated       3.7 GiB  4,000,000,000 B in 1,234,567 allocations\n"
	"  freed           3.7 GiB  3,999,000,000 B in 1,234,500 frees\n"
	"  rate          1.1 GiB/s  379,867 allocations, 379,846 frees a second\n"
	"  reallocs             12  each counts as an allocation, and as a free of the old block\n"
	"  temporary       617,283  50.0% of allocations: freed before the next one on their thread\n"
	"  failed                2  allocations returned NULL\n"
	"  warning: truncated_stacks 1: stacks are not whole (2.5% of the bytes allocated); 1: deeper than\n"
	"    --max-depth N\n"
	"\n"
	"3 of 3 stacks by bytes at the peak\n"
	"\n"
	"   1.   1.4 MiB   75.0%  in 100 blocks, own peak 1.5 MiB\n"
	"        allocated 2.8 GiB in 1,000,000, live 879 KiB in 60, 600,000 temporary\n"
	"        operator new+0x1c (libstdc++.so.6)\n"
	"        std::vector<item>::push_back (stl_vector.h:1280) [inlined]\n"
	"        basket_add (basket.h:12) [inlined]\n"
	"        basket_fill (basket.cc:40)\n"
	"        main (main.cc:7)\n"
	"        __libc_start_main+0x80 (libc.so.6)\n"
	"\n"
	"   2.   293 KiB   15.0%  in 50 blocks, own peak 4.0 KiB\n"
	"        allocated 858 MiB in 200,000, live 0 B in 0, 17,283 temporary\n"
	"        getline+0x40 (libc.so.6)\n"
	"        __libc_start_main+0x80 (libc.so.6)\n"
	"\n"
	"   3.   195 KiB   10.0%  in 20 blocks, own peak 195 KiB\n"
	"        allocated 95.4 MiB in 34,560, live 97.7 KiB in 7, 0 temporary\n"
	"        shop+0x1234\n"
	"        shop+0x1234\n"
	"        shop+0x1234\n"
	"        shop+0x1234\n"
	"        shop+0x1234\n"
	"        shop+0x1234\n"
	"        shop+0x1234\n"
	"        shop+0x1234\n"
	"        shop+0x1234\n"
	"        shop+0x1234\n"
	"        shop+0x1234\n"
	"        ... 3 more\n";

static const char expected_summary[] =
	"captrack-bpf: shop (pid 42): peak 1.9 MiB in 170 blocks, after 3.1 s\n"
	"  allocated 3.7 GiB in 1,234,567, temporary 617,283; live at the end 977 KiB in 67\n"
	"   75.0%   1.4 MiB  basket_add (basket.h:12) < basket_fill < main\n"
	"   15.0%   293 KiB  getline+0x40 (libc.so.6) < __libc_start_main\n"
	"   10.0%   195 KiB  shop+0x1234 < shop+0x1234 < shop+0x1234 < shop+0x1234 < shop+0x1234 < ...\n"
	"  warning: truncated_stacks 1: stacks are not whole (2.5% of the bytes allocated); 1: deeper than\n"
	"    --max-depth N\n"
	"  profile: out/profile-shop-42-1.json\n";

static void test_report(void **state)
{
	(void)state;
	char *shown = report(json, &(struct report_options){.top = 3});
	assert_string_equal(shown, expected_report);
	free(shown);
}

static void test_summary(void **state)
{
	(void)state;
	char *shown = summary(json, "out/profile-shop-42-1.json");
	assert_string_equal(shown, expected_summary);
	free(shown);
}

static void test_sort_keys(void **state)
{
	(void)state;
	static const struct {
		const char *key;
		enum report_sort sort;
		const char *first; /* the head of the first stack */
		const char *second;
	} table[] = {
		{"at-peak", REPORT_AT_PEAK, "   1.   1.4 MiB   75.0%  in 100 blocks, own peak 1.5 MiB\n",
		 "   2.   293 KiB   15.0%  in 50 blocks, own peak 4.0 KiB\n"},
		{"live", REPORT_LIVE, "   1.   879 KiB   90.0%  in 60 blocks, at peak 1.4 MiB\n",
		 "   2.  97.7 KiB   10.0%  in 7 blocks, at peak 195 KiB\n"},
		{"peak", REPORT_PEAK, "   1.   1.5 MiB   80.0%  at peak 1.4 MiB\n",
		 "   2.   195 KiB   10.0%  at peak 195 KiB\n"},
		{"allocated", REPORT_ALLOCATED,
		 "   1.   2.8 GiB   75.0%  in 1,000,000 allocations, at peak 1.4 MiB\n",
		 "   2.   858 MiB   22.5%  in 200,000 allocations, at peak 293 KiB\n"},
		{"allocs", REPORT_ALLOCS, "   1. 1,000,000   81.0%  at peak 1.4 MiB\n",
		 "   2.   200,000   16.2%  at peak 293 KiB\n"},
		{"temporary", REPORT_TEMPORARY, "   1.   600,000   97.2%  at peak 1.4 MiB\n",
		 "   2.    17,283    2.8%  at peak 293 KiB\n"},
	};
	enum report_sort sort;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		assert_true(report_sort_parse(table[i].key, &sort));
		assert_int_equal(sort, table[i].sort);
		char *shown = report(json, &(struct report_options){.sort = sort, .top = 2});
		const char *first = strstr(shown, table[i].first), *second = strstr(shown, table[i].second);
		if (!first || !second || first > second)
			fail_msg("--sort %s: %s", table[i].key, shown);
		free(shown);
	}
	assert_false(report_sort_parse("", &sort));
	assert_false(report_sort_parse("Live", &sort));
}

static void test_top_0_shows_all_uncut(void **state)
{
	(void)state;
	char *shown = report(json, &(struct report_options){.top = 0});
	assert_non_null(strstr(shown, "\n4 of 4 stacks by"));
	assert_non_null(strstr(shown, "   4.       0 B    0.0%  in 0 blocks, own peak 0 B\n"));
	assert_non_null(strstr(shown, "        [unknown]\n"));
	assert_non_null(strstr(shown, "        main (main.cc:7)\n        ... (its callers are not known: "
				      "deeper than --max-depth N)\n"));
	assert_null(strstr(shown, " more"));
	free(shown);
}

static void test_long_names_and_large_numbers_fit_in_100_columns(void **state)
{
	(void)state;
	char text[4096], name[301];
	memset(name, 'n', 300);
	name[300] = '\0';
	snprintf(text, sizeof(text),
		 "{\"version\":1,\"target\":{\"command\":\"%s\"},\"totals\":{\"allocs\":99999999999},"
		 "\"integrity\":{\"unmatched_frees\":7,\"dropped_blocks\":123456789},\"objects\":[{}],"
		 "\"frames\":[{\"function\":\"%s\",\"file\":\"%s\",\"line\":1,\"inlined\":[{\"function\":\"%"
		 "s\"}]}],"
		 "\"stacks\":[{\"frames\":[0],\"allocs\":99999999999,\"allocated_bytes\":99999999999999,"
		 "\"live_allocs\":99999999,\"live_bytes\":99999999999999,\"at_peak_bytes\":99999999999999,"
		 "\"peak_bytes\":99999999999999,\"temporary_allocs\":99999999999}]}",
		 name, name, name, name);
	char *shown = report(text, &(struct report_options){.top = 1});
	assert_true(longest_line(shown) <= 100);
	assert_non_null(strstr(shown, "... [inlined]\n"));
	free(shown);
	shown = report(text, &(struct report_options){.top = 0});
	assert_non_null(strstr(shown, name)); /* whole */
	free(shown);
	shown = summary(text, NULL);
	assert_true(longest_line(shown) <= 100);
	assert_null(strstr(shown, "profile:"));
	free(shown);
}

static void test_color_only_when_asked(void **state)
{
	(void)state;
	char *shown = report(json, &(struct report_options){.top = 3});
	assert_null(strchr(shown, '\033'));
	free(shown);
	shown = report(json, &(struct report_options){.top = 3, .color = true});
	assert_non_null(strstr(shown, "\033[1mshop --all \\x1B[2J\033[0m\n"));
	free(shown);
}

static void test_how_it_ended(void **state)
{
	(void)state;
	static const struct {
		const char *json;
		const char *part;
	} table[] = {
		{"{\"version\":1}",
		 "(no command)\npid 0, still running; captured for 0 ms, from its start; exact\n"},
		{"{\"version\":1,\"state\":\"running\"}", "B in 0 blocks, now\n"},
		{"{\"version\":1,\"state\":\"final\",\"reason\":\"exit\"}", "pid 0, has ended;"},
		{"{\"version\":1,\"state\":\"final\",\"reason\":\"detach\"}", "pid 0, left running;"},
		{"{\"version\":1,\"state\":\"final\",\"target\":{\"signal\":11}}",
		 "killed by signal 11 (Segmentation fault)"},
		{"{\"version\":1,\"target\":{\"attached\":\"running\"}}", "attached while it ran"},
		{"{\"version\":1}", "\nNothing was allocated: no allocator was found in the process.\n"},
		{"{\"version\":1,\"capture\":{\"allocators\":[\"glibc\"]}}",
		 "\nNothing was allocated while the capture ran.\n"},
		{"{\"version\":1,\"totals\":{\"allocs\":1},\"stacks\":[{\"allocs\":1}]}",
		 "\nNo stack has any bytes at the peak.\n"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char *shown = report(table[i].json, &(struct report_options){.top = 10});
		if (!strstr(shown, table[i].part))
			fail_msg("%s: %s", table[i].part, shown);
		free(shown);
	}
}

static void test_cost_is_one_line_of_both(void **state)
{
	(void)state;
	static const struct {
		const char *cost;
		const char *line; /* NULL: none */
	} table[] = {
		{"{\"events\":1234567,\"slowdown\":1.417}",
		 "\n  cost: 1,234,567 events, which slowed the target down about 1.42x\n"},
		{"{\"events\":7,\"slowdown\":3.25}", " at least 3.2x\n"},
		{"{\"events\":7,\"slowdown\":1.25,\"traps_only\":true}", " at least 1.25x\n"},
		{"{\"events\":7,\"slowdown\":10.000}", " down 10x or more\n"},
		{"{\"events\":7}", NULL},
		{"{}", NULL},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char text[256];
		snprintf(text, sizeof(text), "{\"version\":1,\"cost\":%s}", table[i].cost);
		char *shown[] = {report(text, &(struct report_options){.top = 10}), summary(text, NULL)};
		for (int k = 0; k < 2; k++) {
			const char *found = strstr(shown[k], table[i].line ? table[i].line : "cost:");
			if (!found != !table[i].line)
				fail_msg("%s: %s", table[i].cost, shown[k]);
			free(shown[k]);
		}
	}
}

static void test_summary_of_nothing(void **state)
{
	(void)state;
	char *shown = summary("{\"version\":1,\"target\":{\"pid\":5,\"exe\":\"/bin/true\"}}", NULL);
	assert_string_equal(shown, "captrack-bpf: true (pid 5): no allocations, no allocator found\n");
	free(shown);
}

/* The same profile, captured otherwise: the figures that are left. */
static char *in_mode(const char *mode)
{
	static const char exact[] = "\"mode\":\"exact\"";
	const char *at = strstr(json, exact);
	char *text = malloc(sizeof(json) + 100);
	assert_true(text && at);
	sprintf(text, "%.*s%s%s", (int)(at - json), json, mode, at + strlen(exact));
	return text;
}

static const char sampled[] = "\"mode\":\"sampled\",\"sample_bytes\":524288";
static const char allocs_only[] = "\"mode\":\"exact\",\"allocs_only\":true";
static const char both[] = "\"mode\":\"sampled\",\"sample_bytes\":1000,\"allocs_only\":true";

static const char expected_sampled[] =
	"shop --all \\x1B[2J\n"
	"pid 42, exit status 3; captured for 3.2 s, from its start; glibc\n"
	"sampled, one allocation kept per 512 KiB on average; what has a ~ is an estimate\n"
	"\n"
	"  peak           ~1.9 MiB  in ~170 blocks, after ~3.1 s\n"
	"  live           ~977 KiB  in ~67 blocks, at the end\n"
	"  allocated      ~3.7 GiB  in ~1,234,567 allocations\n"
	"  freed          ~3.7 GiB  in ~1,234,500 frees\n"
	"  rate         ~1.1 GiB/s  ~379,867 allocations, ~379,846 frees a second\n"
	"  reallocs            ~12  each counts as an allocation, and as a free of the old block\n"
	"  warning: truncated_stacks 1: stacks are not whole (~2.5% of the bytes allocated); 1: deeper than\n"
	"    --max-depth N\n"
	"\n"
	"1 of 3 stacks by bytes at the peak\n"
	"\n"
	"   1.  ~1.4 MiB   ~75.0%  in ~100 blocks, own peak ~1.5 MiB\n"
	"        allocated ~2.8 GiB in ~1,000,000, live ~879 KiB in ~60\n"
	"        operator new+0x1c (libstdc++.so.6)\n";

static const char expected_allocs_only[] =
	"shop --all \\x1B[2J\n"
	"pid 42, exit status 3; captured for 3.2 s, from its start; glibc, exact\n"
	"allocations only: free was not probed, so live and peak are not known\n"
	"\n"
	"  allocated       3.7 GiB  4,000,000,000 B in 1,234,567 allocations\n"
	"  rate          1.1 GiB/s  379,867 allocations a second\n"
	"  reallocs             12  each counts as an allocation\n"
	"  failed                2  allocations returned NULL\n"
	"  warning: truncated_stacks 1: stacks are not whole (2.5% of the bytes allocated); 1: deeper than\n"
	"    --max-depth N\n"
	"\n"
	"1 of 4 stacks by bytes allocated\n"
	"\n"
	"   1.   2.8 GiB   75.0%  in 1,000,000 allocations\n"
	"        operator new+0x1c (libstdc++.so.6)\n";

static const char expected_both[] =
	"shop --all \\x1B[2J\n"
	"pid 42, exit status 3; captured for 3.2 s, from its start; glibc\n"
	"sampled, one allocation kept per 1,000 B on average; what has a ~ is an estimate\n"
	"allocations only: free was not probed, so live and peak are not known\n"
	"\n"
	"  allocated      ~3.7 GiB  in ~1,234,567 allocations\n"
	"  rate         ~1.1 GiB/s  ~379,867 allocations a second\n"
	"  reallocs            ~12  each counts as an allocation\n"
	"  warning: truncated_stacks 1: stacks are not whole (~2.5% of the bytes allocated); 1: deeper than\n"
	"    --max-depth N\n"
	"\n"
	"1 of 4 stacks by bytes allocated\n"
	"\n"
	"   1.  ~2.8 GiB   ~75.0%  in ~1,000,000 allocations\n"
	"        operator new+0x1c (libstdc++.so.6)\n";

static void test_report_of_modes(void **state)
{
	(void)state;
	static const struct {
		const char *mode, *expected;
	} table[] = {{sampled, expected_sampled}, {allocs_only, expected_allocs_only}, {both, expected_both}};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char *text = in_mode(table[i].mode);
		char *shown = report(text, &(struct report_options){.sort = REPORT_DEFAULT, .top = 1});
		shown[strlen(table[i].expected)] = '\0'; /* the frames are as ever */
		assert_string_equal(shown, table[i].expected);
		free(shown);
		free(text);
	}
}

static void test_sort_keys_that_a_mode_lacks(void **state)
{
	(void)state;
	static const struct {
		const char *mode;
		const char *lacks; /* by enum report_sort */
		const char *why;
	} table[] = {
		{"\"mode\":\"exact\"", "---------", ""},
		{sampled, "-----xxx-", "--sample"},
		{allocs_only, "xxx--xxx-", "--allocs-only"},
		{both, "xxx--xxx-", "--allocs-only"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct profile profile;
		char *text = in_mode(table[i].mode);
		read_profile(&profile, text);
		for (int sort = REPORT_AT_PEAK; sort <= REPORT_DEFAULT; sort++) {
			const char *why = report_sort_lacks(&profile, (enum report_sort)sort);
			struct report_options options = {.sort = (enum report_sort)sort, .top = 1};
			FILE *out = fopen("/dev/null", "w");
			assert_int_equal(why != NULL, table[i].lacks[sort] == 'x');
			assert_int_equal(report_write(&profile, &options, out), why ? -EINVAL : 0);
			assert_true(!why || strstr(why, table[i].why));
			fclose(out);
		}
		profile_deinit(&profile);
		free(text);
	}
	char *text = in_mode(allocs_only);
	char *shown = report(text, &(struct report_options){.sort = REPORT_ALLOCS, .top = 1});
	assert_non_null(strstr(shown, "   1. 1,000,000   81.0%\n        allocated 2.8 GiB in 1,000,000\n"));
	free(shown);
	free(text);
	text = in_mode(sampled);
	shown = report(text, &(struct report_options){.sort = REPORT_LIVE, .top = 1});
	assert_non_null(strstr(shown, "   1.  ~879 KiB   ~90.0%  in ~60 blocks, at peak ~1.4 MiB\n"
				      "        allocated ~2.8 GiB in ~1,000,000\n"));
	free(shown);
	free(text);
}

static void test_cost_of_a_sample(void **state)
{
	(void)state;
	char text[256];
	snprintf(text, sizeof(text),
		 "{\"version\":1,\"capture\":{%s},\"cost\":{\"events\":1234567,\"slowdown\":1.42}}", sampled);
	char *shown = summary(text, NULL);
	assert_non_null(
		strstr(shown, "\n  cost: ~1,234,567 events, which slowed the target down about 1.42x\n"));
	free(shown);
}

static void test_summary_of_modes(void **state)
{
	(void)state;
	static const struct {
		const char *mode, *expected;
	} table[] = {
		{sampled,
		 "captrack-bpf: shop (pid 42): peak ~1.9 MiB in ~170 blocks, after ~3.1 s\n"
		 "  allocated ~3.7 GiB in ~1,234,567; live at the end ~977 KiB in ~67\n"
		 "  sampled, one allocation kept per 512 KiB on average; what has a ~ is an estimate\n"
		 "   ~75.0%   ~1.4 MiB  basket_add (basket.h:12) < basket_fill < main\n"},
		{allocs_only, "captrack-bpf: shop (pid 42): allocated 3.7 GiB in 1,234,567 allocations\n"
			      "  allocations only: free was not probed, so live and peak are not known\n"
			      "   75.0%   2.8 GiB  basket_add (basket.h:12) < basket_fill < main\n"},
		{both, "captrack-bpf: shop (pid 42): allocated ~3.7 GiB in ~1,234,567 allocations\n"
		       "  sampled, one allocation kept per 1,000 B on average; what has a ~ is an estimate\n"
		       "  allocations only: free was not probed, so live and peak are not known\n"
		       "   ~75.0%   ~2.8 GiB  basket_add (basket.h:12) < basket_fill < main\n"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char *text = in_mode(table[i].mode);
		char *shown = summary(text, NULL);
		assert_true(longest_line(shown) <= 100);
		shown[strlen(table[i].expected)] = '\0';
		assert_string_equal(shown, table[i].expected);
		free(shown);
		free(text);
	}
}

/* How many blocks from before were freed is not known in any of them. */
static void test_note_of_a_running_process(void **state)
{
	(void)state;
	static const char *const table[] = {"\"mode\":\"exact\"", sampled, allocs_only, both};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char text[512];
		snprintf(text, sizeof(text),
			 "{\"version\":1,\"target\":{\"attached\":\"running\"},\"capture\":{%s},"
			 "\"integrity\":{\"unmatched_frees\":3}}",
			 table[i]);
		char *shown = summary(text, NULL);
		assert_non_null(strstr(shown, "  note: blocks from before the capture are not counted"));
		assert_int_equal(strstr(shown, "; 3 of them were freed in it\n") != NULL, i == 0);
		free(shown);
	}
}

/* Nothing kept is not nothing allocated. */
static void test_an_empty_sample(void **state)
{
	(void)state;
	static const char text[] = "{\"version\":1,\"target\":{\"pid\":5,\"exe\":\"/bin/true\"},"
				   "\"capture\":{\"mode\":\"sampled\",\"sample_bytes\":1048576,"
				   "\"allocators\":[\"glibc\"]}}";
	char *shown = summary(text, NULL);
	assert_string_equal(shown, "captrack-bpf: true (pid 5): no allocation was kept\n"
				   "  sampled, one allocation kept per 1 MiB on average; what has a ~ is an "
				   "estimate\n");
	free(shown);
	shown = report(text, &(struct report_options){.sort = REPORT_DEFAULT, .top = 10});
	assert_non_null(strstr(shown, "\nNo allocation was kept while the capture ran.\n"));
	free(shown);
}

static void test_full_output_is_an_error(void **state)
{
	(void)state;
	struct profile profile;
	read_profile(&profile, json);
	FILE *out = fopen("/dev/full", "w");
	assert_non_null(out);
	assert_int_equal(report_write(&profile, &(struct report_options){.top = 3}, out), -ENOSPC);
	fclose(out);
	profile_deinit(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_sort_keys),
		cmocka_unit_test(test_top_0_shows_all_uncut),
		cmocka_unit_test(test_long_names_and_large_numbers_fit_in_100_columns),
		cmocka_unit_test(test_color_only_when_asked),
		cmocka_unit_test(test_how_it_ended),
		cmocka_unit_test(test_cost_is_one_line_of_both),
		cmocka_unit_test(test_summary_of_nothing),
		cmocka_unit_test(test_report_of_modes),
		cmocka_unit_test(test_sort_keys_that_a_mode_lacks),
		cmocka_unit_test(test_summary_of_modes),
		cmocka_unit_test(test_cost_of_a_sample),
		cmocka_unit_test(test_note_of_a_running_process),
		cmocka_unit_test(test_an_empty_sample),
		cmocka_unit_test(test_full_output_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
