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

/* libdw runs an FDE's instructions from their begin for each row. Real files stay far
 * below this (libLLVM: 0.1 GB); what lies above is a file made to hang its reader. */
#define MOST_WORK (4ull << 30)

struct segment {
	uint64_t vaddr, offset, size;
};

struct reading {
	struct unwind_rows *rows;
	size_t room;
	struct segment segments[MAX_SEGMENTS]; /* of code */
	size_t segment_count;
	uint64_t work;
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

/* The kernel half sees offsets in the file. */
static bool to_offset(const struct reading *reading, uint64_t vaddr, uint64_t *offset)
{
	for (size_t i = 0; i < reading->segment_count; i++) {
		const struct segment *segment = &reading->segments[i];
		if (vaddr >= segment->vaddr && vaddr - segment->vaddr <= segment->size) {
			*offset = vaddr - segment->vaddr + segment->offset;
			return *offset <= UINT32_MAX;
		}
	}
	return false;
}

static int add_row(struct reading *reading, uint64_t vaddr, uint32_t rule)
{
	struct unwind_rows *rows = reading->rows;
	uint64_t start;
	if (!to_offset(reading, vaddr, &start))
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
	rows->odd += CT_ROW_KIND(rule) == CT_ROW_ODD;
	rows->row[rows->count++] = CT_ROW(start, 0, 0, 0) | rule;
	return 0;
}

/* The rows of one FDE, from an address in it on. */
static int read_fde(struct reading *reading, Dwarf_CFI *cfi, const struct fde *fde, uint64_t from)
{
	int result = 0;
	for (uint64_t at = from; at < fde->end && !result;) {
		Dwarf_Frame *frame;
		Dwarf_Addr start, end;
		bool signal = false;
		reading->work += fde->cost;
		if (reading->work > MOST_WORK)
			return -E2BIG;
		if (dwarf_cfi_addrframe(cfi, at, &frame))
			return add_row(reading, at, CT_ROW_RULE(CT_ROW(0, CT_ROW_NONE, 0, 0)));
		dwarf_frame_info(frame, &start, &end, &signal);
		result = add_row(reading, at, rule_of(frame, signal));
		free(frame);
		if (end <= at)
			break;
		at = end;
	}
	return result;
}

static int read_fdes(struct reading *reading, Dwarf_CFI *cfi, const struct fdes *fdes)
{
	const uint32_t none = CT_ROW_RULE(CT_ROW(0, CT_ROW_NONE, 0, 0));
	uint64_t covered = 0;
	int result = 0;
	for (size_t i = 0; i < fdes->count && !result; i++) {
		const struct fde *fde = &fdes->fde[i];
		if (i && fde->start > covered && fde->start - covered >= PADDING)
			result = add_row(reading, covered, none);
		if (!result && fde->end > covered)
			result = read_fde(reading, cfi, fde, fde->start > covered ? fde->start : covered);
		if (fde->end > covered)
			covered = fde->end;
	}
	/* Too much of it: what there is serves, and what is missing ends as such. */
	if (!result || result == -E2BIG)
		result = add_row(reading, covered, none);
	reading->rows->functions = fdes->count;
	return result == -E2BIG ? 0 : result;
}

static int by_row(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
	return a < b ? -1 : a > b;
}

/* Segments need not lie in the file as they lie in memory. */
static void sort_rows(struct unwind_rows *rows)
{
	for (size_t i = 1; i < rows->count; i++) {
		if (rows->row[i] >= rows->row[i - 1])
			continue;
		qsort(rows->row, rows->count, sizeof(*rows->row), by_row);
		return;
	}
}

int unwind_read(int fd, struct unwind_rows *out)
{
	struct reading reading = {.rows = out};
	struct fdes fdes = {0};
	Dwarf_CFI *cfi;
	Dwarf *dwarf;
	memset(out, 0, sizeof(*out));
	if (elf_version(EV_CURRENT) == EV_NONE)
		return -ENOEXEC;
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL); /* read, not mapped: it may be cut short meanwhile */
	if (!elf || !is_of_this_machine(elf)) {
		elf_end(elf);
		return -ENOEXEC;
	}
	read_segments(elf, &reading);
	int result = fdes_read(elf, &fdes, &cfi, &dwarf);
	if (!result)
		result = read_fdes(&reading, cfi, &fdes);
	if (dwarf)
		dwarf_end(dwarf);
	else if (cfi)
		dwarf_cfi_end(cfi);
	elf_end(elf);
	free(fdes.fde);
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
