// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A file's unwind data as rows: each FDE in the order of the code, each place in it where
 * the rules change. */
#include "unwind_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_SEGMENTS = 256,
	MOST_ROWS = 1 << 24,
	PADDING = 16, /* between functions; what is shorter than that is no code */
};

static const uint32_t none = CT_ROW_RULE(CT_ROW(0, CT_ROW_NONE, 0, 0));

struct segment {
	uint64_t vaddr, offset, size;
};

struct reading {
	struct unwind_rows *rows;
	size_t room;
	struct segment segments[MAX_SEGMENTS]; /* of code */
	size_t segment_count;
};

static bool is_of_this_machine(Elf *elf)
{
	GElf_Ehdr header;
	return elf_kind(elf) == ELF_K_ELF && gelf_getclass(elf) == ELFCLASS64 && gelf_getehdr(elf, &header) &&
	       header.e_machine == EM_X86_64 && header.e_ident[EI_DATA] == ELFDATA2LSB;
}

static void read_segments(Elf *elf, struct reading *reading)
{
	size_t count;
	GElf_Phdr header;
	if (elf_getphdrnum(elf, &count) || count > MAX_SEGMENTS)
		return;
	for (size_t i = 0; i < count; i++)
		if (gelf_getphdr(elf, (int)i, &header) && header.p_type == PT_LOAD && (header.p_flags & PF_X))
			reading->segments[reading->segment_count++] =
				(struct segment){header.p_vaddr, header.p_offset, header.p_filesz};
}

static const struct segment *segment_of(const struct reading *reading, uint64_t vaddr)
{
	for (size_t i = 0; i < reading->segment_count; i++) {
		const struct segment *segment = &reading->segments[i];
		if (vaddr >= segment->vaddr && vaddr - segment->vaddr < segment->size)
			return segment;
	}
	return NULL;
}

/* From an address, as distance from one in the code: the kernel half sees offsets in the
 * file, and the end of a segment is in none. */
static int add_row(struct reading *reading, uint64_t vaddr, uint64_t distance, uint32_t rule)
{
	struct unwind_rows *rows = reading->rows;
	const struct segment *segment = segment_of(reading, vaddr);
	if (!segment)
		return 0;
	uint64_t start = vaddr - segment->vaddr + segment->offset + distance;
	if (start > UINT32_MAX)
		return 0;
	if (rows->count && CT_ROW_RULE(rows->row[rows->count - 1]) == rule &&
	    CT_ROW_START(rows->row[rows->count - 1]) <= start)
		return 0;
	if (rows->count == MOST_ROWS)
		return -E2BIG;
	if (rows->count == reading->room) {
		size_t room = reading->room ? 2 * reading->room : 4096;
		uint64_t *grown = realloc(rows->row, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		rows->row = grown;
		reading->room = room;
	}
	rows->row[rows->count++] = CT_ROW(start, 0, 0, 0) | rule;
	return 0;
}

static int start_row(struct reading *reading, uint64_t vaddr, uint32_t rule)
{
	return add_row(reading, vaddr, 0, rule);
}

static int end_rows(struct reading *reading, uint64_t vaddr)
{
	return vaddr ? add_row(reading, vaddr - 1, 1, none) : 0;
}

/* The rows of one FDE, from an address in it on. */
static int read_fde(struct reading *reading, const struct cie *cie, const struct fde *fde, uint64_t from)
{
	struct run run;
	int result = 0;
	run_begin(&run, cie, fde);
	while (!result && run_next(&run))
		if (run.end > from)
			result = start_row(reading, run.start > from ? run.start : from,
					   run.damaged ? none : rule_of(&run.now, cie->signal));
	return result;
}

static int read_fdes(struct reading *reading, const struct fdes *fdes)
{
	uint64_t covered = 0;
	int result = 0;
	for (size_t i = 0; i < fdes->count && !result; i++) {
		const struct fde *fde = &fdes->fde[i];
		if (i && ((fde->start > covered && fde->start - covered >= PADDING) ||
			  segment_of(reading, covered - 1) != segment_of(reading, fde->start)))
			result = end_rows(reading, covered);
		if (!result && fde->end > covered)
			result = read_fde(reading, &fdes->cie[fde->cie], fde,
					  fde->start > covered ? fde->start : covered);
		if (fde->end > covered)
			covered = fde->end;
	}
	if (!result)
		result = end_rows(reading, covered);
	/* Too many: those that there are serve, and what is missing ends as such. */
	if (result == -E2BIG) {
		uint64_t *last = &reading->rows->row[reading->rows->count - 1];
		*last = CT_ROW(CT_ROW_START(*last), 0, 0, 0) | none;
		result = 0;
	}
	reading->rows->functions = fdes->count;
	return result;
}

static int by_row(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
	return a < b ? -1 : a > b;
}

/* Segments need not lie in the file as they lie in memory, and can share a part of it: one
 * row a place is left then, one that says something if there is. */
static void sort_rows(struct unwind_rows *rows)
{
	size_t kept = 1;
	for (size_t i = 1; i < rows->count; i++)
		if (CT_ROW_START(rows->row[i]) <= CT_ROW_START(rows->row[i - 1])) {
			qsort(rows->row, rows->count, sizeof(*rows->row), by_row);
			break;
		}
	for (size_t i = 1; i < rows->count; i++) {
		kept -= CT_ROW_START(rows->row[i]) == CT_ROW_START(rows->row[kept - 1]);
		rows->row[kept++] = rows->row[i];
	}
	rows->count = rows->count ? kept : 0;
	for (size_t i = 0; i < rows->count; i++)
		rows->odd += CT_ROW_KIND(rows->row[i]) == CT_ROW_ODD;
}

int unwind_read(int fd, struct unwind_rows *out)
{
	struct reading reading = {.rows = out};
	struct fdes fdes = {0};
	memset(out, 0, sizeof(*out));
	if (elf_version(EV_CURRENT) == EV_NONE)
		return -ENOEXEC;
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL); /* read, not mapped: it may be cut short meanwhile */
	if (!elf || !is_of_this_machine(elf)) {
		elf_end(elf);
		return -ENOEXEC;
	}
	read_segments(elf, &reading);
	int result = fdes_read(elf, &fdes);
	if (!result)
		result = read_fdes(&reading, &fdes);
	if (!result && !out->count) /* of functions that are in no code */
		result = -ENODATA;
	fdes_deinit(&fdes);
	elf_end(elf);
	if (result)
		unwind_rows_deinit(out);
	else
		sort_rows(out);
	return result;
}

void unwind_rows_deinit(struct unwind_rows *rows)
{
	free(rows->row);
	memset(rows, 0, sizeof(*rows));
}
