// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Unwind data to rows, on small files assembled here: what each rule becomes, and what
 * kinds of files are read or refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "captrack/unwind.h"
#include "assemble.h"
#include "rows_text.h"

/* Rows as "0:sp+1 4:sp+2", by distance from the code's begin. */
static void assert_rows(const struct file *file, const char *wanted)
{
	char text[4096] = "";
	size_t length = 0;
	struct unwind_rows rows;
	assert_int_equal(read_bytes(file->bytes, file->size, &rows), 0);
	for (size_t i = 0; i < rows.count && length < sizeof(text) - 64; i++) {
		int64_t at = (int64_t)CT_ROW_START(rows.row[i]) - code_of(file);
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s%x:%s", i ? " " : "",
					   at < 0 ? "-" : "", (unsigned int)llabs(at),
					   rule_text(CT_ROW_RULE(rows.row[i])).text);
	}
	unwind_rows_deinit(&rows);
	assert_string_equal(text, wanted);
}

static void assert_code_has_rows(const char *code, const char *wanted)
{
	struct file file = assemble(code, NULL);
	assert_rows(&file, wanted);
	free(file.bytes);
}

/* One function: an instruction of one byte, the directives, one more. */
static void assert_rule(const char *directives, const char *rule)
{
	char code[512], wanted[64];
	snprintf(code, sizeof(code), "\t.cfi_startproc\n\tnop\n\t%s\n\tnop\n\t.cfi_endproc", directives);
	snprintf(wanted, sizeof(wanted), "0:sp+1 1:%s 2:none", rule);
	assert_code_has_rows(code, wanted);
}

static void test_stack_pointer(void **state)
{
	(void)state;
	assert_rule(".cfi_def_cfa_offset 16", "sp+2");
	assert_rule(".cfi_def_cfa_offset 0", "sp+0");
	assert_rule(".cfi_adjust_cfa_offset -16", "sp-1");
	assert_rule(".cfi_def_cfa_offset 0xfffff8", "sp+2097151"); /* the most */
	assert_rule(".cfi_def_cfa_offset 0x1000000", "odd");
	assert_rule(".cfi_def_cfa_offset 12", "odd"); /* no words */
}

static void test_frame_pointer(void **state)
{
	(void)state;
	assert_rule(".cfi_def_cfa rbp, 16", "fp+2");
	assert_rule(".cfi_def_cfa rbp, 0", "fp+0");
	assert_code_has_rows("	.cfi_startproc\n"
			     "	push %rbp\n"
			     "	.cfi_def_cfa_offset 16\n"
			     "	.cfi_offset rbp, -16\n"
			     "	mov %rsp, %rbp\n"
			     "	.cfi_def_cfa_register rbp\n"
			     "	pop %rbp\n"
			     "	.cfi_restore rbp\n"
			     "	.cfi_def_cfa rsp, 8\n"
			     "	ret\n"
			     "	.cfi_endproc",
			     "0:sp+1 1:sp+2,2 4:fp+2,2 5:sp+1 6:none");
}

static void test_saved_frame_pointer(void **state)
{
	(void)state;
	assert_rule(".cfi_offset rbp, -8", "sp+1,1");
	assert_rule(".cfi_offset rbp, -496", "sp+1,62"); /* the most */
	assert_rule(".cfi_offset rbp, -504", "odd");
	assert_rule(".cfi_offset rbp, 0", "odd"); /* at the CFA or above it */
	assert_rule(".cfi_offset rbp, 8", "odd");
	assert_rule(".cfi_same_value rbp\n\t.cfi_def_cfa_offset 16", "sp+2");
	assert_rule(".cfi_undefined rbp\n\t.cfi_def_cfa_offset 16", "sp+2");
	assert_rule(".cfi_offset rbx, -16\n\t.cfi_def_cfa_offset 16", "sp+2"); /* others do not count */
	assert_rule(".cfi_register rbp, rbx", "odd");
	assert_rule(".cfi_val_offset rbp, -16", "odd");
	assert_rule(".cfi_escape 0x10, 6, 2, 0x76, 0", "sp+1,63");   /* where rbp points */
	assert_rule(".cfi_escape 0x10, 6, 2, 0x76, 8", "odd");       /* beside that */
	assert_rule(".cfi_escape 0x10, 6, 2, 0x73, 0", "odd");       /* where rbx points */
	assert_rule(".cfi_escape 0x16, 6, 2, 0x76, 0", "odd");       /* rbp itself, as a value: rare */
	assert_rule(".cfi_escape 0x10, 6, 3, 0x76, 0, 0x06", "odd"); /* one step further */
}

static void test_remembered_state(void **state)
{
	(void)state;
	assert_code_has_rows("	.cfi_startproc\n"
			     "	nop\n"
			     "	.cfi_def_cfa_offset 64\n"
			     "	.cfi_offset rbp, -16\n"
			     "	nop\n"
			     "	.cfi_remember_state\n"
			     "	.cfi_restore rbp\n"
			     "	.cfi_def_cfa_offset 8\n"
			     "	ret\n"
			     "	.cfi_restore_state\n"
			     "	nop\n"
			     "	.cfi_endproc",
			     "0:sp+1 1:sp+8,2 2:sp+1 3:sp+8,2 4:none");
}

static void test_expressions(void **state)
{
	(void)state;
	assert_rule(".cfi_escape 0x0f, 3, 0x76, 0x78, 0x06", "deref-fp-1");
	assert_rule(".cfi_escape 0x0f, 3, 0x76, 0x7c, 0x06", "odd");              /* no words */
	assert_rule(".cfi_escape 0x0f, 3, 0x73, 0x78, 0x06", "odd");              /* rbx */
	assert_rule(".cfi_escape 0x0f, 4, 0x76, 0x78, 0x06, 0x06", "odd");        /* twice */
	assert_rule(".cfi_escape 0x0f, 5, 0x77, 8, 0x06, 0x23, 8", "deref-sp+1"); /* as OpenSSL's */
	assert_rule(".cfi_escape 0x0f, 5, 0x77, 8, 0x06, 0x23, 16", "odd");
	assert_rule(".cfi_escape 0x0f, 5, 0x76, 8, 0x06, 0x23, 8", "odd"); /* rbp */
	assert_rule(".cfi_escape 0x0f, 2, 0x77, 16", "sp+2");
	assert_rule(".cfi_escape 0x0f, 0", "odd");
	assert_rule(".cfi_escape 0x0f, 2, 0x40, 0x30", "odd");
}

/* As gcc writes it for vector code: lea 8(%rsp),%r10; and $-32,%rsp. */
static void test_realigned_frame(void **state)
{
	(void)state;
	assert_code_has_rows("	.cfi_startproc\n"
			     "	lea 8(%rsp), %r10\n"
			     "	.cfi_def_cfa r10, 0\n"
			     "	and $-32, %rsp\n"
			     "	push -8(%r10)\n"
			     "	push %rbp\n"
			     "	.cfi_escape 0x10, 6, 2, 0x76, 0\n"
			     "	mov %rsp, %rbp\n"
			     "	push %r10\n"
			     "	.cfi_escape 0x0f, 3, 0x76, 0x78, 0x06\n"
			     "	nop\n"
			     "	pop %r10\n"
			     "	.cfi_def_cfa r10, 0\n"
			     "	pop %rbp\n"
			     "	lea -8(%r10), %rsp\n"
			     "	.cfi_def_cfa rsp, 8\n"
			     "	ret\n"
			     "	.cfi_endproc",
			     "0:sp+1 5:odd 13:deref-fp-1,63 16:odd 1b:sp+1,63 1c:none");
}

/* The compiler's own: some place of it has that rule. */
static void test_realigned_frame_by_the_compiler(void **state)
{
	struct unwind_rows rows;
	size_t realigned = 0;
	(void)state;
	if (!run("printf 'void use(void *);\\nvoid f(int n)\\n{\\n\\t_Alignas(64) char a[64];\\n"
		 "\\tchar b[n];\\n\\tuse(a);\\n\\tuse(b);\\n}\\n' > in.c && gcc -O2 -shared -fPIC -o out "
		 "in.c"))
		skip();
	char path[64];
	snprintf(path, sizeof(path), "%s/out", dir);
	struct file file = load(path);
	assert_int_equal(read_bytes(file.bytes, file.size, &rows), 0);
	for (size_t i = 0; i < rows.count; i++)
		realigned += CT_ROW_KIND(rows.row[i]) == CT_ROW_DEREF_FP &&
			     CT_ROW_SAVED(rows.row[i]) == CT_SAVED_AT_FP;
	assert_int_not_equal(realigned, 0);
	unwind_rows_deinit(&rows);
	free(file.bytes);
}

static void test_other_registers(void **state)
{
	(void)state;
	assert_rule(".cfi_def_cfa r10, 0", "odd");
	assert_rule(".cfi_def_cfa rbx, 16", "odd");
	assert_rule(".cfi_offset rip, -16", "odd");
	assert_rule(".cfi_register rip, rcx", "odd");
}

static void test_end_of_the_stack(void **state)
{
	(void)state;
	assert_rule(".cfi_undefined rip", "end");
	assert_rule(".cfi_undefined rip\n\t.cfi_def_cfa r10, 0", "end");
}

static void test_signal_frame(void **state)
{
	(void)state;
	assert_code_has_rows("	.cfi_startproc\n"
			     "	.cfi_signal_frame\n"
			     "	.cfi_escape 0x0f, 4, 0x77, 0xa0, 1, 0x06\n"
			     "	.cfi_escape 0x10, 16, 3, 0x77, 0xa8, 1\n"
			     "	nop\n"
			     "	.cfi_endproc",
			     "0:signal 1:none");
}

/* The linker's own, and the expression by hand with other numbers. */
static void test_plt(void **state)
{
	(void)state;
	assert_rule(".cfi_escape 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22",
		    "plt+11");
	assert_rule(".cfi_escape 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x39, 0x2a, 0x33, 0x24, 0x22",
		    "plt+9");
	assert_rule(".cfi_escape 0x0f, 11, 0x77, 16, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22",
		    "odd");
	assert_rule(".cfi_escape 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x40, 0x2a, 0x33, 0x24, 0x22",
		    "odd");
	assert_rule(".cfi_escape 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x32, 0x24, 0x22",
		    "odd");
	/* Two entries after the first, each of 16 bytes; the code lies after them. */
	assert_code_has_rows("	.cfi_startproc\n	call one@PLT\n	call two@PLT\n	.cfi_endproc",
			     "-40:sp+2 -3a:sp+3 -30:plt+11 -10:none 0:sp+1 a:none");
}

static void test_neighbours(void **state)
{
	(void)state;
	static const char function[] = "\t.cfi_startproc\n\tnop\n\t.cfi_endproc\n";
	char code[256];
	snprintf(code, sizeof(code), "%s%s", function, function);
	assert_code_has_rows(code, "0:sp+1 2:none");
	snprintf(code, sizeof(code), "%s\t.skip 15\n%s", function, function);
	assert_code_has_rows(code, "0:sp+1 11:none"); /* padding */
	snprintf(code, sizeof(code), "%s\t.skip 16\n%s", function, function);
	assert_code_has_rows(code, "0:sp+1 1:none 11:sp+1 12:none"); /* code without unwind data */
	assert_code_has_rows(
		"	.cfi_startproc\n	nop\n	.cfi_offset rbx, -16\n	nop\n	.cfi_endproc\n",
		"0:sp+1 2:none");
}

/* The linker puts it apart; its rule at its begin is that of its function's middle. */
static void test_cold_part(void **state)
{
	(void)state;
	assert_code_has_rows("	.cfi_startproc\n"
			     "	nop\n"
			     "	.cfi_def_cfa_offset 32\n"
			     "	nop\n"
			     "	.cfi_endproc\n"
			     "	.section .text.zzz, \"ax\"\n"
			     "	.skip 32\n"
			     "	.cfi_startproc\n"
			     "	.cfi_def_cfa_offset 32\n"
			     "	.cfi_offset rbp, -16\n"
			     "	nop\n"
			     "	.cfi_endproc",
			     "0:sp+1 1:sp+4 2:none 22:sp+4,2 23:none");
}

/* A second segment of code, in the stead of a header that is not needed. */
static Elf64_Phdr *split_code(struct file *file, Elf64_Phdr **first)
{
	const Elf64_Ehdr *header = (void *)file->bytes;
	Elf64_Phdr *phdr = (void *)(file->bytes + header->e_phoff), *spare = NULL;
	*first = NULL;
	for (int i = 0; i < header->e_phnum; i++) {
		if (phdr[i].p_type == PT_LOAD && phdr[i].p_flags & PF_X)
			*first = &phdr[i];
		if (phdr[i].p_type == PT_GNU_STACK)
			spare = &phdr[i];
	}
	assert_non_null(*first);
	assert_non_null(spare);
	*spare = **first;
	return spare;
}

static const char two_functions[] = "	.cfi_sections .debug_frame\n"
				    "	.cfi_startproc\n"
				    "	nop\n"
				    "	.cfi_endproc\n"
				    "	.cfi_startproc\n"
				    "	.cfi_def_cfa_offset 16\n"
				    "	nop\n"
				    "	.cfi_endproc\n";

/* In memory one after the other, in the file the other way round. */
static void test_segments_are_placed_each_by_itself(void **state)
{
	(void)state;
	struct file file = assemble(two_functions, NULL);
	Elf64_Phdr *first, *second = split_code(&file, &first);
	uint64_t cut = code_of(&file) + 1 - first->p_offset;
	first->p_filesz = cut;
	second->p_vaddr += cut;
	second->p_offset += cut - 1 - 32;
	assert_rows(&file, "-20:sp+2 -1f:none 0:sp+1 1:none");
	free(file.bytes);
}

/* The file's same bytes twice in memory: there can be but one row for them. */
static void test_segments_on_top_of_each_other(void **state)
{
	(void)state;
	struct unwind_rows rows;
	struct file file = assemble(two_functions, NULL);
	Elf64_Phdr *first, *second = split_code(&file, &first);
	uint64_t cut = code_of(&file) + 1 - first->p_offset;
	first->p_filesz = cut;
	second->p_vaddr += cut;
	second->p_offset += cut - 1;
	assert_int_equal(read_bytes(file.bytes, file.size, &rows), 0);
	for (size_t i = 1; i < rows.count; i++)
		assert_true(CT_ROW_START(rows.row[i]) > CT_ROW_START(rows.row[i - 1]));
	unwind_rows_deinit(&rows);
	free(file.bytes);
}

/* Two functions that share a byte: it is the first one's. */
static void test_overlapping_functions(void **state)
{
	(void)state;
	assert_code_has_rows("	.macro function start, offset\n"
			     "	.long 20f - 10f\n"
			     "10:	.long 0\n"
			     "	.quad code + \\start\n"
			     "	.quad 2\n"
			     "	.byte 0x0e, \\offset, 0, 0\n"
			     "20:\n"
			     "	.endm\n"
			     "code:	.skip 4\n"
			     "	.section .debug_frame\n"
			     "	.long 2f - 1f\n"
			     "1:	.long -1\n"
			     "	.byte 1, 0, 1, 0x78, 16, 0x0c, 7, 8, 0x90, 1\n"
			     "	.balign 4\n"
			     "2:	function 1, 16\n"
			     "	function 0, 24\n"
			     "	.text",
			     "0:sp+3 2:sp+2 3:none");
}

/* Known up to where the damage is, and no further. */
static void test_damaged_instructions(void **state)
{
	(void)state;
	assert_code_has_rows("	.cfi_startproc\n	nop\n	.cfi_escape 0x3f\n	nop\n	.cfi_endproc",
			     "0:sp+1 1:none"); /* no such instruction */
	assert_code_has_rows("	.cfi_startproc\n	nop\n	.cfi_escape 0x0b\n	nop\n	.cfi_endproc",
			     "0:sp+1 1:none"); /* nothing was remembered */
	assert_code_has_rows("	.cfi_startproc\n"
			     "	nop\n"
			     "	.cfi_def_cfa_offset 16\n"
			     "	nop\n"
			     "	.cfi_escape 0x0f, 0x7f\n" /* longer than what is left */
			     "	nop\n"
			     "	.cfi_def_cfa_offset 8\n"
			     "	nop\n"
			     "	.cfi_endproc",
			     "0:sp+1 1:sp+2 2:none");
}

static const char function_with_frame[] = "	.cfi_startproc\n"
					  "	nop\n"
					  "	.cfi_def_cfa_offset 16\n"
					  "	.cfi_offset rbp, -16\n"
					  "	nop\n"
					  "	.cfi_endproc\n";
static const char its_rows[] = "0:sp+1 1:sp+2,2 2:none";

static void test_debug_frame(void **state)
{
	static const char *const and_then[] = {
		"true",
		"objcopy --compress-debug-sections out && readelf -t out | grep -A4 debug_frame | grep ZLIB",
		"objcopy --remove-section .eh_frame --remove-section .eh_frame_hdr out",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(and_then) / sizeof(*and_then); i++) {
		char code[512]; /* many more functions, so that compressing pays */
		snprintf(code, sizeof(code),
			 "	.cfi_sections .debug_frame%s\n%s	.rept 99\n	.skip 14\n%s	"
			 ".endr\n",
			 i == 2 ? ", .eh_frame" : "", function_with_frame, function_with_frame);
		struct file file = assemble(code, and_then[i]);
		struct unwind_rows rows;
		assert_int_equal(read_bytes(file.bytes, file.size, &rows), 0);
		assert_int_equal(rows.functions, 100);
		assert_int_equal(rows.count, 201);
		assert_int_equal(CT_ROW_START(rows.row[0]), code_of(&file));
		unwind_rows_deinit(&rows);
		free(file.bytes);
	}
}

static void assert_refused(const void *bytes, size_t size, int why)
{
	struct unwind_rows rows;
	memset(&rows, 0x55, sizeof(rows));
	assert_int_equal(read_bytes(bytes, size, &rows), why);
	assert_null(rows.row);
	assert_int_equal(rows.count, 0);
	unwind_rows_deinit(&rows);
}

static void test_no_unwind_data(void **state)
{
	(void)state;
	struct file file = assemble("	nop", NULL);
	assert_refused(file.bytes, file.size, -ENODATA);
	free(file.bytes);
	file = assemble(function_with_frame, "${CC:-cc} -c -o out in.s"); /* no code that is mapped */
	assert_refused(file.bytes, file.size, -ENODATA);
	free(file.bytes);
}

static void test_other_machines_and_no_elf(void **state)
{
	(void)state;
	struct file file = assemble(function_with_frame, NULL);
	Elf64_Ehdr *header = (void *)file.bytes;
	header->e_machine = EM_AARCH64;
	assert_refused(file.bytes, file.size, -ENOEXEC);
	header->e_machine = EM_X86_64;
	header->e_ident[EI_CLASS] = ELFCLASS32;
	assert_refused(file.bytes, file.size, -ENOEXEC);
	header->e_ident[EI_CLASS] = ELFCLASS64;
	header->e_ident[EI_DATA] = ELFDATA2MSB;
	assert_refused(file.bytes, file.size, -ENOEXEC);
	header->e_ident[EI_DATA] = ELFDATA2LSB;
	assert_rows(&file, its_rows);
	assert_refused("#!/bin/sh\n", 10, -ENOEXEC);
	assert_refused("", 0, -ENOEXEC);
	assert_refused(file.bytes, sizeof(*header) - 1, -ENOEXEC);
	free(file.bytes);
	struct unwind_rows rows;
	assert_int_equal(unwind_read(-1, &rows), -ENOEXEC);
}

static void test_32_bits(void **state)
{
	(void)state;
	FILE *out;
	char path[64];
	snprintf(path, sizeof(path), "%s/in.s", dir);
	assert_non_null(out = fopen(path, "w"));
	fputs(function_with_frame, out);
	assert_int_equal(fclose(out), 0);
	if (!run("sed -i s/rbp/ebp/ in.s && as --32 -o out in.s"))
		skip();
	snprintf(path, sizeof(path), "%s/out", dir);
	struct file file = load(path);
	assert_refused(file.bytes, file.size, -ENOEXEC);
	free(file.bytes);
}

/* Section headers are not needed: sstrip and packers take them out. */
static void test_no_section_headers(void **state)
{
	(void)state;
	struct file file = assemble(function_with_frame, NULL);
	Elf64_Ehdr *header = (void *)file.bytes;
	header->e_shoff = 0;
	header->e_shnum = header->e_shstrndx = 0;
	assert_rows(&file, its_rows);
	free(file.bytes);
}

/* Of the truncated file there is all or something or nothing, but never something else. */
static void test_truncated_files(void **state)
{
	(void)state;
	struct file file = assemble(function_with_frame, NULL);
	struct unwind_rows rows;
	size_t read = 0, refused = 0;
	for (size_t size = 0; size < file.size; size += 37) {
		int result = read_bytes(file.bytes, size, &rows);
		assert_true(result == 0 || result == -ENOEXEC || result == -ENODATA);
		read += !result;
		refused += result != 0;
		assert_true((result == 0) == (rows.count != 0));
		for (size_t i = 0; i < rows.count; i++)
			assert_in_range(CT_ROW_START(rows.row[i]), code_of(&file), code_of(&file) + 2);
		unwind_rows_deinit(&rows);
	}
	assert_int_not_equal(refused, 0);
	assert_int_not_equal(read, 0); /* the section headers alone were cut off */
	free(file.bytes);
}

/* The place where glibc's signal handlers return to. */
static void test_signal_frame_of_libc(void **state)
{
	(void)state;
	struct sigaction action = {.sa_handler = SIG_IGN}, before, seen = {0};
	struct { /* the kernel's: has the restorer, which glibc's own hides */
		void *handler;
		unsigned long flags;
		void *restorer;
		unsigned long mask;
	} kernels = {0};
	Dl_info libc;
	struct unwind_rows rows;
	assert_int_equal(sigaction(SIGUSR2, &action, &before), 0);
	assert_int_equal(syscall(SYS_rt_sigaction, SIGUSR2, NULL, &kernels, sizeof(kernels.mask)), 0);
	assert_int_equal(sigaction(SIGUSR2, &before, &seen), 0);
	assert_true(dladdr(kernels.restorer, &libc));
	struct file file = load(libc.dli_fname);
	assert_int_equal(read_bytes(file.bytes, file.size, &rows), 0);
	const unsigned char *there = memmem(file.bytes, file.size, kernels.restorer, 9); /* its code */
	assert_non_null(there);
	uint64_t offset = (uint64_t)(there - file.bytes);
	size_t i = 0;
	while (i + 1 < rows.count && CT_ROW_START(rows.row[i + 1]) <= offset)
		i++;
	assert_int_equal(CT_ROW_KIND(rows.row[i]), CT_ROW_SIGNAL);
	unwind_rows_deinit(&rows);
	free(file.bytes);
}

/* ... and where this program began. */
static void test_start_of_a_program(void **state)
{
	(void)state;
	struct unwind_rows rows;
	struct file file = load("/proc/self/exe");
	const Elf64_Ehdr *header = (void *)file.bytes;
	const Elf64_Phdr *phdr = (void *)(file.bytes + header->e_phoff);
	assert_int_equal(read_bytes(file.bytes, file.size, &rows), 0);
	while (header->e_entry - phdr->p_vaddr >= phdr->p_filesz)
		phdr++;
	uint64_t offset = header->e_entry - phdr->p_vaddr + phdr->p_offset;
	size_t i = 0;
	while (i + 1 < rows.count && CT_ROW_START(rows.row[i + 1]) <= offset)
		i++;
	assert_int_equal(CT_ROW_KIND(rows.row[i]), CT_ROW_END);
	unwind_rows_deinit(&rows);
	free(file.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stack_pointer),
		cmocka_unit_test(test_frame_pointer),
		cmocka_unit_test(test_saved_frame_pointer),
		cmocka_unit_test(test_remembered_state),
		cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_realigned_frame),
		cmocka_unit_test(test_realigned_frame_by_the_compiler),
		cmocka_unit_test(test_other_registers),
		cmocka_unit_test(test_end_of_the_stack),
		cmocka_unit_test(test_signal_frame),
		cmocka_unit_test(test_plt),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_cold_part),
		cmocka_unit_test(test_segments_are_placed_each_by_itself),
		cmocka_unit_test(test_segments_on_top_of_each_other),
		cmocka_unit_test(test_overlapping_functions),
		cmocka_unit_test(test_damaged_instructions),
		cmocka_unit_test(test_debug_frame),
		cmocka_unit_test(test_no_unwind_data),
		cmocka_unit_test(test_other_machines_and_no_elf),
		cmocka_unit_test(test_32_bits),
		cmocka_unit_test(test_no_section_headers),
		cmocka_unit_test(test_truncated_files),
		cmocka_unit_test(test_signal_frame_of_libc),
		cmocka_unit_test(test_start_of_a_program),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
