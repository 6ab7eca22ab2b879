// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Finding an allocator in ELF files: the machine's own libc, and files made wrong. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "captrack/probes.h"
#include "captrack/records.h"

static int open_libc(uintptr_t *base)
{
	Dl_info info;
	assert_true(dladdr((void *)(uintptr_t)&gnu_get_libc_version, &info)); /* nobody interposes that */
	*base = (uintptr_t)info.dli_fbase;
	int fd = open(info.dli_fname, O_RDONLY);
	assert_true(fd >= 0);
	return fd;
}

static const struct allocator *glibc(void)
{
	return allocators_all()[0];
}

static void test_sites_of_the_mapped_libc(void **state)
{
	(void)state;
	struct probe_site sites[PROBES_MAX_SITES];
	uintptr_t base;
	int fd = open_libc(&base);
	int count = probes_find(glibc(), fd, sites);
	close(fd);
	assert_in_range(count, 8, 10);
	void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
	assert_non_null(libc);
	bool found_malloc = false, found_free = false;
	for (int i = 0; i < count; i++) {
		void *real = dlsym(libc, sites[i].function->name);
		assert_ptr_equal(real, (void *)(base + sites[i].entry));
		assert_int_equal(sites[i].vaddr, sites[i].entry + sites[i].site.offset);
		found_malloc |= !strcmp(sites[i].function->name, "malloc");
		found_free |= !strcmp(sites[i].function->name, "free");
		/* The bytes at the file's offset are the ones that run. */
		unsigned char bytes[16];
		fd = open_libc(&base);
		assert_int_equal(pread(fd, bytes, sizeof(bytes), (off_t)sites[i].file_offset), sizeof(bytes));
		close(fd);
		assert_memory_equal(bytes, (void *)(base + sites[i].vaddr), sizeof(bytes));
		for (int k = 0; k < i; k++)
			assert_int_not_equal(sites[i].vaddr, sites[k].vaddr);
	}
	assert_true(found_malloc && found_free);
}

/* There places are numbers of arguments, and every recipe is as in the table. */
static void test_sites_forced_to_the_entries(void **state)
{
	(void)state;
	struct probe_site sites[PROBES_MAX_SITES];
	uintptr_t base;
	int fd = open_libc(&base);
	assert_int_equal(setenv("CAPTRACK_SITES", "entry", 1), 0);
	int count = probes_find(glibc(), fd, sites);
	assert_int_equal(unsetenv("CAPTRACK_SITES"), 0);
	close(fd);
	assert_in_range(count, 8, 10);
	for (int i = 0; i < count; i++) {
		assert_int_equal(sites[i].vaddr, sites[i].entry);
		assert_int_equal(sites[i].cookie & 0xffffff, sites[i].function->cookie);
		assert_int_equal(sites[i].site.why, SITE_FORCED);
	}
}

static void test_extent_of_the_code_holds_the_function_and_its_callers(void **state)
{
	(void)state;
	struct probe_site sites[PROBES_MAX_SITES];
	uintptr_t base;
	int fd = open_libc(&base);
	int count = probes_find(glibc(), fd, sites);
	close(fd);
	void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
	uintptr_t caller = (uintptr_t)dlsym(libc, "strdup");
	for (int i = 0; i < count; i++) {
		uintptr_t here = base + sites[i].vaddr; /* what the kernel half sees as the address */
		assert_true(caller >= here - CT_COOKIE_TEXT_BEFORE(sites[i].cookie));
		assert_true(caller < here + CT_COOKIE_TEXT_AFTER(sites[i].cookie));
		uintptr_t mine = (uintptr_t)&test_sites_of_the_mapped_libc;
		assert_false(mine >= here - CT_COOKIE_TEXT_BEFORE(sites[i].cookie) &&
			     mine < here + CT_COOKIE_TEXT_AFTER(sites[i].cookie));
	}
}

static void test_another_library_is_not_the_allocator(void **state)
{
	(void)state;
	struct probe_site sites[PROBES_MAX_SITES];
	int fd = open("/proc/self/exe", O_RDONLY);
	assert_int_equal(probes_find(glibc(), fd, sites), 0);
	close(fd);
}

static int memory_file(const void *bytes, size_t size)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	return fd;
}

static void test_kinds_of_programs(void **state)
{
	(void)state;
	int fd = open("/proc/self/exe", O_RDONLY);
	assert_int_equal(program_kind_of(fd), PROGRAM_DYNAMIC);
	unsigned char bytes[4096];
	assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	close(fd);

	fd = memory_file("#!/bin/sh\n", 10);
	assert_int_equal(program_kind_of(fd), PROGRAM_NOT_ELF);
	close(fd);
	bytes[18] ^= 0x55; /* e_machine */
	fd = memory_file(bytes, sizeof(bytes));
	assert_int_equal(program_kind_of(fd), PROGRAM_FOREIGN);
	close(fd);
	uintptr_t base;
	fd = open_libc(&base);
	assert_int_not_equal(program_kind_of(fd), PROGRAM_NOT_ELF);
	close(fd);
}

/* Ten thousand libcs with wrong bytes in their headers and tables, or cut short: any
 * answer will do, but there must be one. */
static void test_mutated_files_do_no_harm(void **state)
{
	(void)state;
	struct probe_site sites[PROBES_MAX_SITES];
	uintptr_t base;
	struct stat st;
	int libc = open_libc(&base);
	assert_int_equal(fstat(libc, &st), 0);
	unsigned char *bytes = malloc((size_t)st.st_size);
	assert_int_equal(pread(libc, bytes, (size_t)st.st_size, 0), st.st_size);
	close(libc);
	int fd = memory_file(bytes, (size_t)st.st_size);
	const ElfW(Ehdr) *header = (const void *)bytes;
	unsigned int seed = 1;
	for (int i = 0; i < 10000; i++) {
		off_t at;
		switch (rand_r(&seed) % 4) {
		case 0:
			at = rand_r(&seed) % (off_t)sizeof(*header);
			break;
		case 1:
			at = (off_t)header->e_shoff + rand_r(&seed) % (header->e_shnum * header->e_shentsize);
			break;
		case 2:
			at = (off_t)header->e_phoff + rand_r(&seed) % (header->e_phnum * header->e_phentsize);
			break;
		default:
			at = rand_r(&seed) % 200000; /* symbols, strings */
		}
		unsigned char value = (unsigned char)rand_r(&seed);
		assert_int_equal(pwrite(fd, &value, 1, at), 1);
		if (i % 50 == 0)
			assert_int_equal(ftruncate(fd, rand_r(&seed) % st.st_size), 0);
		if (i % 10 == 0 || i % 50 == 0)
			probes_find(glibc(), fd, sites);
		program_kind_of(fd);
		if (i % 50 == 0 || i % 7 == 0)
			assert_int_equal(pwrite(fd, bytes, (size_t)(i % 50 ? 300000 : st.st_size), 0),
					 i % 50 ? 300000 : st.st_size);
	}
	close(fd);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sites_of_the_mapped_libc),
		cmocka_unit_test(test_sites_forced_to_the_entries),
		cmocka_unit_test(test_extent_of_the_code_holds_the_function_and_its_callers),
		cmocka_unit_test(test_another_library_is_not_the_allocator),
		cmocka_unit_test(test_kinds_of_programs),
		cmocka_unit_test(test_mutated_files_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
