// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* All rows of real files against readelf's reading of them, another implementation. With
 * files as arguments it compares those and tells how many rows there were. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "captrack/unwind.h"
#include "rows_text.h"

enum { PADDING = 16, MOST_EXPRESSIONS = 64, MOST_COLUMNS = 32 };

struct place { /* code with one rule; addresses */
	uint64_t start, end;
	uint32_t rule;
};

struct list {
	struct place *place;
	size_t count, room;
};

static void add(struct list *list, uint64_t start, uint64_t end, uint32_t rule)
{
	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 4096;
		list->place = realloc(list->place, list->room * sizeof(*list->place));
		assert_non_null(list->place);
	}
	list->place[list->count++] = (struct place){start, end, rule};
}

static uint32_t rule(enum ct_row_kind kind, uint32_t saved, long number)
{
	return CT_ROW_RULE(CT_ROW(0, kind, saved, (uint64_t)number));
}

static FILE *readelf(const char *option, const char *file)
{
	char command[4400];
	snprintf(command, sizeof(command), "LC_ALL=C readelf -wN -w%s '%s' 2>/dev/null", option, file);
	FILE *in = popen(command, "r");
	assert_non_null(in);
	return in;
}

/* The interpreted dump writes "exp" for an expression; the plain one spells it. Both have
 * the FDEs in the same order. */
struct expression {
	uint64_t from;
	bool of_cfa; /* else of rbp */
	char text[160];
};

struct expressions { /* of one FDE */
	size_t count;
	struct expression expression[MOST_EXPRESSIONS];
};

struct spelled {
	FILE *in;
	char *line;
	size_t room;
};

/* "... r6 (rbp) (DW_OP_...)": the text in the last brackets. */
static void keep(struct expressions *into, uint64_t from, bool of_cfa, const char *line)
{
	const char *open = strstr(line, "(DW_OP_");
	assert_in_range(into->count, 0, MOST_EXPRESSIONS - 1);
	struct expression *new = &into->expression[into->count++];
	*new = (struct expression){.from = from, .of_cfa = of_cfa};
	if (open && strlen(open) <= sizeof(new->text)) { /* a longer one is odd anyway */
		strcpy(new->text, open + 1);
		*strrchr(new->text, ')') = 0;
	}
}

/* The expressions of the FDE of this header line, which must come. */
static struct expressions spell(struct spelled *spelled, const char *header, uint64_t start)
{
	struct expressions out = {0};
	bool found = false;
	while (getline(&spelled->line, &spelled->room, spelled->in) > 0) {
		const char *line = spelled->line, *to = strstr(line, " to ");
		if (!found)
			found = !strcmp(line, header);
		else if (line[0] == '\n')
			break;
		else if (strstr(line, "DW_CFA_advance_loc") && to)
			start = strtoull(to + 4, NULL, 16);
		else if (strstr(line, "DW_CFA_def_cfa_expression"))
			keep(&out, start, true, line);
		else if (strstr(line, "DW_CFA_expression: r6 "))
			keep(&out, start, false, line);
	}
	assert_true(found);
	return out;
}

/* The one that was set last. */
static const char *expression_at(const struct expressions *all, uint64_t address, bool of_cfa)
{
	const char *text = "";
	for (size_t i = 0; i < all->count; i++)
		if (all->expression[i].of_cfa == of_cfa && all->expression[i].from <= address)
			text = all->expression[i].text;
	return text;
}

static bool words_of(long bytes, long *words)
{
	*words = bytes / 8;
	return bytes % 8 == 0 && *words < 1 << 21 && *words > -(1 << 21);
}

static uint32_t cfa_rule(const char *cfa, const char *exp, uint32_t saved)
{
	long number, more, words;
	int end = 0;
	if (sscanf(cfa, "rsp%ld%n", &number, &end) == 1 && !cfa[end] && words_of(number, &words))
		return rule(CT_ROW_SP, saved, words);
	if (sscanf(cfa, "rbp%ld%n", &number, &end) == 1 && !cfa[end] && words_of(number, &words))
		return rule(CT_ROW_FP, saved, words);
	if (strcmp(cfa, "exp"))
		return rule(CT_ROW_ODD, 0, 0);
	end = 0;
	if (sscanf(exp, "DW_OP_breg6 (rbp): %ld; DW_OP_deref%n", &number, &end) == 1 && end && !exp[end] &&
	    words_of(number, &words))
		return rule(CT_ROW_DEREF_FP, saved, words);
	end = 0;
	if (sscanf(exp, "DW_OP_breg7 (rsp): %ld; DW_OP_deref; DW_OP_plus_uconst: %ld%n", &number, &more,
		   &end) == 2 &&
	    !exp[end] && more == 8 && words_of(number, &words))
		return rule(CT_ROW_DEREF_SP, saved, words);
	end = 0;
	if (sscanf(exp,
		   "DW_OP_breg7 (rsp): 8; DW_OP_breg16 (rip): 0; DW_OP_lit15; DW_OP_and; "
		   "DW_OP_lit%ld; DW_OP_ge; DW_OP_lit3; DW_OP_shl; DW_OP_plus%n",
		   &number, &end) == 1 &&
	    end && !exp[end])
		return rule(CT_ROW_PLT, saved, number);
	return rule(CT_ROW_ODD, 0, 0);
}

static uint32_t expected_rule(const char *cfa, const char *rbp, const char *ra, bool signal,
			      const char *cfa_exp, const char *rbp_exp)
{
	long number = 0;
	uint32_t saved = CT_SAVED_NOT;
	if (!strcmp(ra, "u"))
		return rule(CT_ROW_END, 0, 0);
	if (signal)
		return rule(CT_ROW_SIGNAL, 0, 0);
	if (strcmp(ra, "c-8"))
		return rule(CT_ROW_ODD, 0, 0);
	if (!strcmp(rbp, "exp") && !strcmp(rbp_exp, "DW_OP_breg6 (rbp): 0"))
		saved = CT_SAVED_AT_FP;
	else if (sscanf(rbp, "c-%ld", &number) == 1 && number % 8 == 0 && number <= 8 * CT_SAVED_MOST)
		saved = (uint32_t)(number / 8);
	else if (strcmp(rbp, "u") && strcmp(rbp, "s"))
		return rule(CT_ROW_ODD, 0, 0);
	return cfa_rule(cfa, cfa_exp, saved);
}

/* A register's name in brackets belongs to its number: "r9 (r9)". */
static size_t split(char *line, char **word)
{
	size_t count = 0;
	for (char *at = strtok(line, " \n"); at && count < MOST_COLUMNS; at = strtok(NULL, " \n"))
		if (*at != '(')
			word[count++] = at;
	return count;
}

struct table { /* of the FDE that is being read */
	uint64_t start, end;
	bool signal, exp_known;
	char header[256];
	size_t rbp, ra, columns;
	struct expressions exp;
};

struct cie {
	unsigned long offset;
	bool signal;
	uint32_t rule; /* at its begin; FDEs without a table of their own have it throughout */
};

static void read_row(struct table *table, char **word, size_t count, struct spelled *spelled,
		     struct list *list)
{
	assert_int_equal(count, table->columns);
	uint64_t start = strtoull(word[0], NULL, 16);
	const char *rbp = table->rbp ? word[table->rbp] : "u";
	if (!table->exp_known && (!strcmp(word[1], "exp") || !strcmp(rbp, "exp"))) {
		table->exp = spell(spelled, table->header, table->start);
		table->exp_known = true;
	}
	uint32_t found = expected_rule(word[1], rbp, word[table->ra], table->signal,
				       expression_at(&table->exp, start, true),
				       expression_at(&table->exp, start, false));
	if (list->count && list->place[list->count - 1].start >= table->start &&
	    list->place[list->count - 1].end == table->end) {
		list->place[list->count - 1].end = start;
		if (list->place[list->count - 1].start == start)
			list->count--;
	}
	if (start < table->end)
		add(list, start, table->end, found);
}

/* All that readelf finds in .eh_frame, else in .debug_frame; returns how many FDEs. */
static size_t read_readelf(const char *file, struct list *list)
{
	FILE *in = readelf("F", file);
	struct spelled spelled = {.in = readelf("f", file)};
	struct cie cies[512] = {0}, *cie = NULL;
	struct table table = {0};
	size_t cie_count = 0, fdes = 0, room = 0;
	char *line = NULL, *word[MOST_COLUMNS];
	bool in_fde = false;
	unsigned long offset, length, pointer;
	while (getline(&line, &room, in) > 0) {
		if (strstr(line, "Contents of the ") && fdes)
			break;
		int at = 0;
		if (sscanf(line, "%lx %lx %lx %n", &offset, &length, &pointer, &at) == 3 && at &&
		    !strncmp(line + at, "CIE ", 4)) {
			assert_in_range(cie_count, 0, 511);
			cie = &cies[cie_count++];
			size_t letters = strcspn(line + at + 5, "\"");
			*cie = (struct cie){offset, memchr(line + at + 5, 'S', letters) != NULL, 0};
			table = (struct table){0};
			in_fde = false;
		} else if (at && !strncmp(line + at, "FDE ", 4)) {
			table = (struct table){0};
			if (sscanf(line + at, "FDE cie=%lx pc=%lx..%lx", &pointer, &table.start,
				   &table.end) != 3)
				fail_msg("not understood: %s", line);
			snprintf(table.header, sizeof(table.header), "%s", line);
			for (cie = cies; cie < cies + cie_count && cie->offset != pointer; cie++)
				;
			assert_true(cie < cies + cie_count);
			table.signal = cie->signal;
			in_fde = true;
			fdes++;
			if (table.start < table.end) /* until its table says more */
				add(list, table.start, table.end, cie->rule);
		} else if (!strncmp(line, "   LOC ", 7)) {
			table.columns = split(line, word);
			table.rbp = table.ra = 0;
			for (size_t i = 2; i < table.columns; i++) {
				if (!strcmp(word[i], "rbp"))
					table.rbp = i;
				if (!strcmp(word[i], "ra"))
					table.ra = i;
			}
			assert_true(table.ra);
		} else if (table.columns && line[0] != '\n') {
			size_t count = split(line, word);
			if (in_fde) {
				read_row(&table, word, count, &spelled, list);
			} else {
				assert_int_equal(count, table.columns);
				cie->rule = expected_rule(word[1], table.rbp ? word[table.rbp] : "u",
							  word[table.ra], cie->signal, "", "");
			}
		} else if (line[0] == '\n') {
			table.columns = 0;
		}
	}
	free(line);
	free(spelled.line);
	while (fgetc(in) != EOF)
		;
	while (fgetc(spelled.in) != EOF)
		;
	assert_int_equal(pclose(in), 0);
	pclose(spelled.in);
	return fdes;
}

static int by_start(const void *left, const void *right)
{
	const struct place *a = left, *b = right;
	return a->start < b->start ? -1 : a->start > b->start;
}

struct segments {
	Elf64_Ehdr header;
	Elf64_Phdr phdr[64];
};

static void read_segments(int fd, struct segments *out)
{
	assert_int_equal(pread(fd, &out->header, sizeof(out->header), 0), sizeof(out->header));
	assert_in_range(out->header.e_phnum, 0, 64);
	size_t size = out->header.e_phnum * sizeof(*out->phdr);
	assert_int_equal(pread(fd, out->phdr, size, (off_t)out->header.e_phoff), size);
}

/* Addresses to offsets in the file; what is no code is dropped. */
static uint64_t offset_of(const struct segments *segments, uint64_t address)
{
	for (int i = 0; i < segments->header.e_phnum; i++) {
		const Elf64_Phdr *phdr = &segments->phdr[i];
		if (phdr->p_type == PT_LOAD && phdr->p_flags & PF_X && address >= phdr->p_vaddr &&
		    address <= phdr->p_vaddr + phdr->p_filesz)
			return address - phdr->p_vaddr + phdr->p_offset;
	}
	return UINT64_MAX;
}

static void expect(struct unwind_rows *rows, const struct segments *segments, uint64_t address,
		   uint32_t found)
{
	uint64_t start = offset_of(segments, address);
	if (start != UINT64_MAX && (!rows->count || CT_ROW_RULE(rows->row[rows->count - 1]) != found))
		rows->row[rows->count++] = CT_ROW(start, 0, 0, 0) | found;
}

/* The places as rows: gaps as such unless they are padding, neighbours merged. */
static struct unwind_rows as_rows(struct list *list, int fd, size_t *overlaps)
{
	struct unwind_rows rows = {.row = calloc(2 * list->count + 2, sizeof(*rows.row))};
	struct segments segments;
	read_segments(fd, &segments);
	uint64_t end = 0;
	assert_non_null(rows.row);
	qsort(list->place, list->count, sizeof(*list->place), by_start);
	for (size_t i = 0; i < list->count; i++) {
		const struct place *place = &list->place[i];
		*overlaps += place->start < end;
		if (i && place->start >= end + PADDING)
			expect(&rows, &segments, end, 0);
		expect(&rows, &segments, place->start, place->rule);
		if (place->end > end)
			end = place->end;
	}
	expect(&rows, &segments, end, 0);
	return rows;
}

struct totals {
	size_t files, fdes, rows, odd, wrong, overlaps;
};

static void tell(const char *what, const struct unwind_rows *rows, size_t i)
{
	if (i < rows->count)
		print_message("%s %x %s\n", what, CT_ROW_START(rows->row[i]),
			      rule_text(CT_ROW_RULE(rows->row[i])).text);
}

/* False where there is no such file. Counts rows that only one side has, or has else. */
static bool compare(const char *file, struct totals *totals)
{
	struct list list = {0};
	struct unwind_rows got;
	size_t overlaps = 0, wrong = 0, i = 0, k = 0;
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	int result = unwind_read(fd, &got);
	size_t fdes = result == -ENOEXEC ? 0 : read_readelf(file, &list);
	if (!fdes) {
		assert_true(result < 0);
		close(fd);
		return false;
	}
	struct unwind_rows want = as_rows(&list, fd, &overlaps);
	assert_true(result == 0 || result == -ENODATA);
	while (i < got.count || k < want.count) {
		if (i < got.count && k < want.count && got.row[i] == want.row[k]) {
			i++;
			k++;
			continue;
		}
		if (wrong++ < 5) {
			print_message("%s:\n", file);
			tell("  rows   ", &got, i);
			tell("  readelf", &want, k);
		}
		uint32_t here = i < got.count ? CT_ROW_START(got.row[i]) : UINT32_MAX;
		uint32_t there = k < want.count ? CT_ROW_START(want.row[k]) : UINT32_MAX;
		i += here <= there;
		k += there <= here;
	}
	totals->files++;
	totals->fdes += fdes;
	totals->rows += want.count;
	totals->odd += got.odd;
	totals->wrong += wrong;
	totals->overlaps += overlaps;
	unwind_rows_deinit(&got);
	free(want.row);
	free(list.place);
	close(fd);
	return true;
}

static void test_all_rows_of_real_files_are_as_readelf_has_them(void **state)
{
	static const char *const there_or_not[] = {
		"/lib64/ld-linux-x86-64.so.2",          /* assembly, PLT */
		"/lib/x86_64-linux-gnu/libm.so.6",      /* vector code */
		"/lib/x86_64-linux-gnu/libcrypto.so.3", /* much assembly, odd rows */
		"/usr/lib64/libm.so.6",
		"/usr/lib64/libcrypto.so.3",
		"/bin/bash",
	};
	struct totals totals = {0};
	Dl_info libc;
	(void)state;
	if (system("readelf --version >/dev/null 2>&1"))
		skip();
	assert_true(dladdr((void *)(uintptr_t)&gnu_get_libc_version, &libc));
	assert_true(compare(libc.dli_fname, &totals));
	char self[4096] = "";
	assert_in_range(readlink("/proc/self/exe", self, sizeof(self) - 1), 1, sizeof(self) - 1);
	assert_true(compare(self, &totals));
	for (size_t i = 0; i < sizeof(there_or_not) / sizeof(*there_or_not); i++)
		compare(there_or_not[i], &totals);
	assert_in_range(totals.rows, 10000, SIZE_MAX); /* else nothing has been compared */
	assert_int_equal(totals.wrong, 0);
}

static int compare_arguments(char **file)
{
	struct totals totals = {0};
	for (; *file; file++) {
		size_t before = totals.wrong;
		if (compare(*file, &totals) && totals.wrong > before)
			printf("%zu wrong in %s\n", totals.wrong - before, *file);
	}
	printf("%zu files, %zu FDEs, %zu rows, %zu of them odd, %zu wrong; %zu overlaps\n", totals.files,
	       totals.fdes, totals.rows, totals.odd, totals.wrong, totals.overlaps);
	return totals.wrong != 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_rows_of_real_files_are_as_readelf_has_them),
	};
	return argc > 1 ? compare_arguments(argv + 1) : cmocka_run_group_tests(tests, NULL, NULL);
}
