// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* export -f massif: snapshots of the timeline, and trees cut as massif cuts them. */
#include "../../src/exports/exports_internal.h"
#include "made_profile.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *massif(const struct profile *profile)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	assert_null(massif_lacks(profile));
	assert_int_equal(massif_write(profile, out), 0);
	fclose(out);
	return text;
}

static void assert_has(const struct profile *profile, const char *part)
{
	char *text = massif(profile);
	if (!strstr(text, part))
		fail_msg("no %s in %s", part, text);
	free(text);
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;
	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

static void a_point(struct profile *profile, uint64_t ms, uint64_t live_bytes, bool is_peak)
{
	int64_t index = profile_add_point(profile);
	assert_true(index >= 0);
	profile->timeline[index] =
		(struct profile_point){.ms = ms, .live_bytes = live_bytes, .is_peak = is_peak};
}

static void a_stack(struct profile *profile, const char *frames, uint64_t at_peak, uint64_t live)
{
	struct profile_stack *stack = made_stack(profile, frames);
	stack->counts.at_peak_bytes = at_peak;
	stack->counts.live_bytes = live;
	stack->counts.at_peak_allocs = stack->counts.live_allocs = 1;
	profile->totals.peak_bytes |= at_peak; /* whether there is one is all that is asked */
}

#define SNAPSHOT(number, time, bytes, tree)                                                                  \
	"#-----------\nsnapshot=" #number "\n#-----------\ntime=" #time "\nmem_heap_B=" #bytes               \
	"\nmem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree=" tree "\n"
#define ROOT "(heap allocation functions) malloc/new/new[], --alloc-fns, etc.\n"

static void test_the_file(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	profile.peak_ms = 700;
	a_point(&profile, 500, 300, false);
	a_point(&profile, 700, 1000, true);
	a_point(&profile, 700, 900, false); /* of the same ms: after it */
	a_point(&profile, 1000, 40, false);
	a_stack(&profile, "push vec.h:7:3^ < grow src/buf.c:12:5 < main main.c:3", 975, 0);
	a_stack(&profile, "getline < +0x12 < main main.c:3", 10, 0);
	a_stack(&profile, "tiny a.c:1 < main main.c:3", 8, 40);
	a_stack(&profile, "smaller a.c:2 < main main.c:3", 7, 0);
	a_stack(&profile, "none a.c:3 < main main.c:3", 0, 0);
	char *text = massif(&profile);
	assert_string_equal(text, "desc: captrack-bpf " CT_VERSION ", exact\n"
				  "cmd: shop --all\n"
				  "time_unit: ms\n"
				  "#-----------\nsnapshot=0\n#-----------\n"
				  "time=500\nmem_heap_B=300\nmem_heap_extra_B=0\nmem_stacks_B=0\n"
				  "heap_tree=empty\n"
				  "#-----------\nsnapshot=1\n#-----------\n"
				  "time=700\nmem_heap_B=1000\nmem_heap_extra_B=0\nmem_stacks_B=0\n"
				  "heap_tree=peak\n"
				  "n3: 1000 (heap allocation functions) malloc/new/new[], --alloc-fns, etc.\n"
				  " n1: 975 0x100: push (vec.h:7)\n"
				  "  n1: 975 0x100: grow (src/buf.c:12)\n"
				  "   n0: 975 0x110: main (main.c:3)\n"
				  " n1: 10 0x120: getline (in /lib/libc.so.6)\n"
				  "  n1: 10 0x12: shop+0x12 (in /opt/bin/shop)\n"
				  "   n0: 10 0x140: main (main.c:3)\n"
				  " n0: 15 in 2 places, all below massif's threshold (1.00%)\n"
				  "#-----------\nsnapshot=2\n#-----------\n"
				  "time=700\nmem_heap_B=900\nmem_heap_extra_B=0\nmem_stacks_B=0\n"
				  "heap_tree=empty\n"
				  "#-----------\nsnapshot=3\n#-----------\n"
				  "time=1000\nmem_heap_B=40\nmem_heap_extra_B=0\nmem_stacks_B=0\n"
				  "heap_tree=detailed\n"
				  "n1: 40 (heap allocation functions) malloc/new/new[], --alloc-fns, etc.\n"
				  " n1: 40 0x150: tiny (a.c:1)\n"
				  "  n0: 40 0x160: main (main.c:3)\n");
	free(text);
	/* While it runs there is no end; where nothing is left there is no tree of it. */
	profile.state = PROFILE_RUNNING;
	assert_has(&profile, "desc: captrack-bpf " CT_VERSION ", exact; the process runs on\n");
	assert_has(&profile, SNAPSHOT(3, 1000, 40, "empty"));
	profile.state = PROFILE_FINAL;
	profile.stacks[2].counts.live_bytes = profile.timeline[3].live_bytes = 0;
	assert_has(&profile, SNAPSHOT(3, 1000, 0, "empty"));
	profile.capture.sample_bytes = 4096;
	assert_has(&profile, ", estimates: one allocation kept per 4096 bytes on average\n");
	profile_deinit(&profile);
}

/* Callers that are all small, in the middle of the tree; one alone is "1 place". */
static void test_what_is_small_is_summed_up(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	a_point(&profile, 0, 0, false);
	made_stack(&profile, "");
	for (size_t i = 0; i < 3; i++)
		a_stack(&profile, i == 2 ? "b b.c:1 < main main.c:3" : "a a.c:1 < main main.c:3",
			i == 0 ? 9900 : 50, 0);
	for (size_t i = 0; i < 2; i++) /* both stacks of a begin with the same frame */
		profile.stacks[1 + i].frames[0] = profile.stacks[1].frames[0];
	char *text = massif(&profile);
	assert_non_null(strstr(text, "n2: 10000 " ROOT " n2: 9950 0x100: a (a.c:1)\n"
				     "  n0: 9900 0x110: main (main.c:3)\n"
				     "  n0: 50 in 1 place, all below massif's threshold (1.00%)\n"
				     " n0: 50 in 1 place, all below massif's threshold (1.00%)\n"));
	free(text);
	profile.stacks[1].counts.at_peak_bytes = 99; /* 199 in all: 1% is 2 */
	profile.stacks[3].counts.at_peak_bytes = 1;
	profile.stacks[2].counts.at_peak_bytes = 99;
	assert_has(&profile, " n2: 198 0x100: a (a.c:1)\n  n0: 99 0x110: main (main.c:3)\n"
			     "  n0: 99 0x130: main (main.c:3)\n n0: 1 in 1 place, ");
	profile_deinit(&profile);
}

/* 101 callers of one function, none of them with 1%. */
static void test_all_callers_small(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	a_point(&profile, 0, 0, false);
	for (size_t i = 0; i < 101; i++) {
		a_stack(&profile, "a a.c:1 < main main.c:3", 10, 0);
		profile.stacks[i].frames[0] = profile.stacks[0].frames[0];
	}
	a_stack(&profile, "b b.c:1", 500, 0);
	assert_has(&profile, "n2: 1510 " ROOT " n1: 1010 0x100: a (a.c:1)\n"
			     "  n0: 1010 in 101 places, all below massif's threshold (1.00%)\n"
			     " n0: 500 0x");
	profile_deinit(&profile);
}

/* 30 frames, as massif has them, and the inlined functions of each; of those no more than ms_print bears. */
static void test_depth(void **state)
{
	(void)state;
	char frames[4096 * 16] = "", name[40];
	struct profile profile;
	made_begin(&profile);
	a_point(&profile, 0, 0, false);
	for (int i = 1; i <= 3000; i++) {
		snprintf(name, sizeof(name), "%sf%d a.c:%d", i > 1 ? " < " : "", i, i);
		strcat(frames, name);
	}
	a_stack(&profile, frames, 5, 5);
	a_stack(&profile, frames, 4, 0);
	char *text = massif(&profile);
	assert_int_equal(count(text, " (a.c:"), 3 * 30);
	assert_non_null(strstr(text, "\n                              n0: 5 0x2d0: f30 (a.c:30)\n n1: 4 "));
	free(text);
	profile_deinit(&profile);

	made_begin(&profile);
	a_point(&profile, 0, 0, false);
	frames[0] = '\0';
	for (int i = 1; i <= 3000; i++) {
		snprintf(name, sizeof(name), "%sf%d a.c:%d%s", i > 1 ? " < " : "", i, i, i % 4 ? "^" : "");
		strcat(frames, name);
	}
	a_stack(&profile, frames, 5, 0);
	text = massif(&profile);
	assert_int_equal(count(text, " (a.c:"), 90);
	free(text);
	profile_deinit(&profile);
}

/* At most 1,000, at even distances; the peak and the last are there. */
static void test_many_points(void **state)
{
	(void)state;
	static const size_t sizes[] = {998, 999, 1999, 100000};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct profile profile;
		char part[100];
		made_begin(&profile);
		profile.peak_ms = 776;
		for (size_t j = 0; j < sizes[i]; j++)
			a_point(&profile, j, j == 776 ? 7 : 1000 + j, j == 776);
		a_stack(&profile, "main main.c:3", 123456, 5);
		char *text = massif(&profile);
		size_t n = count(text, "snapshot=");
		assert_in_range(n, sizes[i] < 1000 ? sizes[i] / 2 : 600, 1000);
		assert_int_equal(count(text, "heap_tree=peak"), 1);
		assert_non_null(strstr(text, "time=776\nmem_heap_B=123456\n"));
		snprintf(part, sizeof(part),
			 "snapshot=%zu\n#-----------\ntime=%zu\nmem_heap_B=5\nmem_heap_extra_B=0\n"
			 "mem_stacks_B=0\nheap_tree=detailed\n",
			 n - 1, sizes[i] - 1);
		assert_non_null(strstr(text, part));
		free(text);
		profile_deinit(&profile);
	}
}

static void test_what_a_file_may_say(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	assert_non_null(strstr(massif_lacks(&profile), "timeline"));
	a_point(&profile, 7, 0, false); /* of a process that allocated nothing */
	assert_has(&profile, "\ntime_unit: ms\n" SNAPSHOT(0, 7, 0, "empty"));
	profile.n_timeline = 0;
	/* Peaks as it likes, time that goes back, a last point that is none. */
	profile.peak_ms = 900;
	a_point(&profile, 500, 1, true);
	a_point(&profile, UINT64_MAX, 2, false);
	a_point(&profile, 100, 3, false);
	a_point(&profile, 200, 4, true);
	a_stack(&profile, "operator()::{lambda()#1}\n\x01 a#b.c:1", UINT64_MAX, 0);
	assert_has(&profile, SNAPSHOT(0, 900, 18446744073709551615, "peak"));
	assert_has(&profile, "\n n0: 18446744073709551615 0x100: operator()::{lambda() 1}\\x0A\\x01 (a "
			     "b.c:1)\n#-----------\n");
	assert_has(&profile, SNAPSHOT(1, 18446744073709551615, 2, "empty"));
	assert_has(&profile, SNAPSHOT(2, 18446744073709551615, 0, "empty"));
	free(profile.target.command);
	profile.target.command = malloc(1000001);
	assert_non_null(profile.target.command);
	memset(profile.target.command, '\n', 1000000);
	profile.target.command[1000000] = '\0';
	char *text = massif(&profile);
	const char *command = strstr(text, "\ncmd: \\x0A\\x0A");
	assert_non_null(command);
	assert_in_range(strcspn(command + 1, "\n"), 3900, 4094); /* all that massif-visualizer reads */
	free(text);
	a_stack(&profile, "main main.c:3", 1, 0);
	FILE *out = fopen("/dev/full", "w");
	assert_non_null(out);
	assert_non_null(strstr(massif_lacks(&profile), "2^64"));
	assert_int_equal(massif_write(&profile, out), -EINVAL);
	profile.stacks[1].counts = (struct profile_counts){0};
	assert_int_equal(massif_write(&profile, out), -ENOSPC);
	profile.capture.allocs_only = true;
	assert_non_null(strstr(massif_lacks(&profile), "--allocs-only"));
	assert_int_equal(massif_write(&profile, out), -EINVAL);
	fclose(out);
	profile_deinit(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_file),          cmocka_unit_test(test_what_is_small_is_summed_up),
		cmocka_unit_test(test_all_callers_small), cmocka_unit_test(test_depth),
		cmocka_unit_test(test_many_points),       cmocka_unit_test(test_what_a_file_may_say),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
