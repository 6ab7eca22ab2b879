// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Ten thousand files with something wrong in them through unwind_read, built with what
 * sanitizers the compiler has. `test_unwind_mutated SEED N` makes and reads only the Nth. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "read_rows.h"

enum { FILES = 10000, MOST_SEEDS = 8, MOST_SIZE = 1 << 20, MOST_SECONDS_EACH = 1 };

/* No allocation may be out of proportion: the files are of some 10 KiB. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "max_allocation_size_mb=16:abort_on_error=1";
}

struct part {
	size_t offset, size;
};

struct seed {
	unsigned char *bytes;
	size_t size;
	struct part headers, segments, sections, frames, index; /* what is worth changing */
};

static struct seed seeds[MOST_SEEDS];
static size_t seed_count;
static uint64_t random_state, first_random = 1;
static int current;

static uint64_t any(void) /* xorshift64* */
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dull;
}

static size_t below(size_t limit)
{
	return limit ? any() % limit : 0;
}

/* Which file it was; on the way out of a process that has failed or hangs. */
static void tell(int number)
{
	fprintf(stderr, "that was: test_unwind_mutated %llu %d\n", (unsigned long long)first_random, current);
	_exit(128 + number);
}

static void find_parts(struct seed *seed)
{
	const Elf64_Ehdr *header = (const void *)seed->bytes;
	const Elf64_Shdr *section = (const void *)(seed->bytes + header->e_shoff);
	const char *names = (const char *)seed->bytes + section[header->e_shstrndx].sh_offset;
	seed->headers = (struct part){0, sizeof(*header)};
	seed->segments = (struct part){header->e_phoff, header->e_phnum * sizeof(Elf64_Phdr)};
	seed->sections = (struct part){header->e_shoff, header->e_shnum * sizeof(Elf64_Shdr)};
	for (int i = 0; i < header->e_shnum; i++) {
		const char *name = names + section[i].sh_name;
		struct part part = {section[i].sh_offset, section[i].sh_size};
		if (!strcmp(name, ".eh_frame") || !strcmp(name, ".debug_frame"))
			seed->frames = part;
		if (!strcmp(name, ".eh_frame_hdr"))
			seed->index = part;
	}
	assert_int_not_equal(seed->frames.size, 0);
}

/* The seeds stand beside the program: make has built them. */
static int load_seeds(void **state)
{
	char path[4096];
	(void)state;
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 64);
	if (length < 0)
		return -1;
	path[length] = 0;
	strcpy(strrchr(path, '/'), "/../fuzz/seeds");
	DIR *all = opendir(path);
	if (!all)
		return -1;
	const char *names[] = {"frames", "debug_frame"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct seed *seed = &seeds[seed_count++];
		int fd = openat(dirfd(all), names[i], O_RDONLY | O_CLOEXEC);
		seed->bytes = malloc(MOST_SIZE);
		ssize_t size = fd < 0 || !seed->bytes ? -1 : read(fd, seed->bytes, MOST_SIZE);
		if (size <= 0)
			return -1;
		seed->size = (size_t)size;
		close(fd);
		find_parts(seed);
	}
	return closedir(all);
}

static int free_seeds(void **state)
{
	(void)state;
	while (seed_count)
		free(seeds[--seed_count].bytes);
	return 0;
}

static void overwrite(unsigned char *bytes, size_t size, size_t at, const void *with, size_t length)
{
	if (at < size)
		memcpy(bytes + at, with, length < size - at ? length : size - at);
}

/* A number that is likely to hit an edge, over 1, 2, 4 or 8 bytes that may be a field. */
static void change_field(unsigned char *bytes, size_t size, struct part part)
{
	const uint64_t edges[] = {0,          1,           2,      0x7f,       0x80,
				  0xff,       0x7fff,      0xffff, 0x7fffffff, 0x80000000,
				  0xffffffff, ~0ull,       size,   size - 1,   1ull << 63,
				  part.size,  part.offset, any(),  ~0ull - 3,  below(size)};
	size_t length = (size_t)1 << below(4);
	size_t at = part.offset + below(part.size) / length * length;
	uint64_t value = edges[below(sizeof(edges) / sizeof(*edges))];
	if (!below(3)) { /* what is there, a little more or less */
		memcpy(&value, bytes + (at < size - 8 ? at : 0), sizeof(value));
		value += below(33) - 16;
	}
	overwrite(bytes, size, at, &value, length);
}

static void change_byte(unsigned char *bytes, size_t size, struct part part)
{
	unsigned char value = (unsigned char)any();
	overwrite(bytes, size, part.offset + below(part.size), &value, 1);
}

static void change_bit(unsigned char *bytes, size_t size, struct part part)
{
	size_t at = part.offset + below(part.size);
	if (at < size)
		bytes[at] ^= (unsigned char)(1 << below(8));
}

/* Some bytes of a part to elsewhere in it. */
static void move(unsigned char *bytes, size_t size, struct part part)
{
	size_t length = below(48), from = part.offset + below(part.size), to = part.offset + below(part.size);
	if (from + length <= size && to + length <= size)
		memmove(bytes + to, bytes + from, length);
}

/* Returns the size of the file, which is changed in one to five ways. */
static size_t mutate(const struct seed *seed, unsigned char *bytes)
{
	size_t size = seed->size;
	memcpy(bytes, seed->bytes, size);
	if (!below(8)) /* no section headers: the other way to .eh_frame */
		memset(bytes + offsetof(Elf64_Ehdr, e_shoff), 0, sizeof(Elf64_Off));
	if (!below(16))
		size = below(size);
	for (size_t changes = 1 + below(5); changes && size > 64; changes--) {
		const struct part all = {0, size};
		const struct part parts[] = {seed->headers, seed->segments, seed->sections, seed->frames,
					     seed->frames,  seed->frames,   seed->index,    all};
		struct part part = parts[below(sizeof(parts) / sizeof(*parts))];
		void (*const ways[])(unsigned char *, size_t, struct part) = {change_field, change_byte,
									      change_bit, move};
		ways[below(4)](bytes, size, part.size ? part : all);
	}
	return size;
}

/* True where it had rows. Each file depends on its number alone. */
static int read_file(int number)
{
	static unsigned char bytes[MOST_SIZE];
	struct timespec begin, end;
	current = number;
	random_state = (first_random << 32 | (uint64_t)number) * 0x9e3779b97f4a7c15ull | 1;
	for (int i = 0; i < 4; i++)
		any();
	const struct seed *seed = &seeds[below(8) ? 0 : 1]; /* the one that has more */
	size_t size = mutate(seed, bytes);
	unsigned char *exact = malloc(size ? size : 1);
	assert_non_null(exact);
	memcpy(exact, bytes, size);
	alarm(20 * MOST_SECONDS_EACH); /* if it does not end at all */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	int had_rows = read_rows(exact, size);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	alarm(0);
	free(exact);
	if (end.tv_sec - begin.tv_sec > MOST_SECONDS_EACH)
		fail_msg("file %d took more than %d s", number, MOST_SECONDS_EACH);
	return had_rows;
}

static void test_seeds_have_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < seed_count; i++)
		assert_true(read_rows(seeds[i].bytes, seeds[i].size));
}

static void test_mutated_files(void **state)
{
	int with_rows = 0;
	(void)state;
	print_message("seed %llu\n", (unsigned long long)first_random);
	for (int i = 0; i < FILES; i++)
		with_rows += read_file(i);
	print_message("%d files of %d had rows\n", with_rows, FILES);
	/* Some files must get far, and some must not, else the changes are of no use. */
	assert_in_range(with_rows, FILES / 10, FILES * 9 / 10);
}

static void test_one_file(void **state)
{
	print_message("rows: %d\n", read_file(*(const int *)*state));
}

int main(int argc, char **argv)
{
	int number = argc > 2 ? atoi(argv[2]) : 0;
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_seeds_have_rows),
		cmocka_unit_test(test_mutated_files),
	};
	const struct CMUnitTest one[] = {cmocka_unit_test_prestate(test_one_file, &number)};
	if (argc > 1)
		first_random = strtoull(argv[1], NULL, 0);
	signal(SIGABRT, tell);
	signal(SIGALRM, tell);
	return argc > 2 ? cmocka_run_group_tests(one, load_seeds, free_seeds)
			: cmocka_run_group_tests(all, load_seeds, free_seeds);
}
