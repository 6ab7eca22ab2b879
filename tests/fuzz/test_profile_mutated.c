// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Thousands of profiles with something wrong in them through the reader and all that shows a profile,
 * built with what sanitizers the compiler has. `test_profile_mutated SEED N` makes and uses only the Nth;
 * with a third argument it writes it to that file, too. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mutate_json.h"
#include "use_profile.h"

enum { PROFILES = 2000, MOST_SEEDS = 16, MOST_SIZE = 1 << 18, MOST_SECONDS_EACH = 2 };

/* No allocation may be out of proportion: the files are of some 10 KiB. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "max_allocation_size_mb=64:abort_on_error=1";
}

static struct seed {
	char *text;
	size_t length;
} seeds[MOST_SEEDS];
static size_t seed_count;
static uint64_t first_random = 1;
static int current;
static const char *write_to;

/* Which profile it was; on the way out of a process that has failed or hangs. */
static void tell(int number)
{
	fprintf(stderr, "that was: test_profile_mutated %llu %d\n", (unsigned long long)first_random,
		current);
	_exit(128 + number);
}

static int load_seed(const char *path)
{
	struct seed *seed = &seeds[seed_count++];
	FILE *in = fopen(path, "re");
	seed->text = malloc(MOST_SIZE);
	if (!in || !seed->text)
		return -1;
	seed->length = fread(seed->text, 1, MOST_SIZE, in);
	return fclose(in) || !seed->length;
}

static int load_seeds(void **state)
{
	glob_t found;
	(void)state;
	int result = glob(PROFILES_DIR "/*.json", 0, NULL, &found);
	for (size_t i = 0; !result && i < found.gl_pathc && seed_count < MOST_SEEDS; i++)
		result = load_seed(found.gl_pathv[i]);
	globfree(&found);
	return result;
}

static int free_seeds(void **state)
{
	(void)state;
	while (seed_count)
		free(seeds[--seed_count].text);
	return 0;
}

static void write_profile(const char *text, size_t length)
{
	FILE *out = write_to ? fopen(write_to, "we") : NULL;
	if (!out)
		return;
	fwrite(text, 1, length, out);
	fclose(out);
}

/* Whether it was one. It depends on its number alone. */
static bool use_mutated(int number)
{
	static char text[MOST_SIZE];
	struct dice dice = {.state = (first_random << 32 | (uint64_t)number) * 0x9e3779b97f4a7c15ull | 1};
	struct timespec begin, end;
	current = number;
	for (int i = 0; i < 4; i++)
		dice_any(&dice);
	const struct seed *seed = &seeds[dice_below(&dice, seed_count)];
	size_t length = seed->length;
	memcpy(text, seed->text, length);
	for (size_t changes = 1 + dice_below(&dice, 4); changes; changes--)
		length = mutate_json(text, length, sizeof(text), &dice);
	write_profile(text, length);
	char *exact = malloc(length ? length : 1);
	assert_non_null(exact);
	memcpy(exact, text, length);
	alarm(20 * MOST_SECONDS_EACH); /* if it does not end at all */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	bool was_read = use_profile(exact, length);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	alarm(0);
	free(exact);
	if (end.tv_sec - begin.tv_sec > MOST_SECONDS_EACH)
		fail_msg("profile %d took more than %d s", number, MOST_SECONDS_EACH);
	return was_read;
}

static void test_seeds_are_read(void **state)
{
	(void)state;
	assert_true(seed_count >= 5);
	for (size_t i = 0; i < seed_count; i++)
		assert_true(use_profile(seeds[i].text, seeds[i].length));
}

static void test_mutated_profiles(void **state)
{
	int were_read = 0;
	(void)state;
	print_message("seed %llu\n", (unsigned long long)first_random);
	for (int i = 0; i < PROFILES; i++)
		were_read += use_mutated(i);
	print_message("%d profiles of %d were read\n", were_read, PROFILES);
	/* Some must get far, and some must not, else the changes are of no use. */
	assert_in_range(were_read, PROFILES / 10, PROFILES * 9 / 10);
}

static void test_one_profile(void **state)
{
	print_message("read: %d\n", use_mutated(*(const int *)*state));
}

int main(int argc, char **argv)
{
	int number = argc > 2 ? atoi(argv[2]) : 0;
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_seeds_are_read),
		cmocka_unit_test(test_mutated_profiles),
	};
	const struct CMUnitTest one[] = {cmocka_unit_test_prestate(test_one_profile, &number)};
	if (argc > 1)
		first_random = strtoull(argv[1], NULL, 0);
	if (argc > 3)
		write_to = argv[3];
	signal(SIGABRT, tell);
	signal(SIGALRM, tell);
	return argc > 2 ? cmocka_run_group_tests(one, load_seeds, free_seeds)
			: cmocka_run_group_tests(all, load_seeds, free_seeds);
}
