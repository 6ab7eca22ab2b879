// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Names of addresses: debug info first (function, inlined callers, lines), else the
 * symbol tables. libdwfl finds separate debug files. */
#include "symbols_internal.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_INLINED = 64, MAX_UNITS = 1 << 20, MAX_RANGES = 1 << 20 };

/* The file was given by descriptor: libdwfl need not look for it. */
static int find_no_elf(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base, char **path,
		       Elf **elf)
{
	(void)module;
	(void)data;
	(void)name;
	(void)base;
	(void)path;
	(void)elf;
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = find_no_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
};

/* Opens the module so that its addresses are the file's own. */
static void open_module(struct symbols_file *file)
{
	file->opened = true;
	file->dwfl = dwfl_begin(&callbacks);
	if (!file->dwfl)
		return;
	dwfl_report_begin(file->dwfl);
	int fd = dup(file->fd);
	file->module = fd < 0 ? NULL : dwfl_report_elf(file->dwfl, file->path, file->path, fd, 0, true);
	if (!file->module && fd >= 0)
		close(fd);
	dwfl_report_end(file->dwfl, NULL, NULL);
}

static int by_low(const void *a, const void *b)
{
	uint64_t x = ((const struct unit_range *)a)->low, y = ((const struct unit_range *)b)->low;
	return x < y ? -1 : x > y;
}

static void add_unit_ranges(struct symbols_file *file, Dwarf_Die *unit)
{
	Dwarf_Addr base, low, high;
	for (ptrdiff_t next = 0; file->unit_count < MAX_RANGES;) {
		next = dwarf_ranges(unit, next, &base, &low, &high);
		if (next <= 0)
			return;
		if (low >= high)
			continue;
		if (!(file->unit_count & (file->unit_count - 1))) { /* full at powers of two */
			size_t room = file->unit_count ? 2 * file->unit_count : 1;
			struct unit_range *units = realloc(file->units, room * sizeof(*units));
			if (!units)
				return;
			file->units = units;
		}
		file->units[file->unit_count++] = (struct unit_range){low, high, dwarf_dieoffset(unit)};
	}
}

/* clang writes no .debug_aranges: an index of the units' ranges stands in. */
static bool find_unit_by_ranges(struct symbols_file *file, Dwarf *dwarf, Dwarf_Addr address, Dwarf_Die *out)
{
	if (!file->indexed) {
		Dwarf_Off offset = 0, next;
		size_t header;
		file->indexed = true;
		for (int i = 0;
		     i < MAX_UNITS && !dwarf_nextcu(dwarf, offset, &next, &header, NULL, NULL, NULL); i++) {
			Dwarf_Die unit;
			if (dwarf_offdie(dwarf, offset + header, &unit))
				add_unit_ranges(file, &unit);
			if (next <= offset)
				break;
			offset = next;
		}
		if (file->unit_count)
			qsort(file->units, file->unit_count, sizeof(*file->units), by_low);
	}
	size_t low = 0, high = file->unit_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (file->units[middle].low <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < file->units[low - 1].high &&
	       dwarf_offdie(dwarf, file->units[low - 1].die, out);
}

static bool find_unit(struct symbols_file *file, Dwarf_Addr address, Dwarf_Die *unit, Dwarf_Addr *bias)
{
	Dwarf *dwarf = dwfl_module_getdwarf(file->module, bias);
	if (!dwarf)
		return false;
	Dwarf_Die *found = dwfl_module_addrdie(file->module, address, bias);
	/* libdwfl's ranges go on to the next one's begin: code without debug info would be named
	 * after the unit before it. */
	if (found && dwarf_haspc(found, address - *bias) > 0) {
		*unit = *found;
		return true;
	}
	return find_unit_by_ranges(file, dwarf, address - *bias, unit);
}

static char *copy_string(const char *text)
{
	return text ? strdup(text) : NULL;
}

/* The name of a function's entry, through its origin and declaration. */
static char *function_name(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = NULL;
	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
		name = dwarf_formstring(&attribute);
	if (!name && dwarf_attr_integrate(die, DW_AT_name, &attribute))
		name = dwarf_formstring(&attribute);
	return name ? symbols_demangle(name) : NULL;
}

struct location {
	char *file;
	uint32_t line, column;
};

static uint32_t attribute_number(Dwarf_Die *die, unsigned int which)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;
	if (!dwarf_attr(die, which, &attribute) || dwarf_formudata(&attribute, &value) || value > UINT32_MAX)
		return 0;
	return (uint32_t)value;
}

/* Where an inlined function was called from. */
static struct location call_site(Dwarf_Die *unit, Dwarf_Die *die)
{
	struct location site = {
		.line = attribute_number(die, DW_AT_call_line),
		.column = attribute_number(die, DW_AT_call_column),
	};
	Dwarf_Files *files;
	size_t count, index = attribute_number(die, DW_AT_call_file);
	if (!dwarf_getsrcfiles(unit, &files, &count) && index < count)
		site.file = copy_string(dwarf_filesrc(files, index, NULL, NULL));
	return site;
}

static struct location line_of(Dwarf_Die *unit, Dwarf_Addr address)
{
	struct location place = {0};
	Dwarf_Line *line = dwarf_getsrc_die(unit, address);
	int number = 0, column = 0;
	if (!line)
		return place;
	place.file = copy_string(dwarf_linesrc(line, NULL, NULL));
	if (!dwarf_lineno(line, &number) && number > 0)
		place.line = (uint32_t)number;
	if (!dwarf_linecol(line, &column) && column > 0)
		place.column = (uint32_t)column;
	return place;
}

static bool add_inlined(struct profile_frame *frame, char *function, struct location place)
{
	struct profile_inline *inlined =
		realloc(frame->inlined, (frame->n_inlined + 1) * sizeof(*frame->inlined));
	if (!inlined) {
		free(function);
		free(place.file);
		return false;
	}
	frame->inlined = inlined;
	inlined[frame->n_inlined++] = (struct profile_inline){function, place.file, place.line, place.column};
	return true;
}

/* The scopes of the address, innermost first, up to the function itself. */
static void name_scopes(Dwarf_Die *unit, Dwarf_Addr address, struct location place,
			struct profile_frame *frame)
{
	Dwarf_Die *at = NULL, *scopes = NULL;
	int count = dwarf_getscopes(unit, address, &at);
	/* Those hold inlined functions by where they are written; these by where they run. */
	count = count > 0 ? dwarf_getscopes_die(&at[0], &scopes) : 0;
	for (int i = 0; i < count; i++) {
		int tag = dwarf_tag(&scopes[i]);
		if (tag == DW_TAG_subprogram || tag == DW_TAG_entry_point) {
			frame->function = function_name(&scopes[i]);
			break;
		}
		if (tag == DW_TAG_inlined_subroutine && frame->n_inlined < MAX_INLINED) {
			if (!add_inlined(frame, function_name(&scopes[i]), place)) {
				place = (struct location){0};
				break;
			}
			place = call_site(unit, &scopes[i]);
		}
	}
	free(at);
	free(scopes);
	frame->file = place.file;
	frame->line = place.line;
	frame->column = place.column;
}

static void name_by_debug_info(struct symbols_file *file, Dwarf_Addr address, struct profile_frame *frame)
{
	Dwarf_Die unit;
	Dwarf_Addr bias = 0;
	if (!find_unit(file, address, &unit, &bias))
		return;
	name_scopes(&unit, address - bias, line_of(&unit, address - bias), frame);
}

/* A symbol counts where the address lies within its size; one of no size (hand-written
 * entry code) where nothing better is known. */
static void name_by_symbol(struct symbols_file *file, uint64_t vaddr, struct profile_frame *frame)
{
	GElf_Sym symbol;
	GElf_Off offset;
	GElf_Word section;
	const char *name =
		dwfl_module_addrinfo(file->module, vaddr - 1, &offset, &symbol, &section, NULL, NULL);
	if (!name || !*name || (symbol.st_size && offset >= symbol.st_size))
		return;
	frame->function = symbols_demangle(name);
	frame->has_symbol_offset = frame->function != NULL;
	frame->symbol_offset = offset + 1;
}

int symbols_name(struct symbols_file *file, uint64_t vaddr, struct profile_frame *frame)
{
	if (!file->opened)
		open_module(file);
	if (!file->module || !vaddr)
		return 0;
	name_by_debug_info(file, vaddr - 1, frame); /* inside of the call, not after it */
	if (!frame->function)
		name_by_symbol(file, vaddr, frame);
	return 0;
}
