// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Names of addresses, on files that are made here with known functions and lines. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "captrack/symbols.h"

static const char source[] =
	"static inline __attribute__((always_inline)) int inner(volatile int *p)\n" /* line 1 */
	"{\n"
	"	return *p + 1;\n" /* 3 */
	"}\n"
	"static inline __attribute__((always_inline)) int middle(volatile int *p)\n"
	"{\n"
	"	return inner(p) * 2;\n" /* 7 */
	"}\n"
	"__attribute__((noinline)) int outer(volatile int *p)\n"
	"{\n"
	"	return middle(p);\n" /* 11 */
	"}\n";

static char dir[] = "/tmp/captrack-symbols-XXXXXX";

/* Runs a shell command in the folder; false where it fails (a tool is missing). */
static bool run(const char *command)
{
	char text[1024];
	snprintf(text, sizeof(text), "cd %s && { %s ; } >/dev/null 2>&1", dir, command);
	return system(text) == 0;
}

static int set_up(void **state)
{
	char path[64];
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/in.c", dir);
	FILE *out = fopen(path, "w");
	if (!out)
		return -1;
	fputs(source, out);
	return fclose(out);
}

static int tear_down(void **state)
{
	(void)state;
	return run("rm -f -- * && cd / && rmdir -- \"$OLDPWD\"") ? 0 : -1;
}

static uint64_t address_of(const char *file, const char *symbol)
{
	char command[256];
	unsigned long long address = 0;
	snprintf(command, sizeof(command), "nm -D %s/%s | awk '$3 == \"%s\" {print $1}'", dir, file, symbol);
	FILE *in = popen(command, "r");
	assert_non_null(in);
	if (fscanf(in, "%llx", &address) != 1)
		address = 0;
	pclose(in);
	assert_int_not_equal(address, 0);
	return address;
}

struct opened {
	struct symbols *symbols;
	struct symbols_file *file;
};

static struct opened open_file(const char *name)
{
	struct opened opened;
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(symbols_new(&opened.symbols), 0);
	assert_int_equal(symbols_add_file(opened.symbols, path, fd, &opened.file), 0);
	close(fd); /* it was duplicated */
	return opened;
}

static void free_frame(struct profile_frame *frame)
{
	for (size_t i = 0; i < frame->n_inlined; i++) {
		free(frame->inlined[i].function);
		free(frame->inlined[i].file);
	}
	free(frame->inlined);
	free(frame->function);
	free(frame->file);
}

/* Looks for the inlined load in outer(): its line is 3, whoever inlined it. */
static void check_inlined(const char *library)
{
	struct opened opened = open_file(library);
	uint64_t start = address_of(library, "outer");
	bool found = false;
	for (uint64_t at = start + 1; at < start + 16 && !found; at++) {
		struct profile_frame frame = {0};
		assert_int_equal(symbols_name(opened.file, at, &frame), 0);
		if (frame.n_inlined == 2) {
			found = true;
			assert_string_equal(frame.function, "outer");
			assert_int_equal(frame.line, 11);
			assert_string_equal(frame.inlined[0].function, "inner");
			assert_int_equal(frame.inlined[0].line, 3);
			assert_string_equal(frame.inlined[1].function, "middle");
			assert_int_equal(frame.inlined[1].line, 7);
			assert_non_null(strstr(frame.file, "in.c"));
			assert_false(frame.has_symbol_offset);
		}
		free_frame(&frame);
	}
	assert_true(found);
	symbols_free(opened.symbols);
}

static void test_function_file_line_and_inlined_callers(void **state)
{
	(void)state;
	assert_true(run("cc -O2 -g -fPIC -shared -o full.so in.c"));
	check_inlined("full.so");
}

static void test_debug_info_of_clang_which_has_no_aranges(void **state)
{
	(void)state;
	if (!run("clang -O2 -g -fPIC -shared -o clang.so in.c"))
		skip();
	check_inlined("clang.so");
}

static void test_separate_debug_file_beside_it(void **state)
{
	(void)state;
	assert_true(run("cc -O2 -g -fPIC -shared -o linked.so in.c && objcopy --only-keep-debug linked.so "
			"linked.debug && "
			"strip linked.so && objcopy --add-gnu-debuglink=linked.debug linked.so"));
	check_inlined("linked.so");
}

static void test_stripped_file_falls_back_to_its_dynamic_symbols(void **state)
{
	(void)state;
	assert_true(run("cc -O2 -fPIC -shared -s -o bare.so in.c"));
	struct opened opened = open_file("bare.so");
	struct profile_frame frame = {0};
	uint64_t start = address_of("bare.so", "outer");
	assert_int_equal(symbols_name(opened.file, start + 2, &frame), 0);
	assert_string_equal(frame.function, "outer");
	assert_true(frame.has_symbol_offset);
	assert_int_equal(frame.symbol_offset, 2);
	assert_null(frame.file);
	free_frame(&frame);
	/* Far from any symbol there is no name. */
	frame = (struct profile_frame){0};
	assert_int_equal(symbols_name(opened.file, start + 4000, &frame), 0);
	assert_null(frame.function);
	free_frame(&frame);
	symbols_free(opened.symbols);
}

static void test_build_id_and_segments(void **state)
{
	(void)state;
	assert_true(run("cc -O2 -g -fPIC -shared -Wl,--build-id=0x0123456789abcdef -o id.so in.c"));
	struct opened opened = open_file("id.so");
	uint64_t vaddr = 0, start = address_of("id.so", "outer");
	assert_string_equal(symbols_build_id(opened.file), "0123456789abcdef");
	/* Such small libraries have their code at the same offset in the file. */
	assert_true(symbols_file_to_vaddr(opened.file, start, &vaddr));
	assert_int_equal(vaddr, start);
	assert_false(symbols_file_to_vaddr(opened.file, UINT64_MAX / 2, &vaddr));
	symbols_free(opened.symbols);
}

static void test_what_is_no_elf_file_is_refused(void **state)
{
	(void)state;
	struct symbols *symbols;
	struct symbols_file *file;
	unsigned char bytes[64] = "\177ELF\1\1\1"; /* 32 bits */
	assert_int_equal(symbols_new(&symbols), 0);
	int fd = memfd_create("elf", MFD_CLOEXEC);
	assert_int_equal(symbols_add_file(symbols, "empty", fd, &file), -ENOEXEC);
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(symbols_add_file(symbols, "small", fd, &file), -ENOEXEC);
	close(fd);
	fd = open("/dev/null", O_RDONLY);
	assert_int_equal(symbols_add_file(symbols, "/dev/null", fd, &file), -ENOEXEC);
	close(fd);
	symbols_free(symbols);
}

/* Files with wrong bytes anywhere: any name will do, but there must be an end. */
static void test_mutated_files_do_no_harm(void **state)
{
	(void)state;
	unsigned int seed = 7;
	assert_true(run("cc -O2 -g -fPIC -shared -o victim.so in.c"));
	uint64_t start = address_of("victim.so", "outer");
	char path[128];
	unsigned char bytes[65536];
	snprintf(path, sizeof(path), "%s/victim.so", dir);
	int fd = open(path, O_RDONLY);
	ssize_t size = read(fd, bytes, sizeof(bytes));
	close(fd);
	assert_true(size > 0);
	for (int i = 0; i < 2000; i++) {
		struct symbols *symbols;
		struct symbols_file *file;
		int copy = memfd_create("elf", MFD_CLOEXEC);
		assert_int_equal(write(copy, bytes, (size_t)size), size);
		for (int k = rand_r(&seed) % 20; k >= 0; k--) {
			unsigned char value = (unsigned char)rand_r(&seed);
			assert_int_equal(pwrite(copy, &value, 1, rand_r(&seed) % size), 1);
		}
		if (i % 10 == 0)
			assert_int_equal(ftruncate(copy, rand_r(&seed) % size), 0);
		assert_int_equal(symbols_new(&symbols), 0);
		if (symbols_add_file(symbols, path, copy, &file) == 0) {
			for (uint64_t at = start; at < start + 8; at += 3) {
				struct profile_frame frame = {0};
				symbols_name(file, at, &frame);
				free_frame(&frame);
			}
		}
		symbols_free(symbols);
		close(copy);
	}
}

static void test_demangled_names(void **state)
{
	(void)state;
	static const char *const names[][2] = {
		{"main", "main"},
		{"_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector<int, std::allocator<int> >::push_back"},
		{"_Znwm", "operator new"},
		{"_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad"},
		{"_RNvCs1234_7mycrate3foo", "mycrate::foo"},
		{"parse.constprop.0", "parse"},
		{"parse.isra.0.cold", "parse"},
		{"parse.part.12.constprop.3", "parse"},
		{"work.llvm.1234567890", "work"},
		{"_ZN3foo3barEv.cold", "foo::bar"},
		{"runtime.mallocgc", "runtime.mallocgc"},
		{"version.2", "version.2"},
		{"_Znonsense", "_Znonsense"},
		{"", ""},
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char *name = symbols_demangle(names[i][0]);
		assert_string_equal(name, names[i][1]);
		free(name);
	}
	/* Hostile: deep nesting and great length have an end. */
	char *deep = malloc(100001);
	memset(deep, 'P', 100000);
	memcpy(deep, "_Z1fP", 5);
	deep[100000] = '\0';
	free(symbols_demangle(deep));
	deep[16000] = '\0';
	free(symbols_demangle(deep));
	free(deep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_function_file_line_and_inlined_callers),
		cmocka_unit_test(test_debug_info_of_clang_which_has_no_aranges),
		cmocka_unit_test(test_separate_debug_file_beside_it),
		cmocka_unit_test(test_stripped_file_falls_back_to_its_dynamic_symbols),
		cmocka_unit_test(test_build_id_and_segments),
		cmocka_unit_test(test_what_is_no_elf_file_is_refused),
		cmocka_unit_test(test_mutated_files_do_no_harm),
		cmocka_unit_test(test_demangled_names),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
