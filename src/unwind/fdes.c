// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Which code has unwind data: a walk over the FDEs of .eh_frame or .debug_frame. libdw
 * finds the FDE of an address but does not list them; stepping through the code in its
 * stead costs ten times as much. Formats: the Linux Standard Base, "Exception Frames". */
#include "unwind_internal.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FDES = 1 << 23 };

struct frame_section {
	Elf_Data *data;
	uint64_t vaddr;
	bool eh;
};

static Elf_Scn *find_section(Elf *elf, const char *wanted, GElf_Shdr *header)
{
	size_t names;
	if (elf_getshdrstrndx(elf, &names))
		return NULL;
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		const char *name;
		if (gelf_getshdr(section, header) && header->sh_type != SHT_NOBITS &&
		    (name = elf_strptr(elf, names, header->sh_name)) && !strcmp(name, wanted))
			return section;
	}
	return NULL;
}

static bool find_frame_section(Elf *elf, bool eh, struct frame_section *out)
{
	GElf_Shdr header;
	Elf_Scn *section = find_section(elf, eh ? ".eh_frame" : ".debug_frame", &header);
	if (!section)
		return false;
	if (header.sh_flags & SHF_COMPRESSED)
		elf_compress(section, 0, 0);
	out->data = elf_getdata(section, NULL);
	out->vaddr = header.sh_addr;
	out->eh = eh;
	return out->data && out->data->d_buf && out->data->d_size;
}

/* Files without section headers have the program header of .eh_frame_hdr, which tells
 * where .eh_frame begins; it ends with a zero, at the latest with the segment. */
static bool find_frame_segment(Elf *elf, struct frame_section *out)
{
	size_t count;
	GElf_Phdr header, load;
	uint64_t frames = 0;
	if (elf_getphdrnum(elf, &count))
		return false;
	for (size_t i = 0; i < count && !frames; i++) {
		if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_GNU_EH_FRAME)
			continue;
		Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)header.p_offset, 8, ELF_T_BYTE);
		const uint8_t *bytes = data ? data->d_buf : NULL;
		int32_t distance;
		if (!bytes || bytes[0] != 1 || bytes[1] != (DW_EH_PE_pcrel | DW_EH_PE_sdata4))
			return false;
		memcpy(&distance, bytes + 4, sizeof(distance));
		frames = header.p_vaddr + 4 + (uint64_t)(int64_t)distance;
	}
	for (size_t i = 0; i < count && frames; i++) {
		if (!gelf_getphdr(elf, (int)i, &load) || load.p_type != PT_LOAD || frames < load.p_vaddr ||
		    frames - load.p_vaddr >= load.p_filesz)
			continue;
		uint64_t before = frames - load.p_vaddr;
		out->data = elf_getdata_rawchunk(elf, (int64_t)(load.p_offset + before),
						 load.p_filesz - before, ELF_T_BYTE);
		out->vaddr = frames;
		out->eh = true;
		return out->data && out->data->d_buf;
	}
	return false;
}

/* A number at *at, as encoded. */
static bool take_number(const uint8_t **at, const uint8_t *end, uint8_t encoding, uint64_t *value)
{
	size_t size = 8;
	bool is_signed = encoding & DW_EH_PE_signed;
	switch (encoding & 7) {
	case DW_EH_PE_absptr:
	case DW_EH_PE_udata8:
		break;
	case DW_EH_PE_udata2:
		size = 2;
		break;
	case DW_EH_PE_udata4:
		size = 4;
		break;
	default: /* LEB128: no producer uses it for addresses */
		return false;
	}
	if (size > (size_t)(end - *at))
		return false;
	*value = 0;
	memcpy(value, *at, size);
	*at += size;
	if (is_signed && size == 4)
		*value = (uint64_t)(int64_t)(int32_t)*value;
	else if (is_signed && size == 2)
		*value = (uint64_t)(int64_t)(int16_t)*value;
	return true;
}

/* How the addresses of a CIE's FDEs are encoded: the augmentation's R. */
static bool address_encoding(const Dwarf_CIE *cie, uint8_t *encoding)
{
	const uint8_t *at = cie->augmentation_data;
	const uint8_t *end = at ? at + cie->augmentation_data_size : NULL;
	const char *letter = cie->augmentation;
	uint64_t ignored;
	*encoding = DW_EH_PE_absptr;
	if (!letter || *letter != 'z')
		return !letter || !*letter;
	while (*++letter) {
		if (*letter == 'S' || *letter == 'B')
			continue;
		if (!at || at >= end)
			return false;
		uint8_t byte = *at++;
		if (*letter == 'R')
			*encoding = byte;
		else if (*letter == 'P' && !take_number(&at, end, byte, &ignored))
			return false;
		else if (*letter != 'P' && *letter != 'L')
			return false;
	}
	return (*encoding & 0x70) == DW_EH_PE_absptr || (*encoding & 0x70) == DW_EH_PE_pcrel;
}

static int add_fde(struct fdes *fdes, uint64_t start, uint64_t length, uint64_t cost)
{
	if (!length || start + length < start)
		return 0;
	if (fdes->count == fdes->room) {
		size_t room = fdes->room ? 2 * fdes->room : 1024;
		struct fde *grown = realloc(fdes->fde, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		fdes->fde = grown;
		fdes->room = room;
	}
	fdes->fde[fdes->count++] = (struct fde){start, start + length, cost};
	return 0;
}

struct last_cie { /* neighbours share theirs */
	Dwarf_Off offset;
	bool usable;
	uint8_t encoding;
	uint64_t cost;
};

static void read_cie(Elf *elf, const struct frame_section *section, Dwarf_Off offset, struct last_cie *last)
{
	Dwarf_CFI_Entry entry;
	Dwarf_Off next;
	last->offset = offset;
	last->usable = dwarf_next_cfi((const unsigned char *)elf_getident(elf, NULL), section->data,
				      section->eh, offset, &next, &entry) == 0 &&
		       dwarf_cfi_cie_p(&entry) && address_encoding(&entry.cie, &last->encoding);
	if (last->usable)
		last->cost = (uint64_t)(entry.cie.initial_instructions_end - entry.cie.initial_instructions);
}

static int walk(Elf *elf, const struct frame_section *section, struct fdes *fdes)
{
	const uint8_t *bytes = section->data->d_buf;
	struct last_cie cie = {.offset = ~0ull};
	Dwarf_Off offset = 0, next = 0;
	int result = 0;
	for (size_t i = 0; i < MOST_FDES && !result; i++, offset = next) {
		Dwarf_CFI_Entry entry;
		uint64_t start, length;
		next = offset;
		int status = dwarf_next_cfi((const unsigned char *)elf_getident(elf, NULL), section->data,
					    section->eh, offset, &next, &entry);
		if (status > 0 || next <= offset)
			break;
		if (status < 0 || dwarf_cfi_cie_p(&entry))
			continue;
		if (cie.offset != entry.fde.CIE_pointer)
			read_cie(elf, section, entry.fde.CIE_pointer, &cie);
		const uint8_t *at = entry.fde.start;
		if (!cie.usable || !take_number(&at, entry.fde.end, cie.encoding, &start) ||
		    !take_number(&at, entry.fde.end, cie.encoding & 7, &length))
			continue;
		if ((cie.encoding & 0x70) == DW_EH_PE_pcrel)
			start += section->vaddr + (uint64_t)(entry.fde.start - bytes);
		result = add_fde(fdes, start, length, cie.cost + (uint64_t)(entry.fde.end - at));
	}
	return result;
}

static int by_start(const void *left, const void *right)
{
	const struct fde *a = left, *b = right;
	return a->start < b->start ? -1 : a->start > b->start;
}

int fdes_read(Elf *elf, struct fdes *out, Dwarf_CFI **cfi, Dwarf **dwarf)
{
	struct frame_section section;
	*dwarf = NULL;
	*cfi = NULL;
	if (find_frame_section(elf, true, &section) || find_frame_segment(elf, &section)) {
		*cfi = dwarf_getcfi_elf(elf);
	} else if (find_frame_section(elf, false, &section)) {
		*dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
		*cfi = *dwarf ? dwarf_getcfi(*dwarf) : NULL;
	}
	if (!*cfi)
		return -ENODATA;
	int result = walk(elf, &section, out);
	if (out->count)
		qsort(out->fde, out->count, sizeof(*out->fde), by_start);
	return result ? result : out->count ? 0 : -ENODATA;
}
