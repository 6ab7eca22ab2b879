// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Unwind data made to hang their reader or to take its memory: valid, but of no use. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dwarf.h>
#include <elf.h>
#include <errno.h>
#include <sys/resource.h>
#include <time.h>

#include "captrack/records.h"
#include "assemble.h"

static double processor_time(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long most_memory(void) /* KiB, ever */
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static struct unwind_rows read_quickly(const char *code)
{
	struct file file = assemble(code, NULL);
	struct unwind_rows rows;
	long memory = most_memory();
	double begin = processor_time();
	int result = read_bytes(file.bytes, file.size, &rows);
	assert_in_range((processor_time() - begin) * 1000, 0, 1000);
	assert_in_range(most_memory() - memory, 0, (long)file.size / 1024 * 32 + 4096);
	assert_true(!result || result == -ENODATA);
	free(file.bytes);
	return rows;
}

/* Each row's rules from all before it: quadratic, if read row by row. */
static void test_a_function_of_many_rows(void **state)
{
	(void)state;
	struct unwind_rows rows = read_quickly("	.cfi_startproc\n"
					       "	.rept 60000\n"
					       "	.skip 1\n"
					       "	.cfi_def_cfa_offset 16\n"
					       "	.skip 1\n"
					       "	.cfi_def_cfa_offset 8\n"
					       "	.endr\n"
					       "	.skip 1\n"
					       "	.cfi_endproc");
	assert_int_equal(rows.count, 120002); /* and all are there */
	unwind_rows_deinit(&rows);
}

static void test_many_remembered_states(void **state)
{
	(void)state;
	struct unwind_rows rows = read_quickly("	.cfi_startproc\n"
					       "	.rept 60000\n"
					       "	.cfi_remember_state\n"
					       "	.endr\n"
					       "	.rept 20000\n"
					       "	.skip 1\n"
					       "	.cfi_def_cfa_offset 16\n"
					       "	.skip 1\n"
					       "	.cfi_def_cfa_offset 8\n"
					       "	.endr\n"
					       "	.cfi_endproc");
	assert_int_equal(rows.count, 1); /* what is not followed is not guessed */
	assert_int_equal(CT_ROW_KIND(rows.row[0]), CT_ROW_NONE);
	unwind_rows_deinit(&rows);
}

/* A table with a line for each register would take 2 GiB. */
static void test_a_register_of_a_large_number(void **state)
{
	(void)state;
	struct unwind_rows rows = read_quickly("	.cfi_startproc\n"
					       "	.skip 1\n"
					       "	.cfi_escape 0x07, 0xff, 0xff, 0xff, 0x3f\n"
					       "	.skip 1\n"
					       "	.cfi_def_cfa_offset 16\n"
					       "	.skip 1\n"
					       "	.cfi_endproc");
	unwind_rows_deinit(&rows);
}

/* The same code is described again and again, each time at length and one byte further. */
static void test_functions_on_top_of_each_other(void **state)
{
	(void)state;
	struct unwind_rows rows = read_quickly("	.skip 4000\n"
					       "	.section .debug_frame\n"
					       "	.long 2f - 1f\n"
					       "1:	.long -1\n"
					       "	.byte 1, 0, 1, 0x78, 16, 0x0c, 7, 8, 0x90, 1\n"
					       "	.balign 4\n"
					       "2:	.set length, 2000\n"
					       "	.rept 1000\n"
					       "	.long 20f - 10f\n"
					       "10:	.long 0\n"
					       "	.quad .text + 16\n"
					       "	.quad length\n"
					       "	.fill 1000, 2, 0x0a41\n"
					       "	.balign 4\n"
					       "20:	.set length, length + 1\n"
					       "	.endr\n"
					       "	.text");
	assert_int_equal(rows.functions, 1000);
	assert_int_equal(rows.count, 2);
	unwind_rows_deinit(&rows);
}

/* An entry that all functions refer to in turn with another, and that takes long to read. */
static void test_a_long_description_of_functions(void **state)
{
	(void)state;
	struct unwind_rows rows = read_quickly("	.skip 4000\n"
					       "	.section .debug_frame\n"
					       "	.macro cie\n"
					       "	.long 20f - 10f\n"
					       "10:	.long -1\n"
					       "	.byte 1\n"
					       "	.ascii \"z\"\n"
					       "	.fill 1000000, 1, 'S'\n"
					       "	.byte 0, 1, 0x78, 16, 0, 0x0c, 7, 8, 0x90, 1\n"
					       "	.balign 4\n"
					       "20:\n"
					       "	.endm\n"
					       "	.macro fde cie\n"
					       "	.long 20f - 10f\n"
					       "10:	.long \\cie - .debug_frame\n"
					       "	.quad .text + 16\n"
					       "	.quad 1\n"
					       "	.byte 0, 0, 0, 0\n"
					       "20:\n"
					       "	.endm\n"
					       "one:	cie\n"
					       "two:	cie\n"
					       "	.rept 10000\n"
					       "	fde one\n"
					       "	fde two\n"
					       "	.endr\n"
					       "	.text");
	unwind_rows_deinit(&rows);
}

/* Where there are too many rows the last one has to end what is described. */
static void test_more_rows_than_are_kept(void **state)
{
	static const unsigned char two_rows[] = {DW_CFA_advance_loc + 1, DW_CFA_def_cfa_offset, 16,
						 DW_CFA_advance_loc + 1, DW_CFA_def_cfa_offset, 8};
	char path[64];
	(void)state;
	snprintf(path, sizeof(path), "%s/rows", dir);
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	for (int i = 0; i < 9 << 20; i++)
		fwrite(two_rows, sizeof(two_rows), 1, out);
	assert_int_equal(fclose(out), 0);
	struct file file = assemble("	.skip 20 << 20\n"
				    "	.section .debug_frame\n"
				    "	.long 2f - 1f\n"
				    "1:	.long -1\n"
				    "	.byte 1, 0, 1, 0x78, 16, 0x0c, 7, 8, 0x90, 1\n"
				    "	.balign 4\n"
				    "2:	.long 4f - 3f\n"
				    "3:	.long 0\n"
				    "	.quad .text + 16\n"
				    "	.quad 20 << 20\n"
				    "	.incbin \"rows\"\n"
				    "4:	.text",
				    NULL);
	struct unwind_rows rows;
	assert_int_equal(read_bytes(file.bytes, file.size, &rows), 0);
	assert_int_equal(rows.count, 1 << 24);
	assert_int_equal(CT_ROW_KIND(rows.row[rows.count - 1]), CT_ROW_NONE);
	unwind_rows_deinit(&rows);
	free(file.bytes);
}

static Elf64_Shdr *section_of(const struct file *file, const char *wanted)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)file->bytes;
	Elf64_Shdr *sections = (Elf64_Shdr *)(file->bytes + header->e_shoff);
	for (int i = 0; i < header->e_shnum; i++)
		if (!strcmp((char *)file->bytes + sections[header->e_shstrndx].sh_offset +
				    sections[i].sh_name,
			    wanted))
			return &sections[i];
	return NULL;
}

/* A sparse file costs nothing, and neither does a small one that says how large it will be. */
static void test_sections_of_gigabytes(void **state)
{
	(void)state;
	for (int compressed = 0; compressed < 2; compressed++) {
		struct file file = assemble("	.cfi_startproc\n	nop\n	.cfi_endproc", NULL);
		Elf64_Shdr *section = section_of(&file, ".eh_frame");
		assert_non_null(section);
		if (compressed)
			section->sh_flags |= SHF_COMPRESSED;
		else
			section->sh_size = 3ull << 30;
		int fd = memfd_create("sparse", MFD_CLOEXEC);
		assert_int_equal(write(fd, file.bytes, file.size), file.size);
		assert_int_equal(ftruncate(fd, 4ll << 30), 0);
		long memory = most_memory();
		double begin = processor_time();
		struct unwind_rows rows;
		int result = unwind_read(fd, &rows);
		assert_true(!result || result == -ENODATA); /* the segment may serve */
		unwind_rows_deinit(&rows);
		assert_in_range((processor_time() - begin) * 1000, 0, 100);
		assert_in_range(most_memory() - memory, 0, 4096);
		close(fd);
		free(file.bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_function_of_many_rows),
		cmocka_unit_test(test_many_remembered_states),
		cmocka_unit_test(test_a_register_of_a_large_number),
		cmocka_unit_test(test_functions_on_top_of_each_other),
		cmocka_unit_test(test_a_long_description_of_functions),
		cmocka_unit_test(test_more_rows_than_are_kept),
		cmocka_unit_test(test_sections_of_gigabytes),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
