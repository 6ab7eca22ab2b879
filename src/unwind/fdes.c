// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Which code has unwind data: a walk over the FDEs of .eh_frame or .debug_frame. Formats:
 * the Linux Standard Base, "Exception Frames". */
#include "unwind_internal.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOST_FDES = 1 << 23,
	MOST_CIE = 1024,        /* bytes; each may be read again for each FDE */
	MOST_BYTES = 128 << 20, /* of a section; Chromium has some 20 MB */
};
#define NO_OFFSET UINT64_MAX

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
	if (!section || header.sh_size > MOST_BYTES)
		return false;
	if (header.sh_flags & SHF_COMPRESSED) {
		GElf_Chdr compressed;
		if (eh || !gelf_getchdr(section, &compressed) || compressed.ch_size > MOST_BYTES ||
		    elf_compress(section, 0, 0) < 0)
			return false;
	}
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
		if (load.p_filesz - before > MOST_BYTES)
			return false;
		out->data = elf_getdata_rawchunk(elf, (int64_t)(load.p_offset + before),
						 load.p_filesz - before, ELF_T_BYTE);
		out->vaddr = frames;
		out->eh = true;
		return out->data && out->data->d_buf;
	}
	return false;
}

static bool take_number(struct bytes *from, uint8_t encoding, uint64_t *value)
{
	static const uint8_t sizes[8] = {
		[DW_EH_PE_absptr] = 8, [DW_EH_PE_udata2] = 2, [DW_EH_PE_udata4] = 4, [DW_EH_PE_udata8] = 8};
	size_t size = sizes[encoding & 7]; /* 0, LEB128: no producer uses it for addresses */
	if (!size || !take_bytes(from, size, value))
		return false;
	if (encoding & DW_EH_PE_signed && size == 4)
		*value = (uint64_t)(int64_t)(int32_t)*value;
	else if (encoding & DW_EH_PE_signed && size == 2)
		*value = (uint64_t)(int64_t)(int16_t)*value;
	return true;
}

/* Letter by letter: R is how the addresses of the CIE's FDEs are encoded. */
static bool read_augmentation(const Dwarf_CIE *from, struct cie *cie)
{
	struct bytes data = {from->augmentation_data, from->augmentation_data};
	const char *letter = from->augmentation;
	uint64_t byte, ignored;
	cie->encoding = DW_EH_PE_absptr;
	if (!letter || *letter != 'z')
		return !letter || !*letter;
	cie->sized = true;
	if (data.at)
		data.end += from->augmentation_data_size;
	while (*++letter) {
		if (*letter == 'S')
			cie->signal = true;
		if (*letter == 'S' || *letter == 'B')
			continue;
		if (!take_bytes(&data, 1, &byte))
			return false;
		if (*letter == 'R')
			cie->encoding = (uint8_t)byte;
		else if (*letter == 'P' && !take_number(&data, (uint8_t)byte, &ignored))
			return false;
		else if (*letter != 'P' && *letter != 'L')
			return false;
	}
	return (cie->encoding & 0xf0) == DW_EH_PE_absptr || (cie->encoding & 0xf0) == DW_EH_PE_pcrel;
}

/* Room for one more. */
static void *grow(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	size_t wanted = *room ? 2 * *room : 64;
	void *grown = realloc(array, wanted * size);
	if (grown)
		*room = wanted;
	return grown;
}

static int add_fde(struct fdes *fdes, uint64_t start, uint64_t length, struct bytes instructions)
{
	if (!length || start + length < start)
		return 0;
	struct fde *grown = grow(fdes->fde, fdes->count, &fdes->room, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	fdes->fde = grown;
	fdes->fde[fdes->count++] = (struct fde){start, start + length, instructions, fdes->cie_count - 1};
	return 0;
}

/* The entry at an offset, in bounds and of a bearable size. */
static bool is_small_entry(const struct frame_section *section, Dwarf_Off offset)
{
	uint32_t length;
	if (section->data->d_size < sizeof(length) || offset > section->data->d_size - sizeof(length))
		return false;
	memcpy(&length, (const uint8_t *)section->data->d_buf + offset, sizeof(length));
	return length <= MOST_CIE;
}

/* Neighbours share theirs: it becomes the last one. */
static int add_cie(Elf *elf, const struct frame_section *section, Dwarf_Off offset, struct fdes *fdes)
{
	Dwarf_CFI_Entry entry;
	Dwarf_Off next;
	struct cie *cie = grow(fdes->cie, fdes->cie_count, &fdes->cie_room, sizeof(*cie));
	if (!cie)
		return -ENOMEM;
	fdes->cie = cie;
	cie += fdes->cie_count++;
	*cie = (struct cie){.offset = offset};
	if (!is_small_entry(section, offset) ||
	    dwarf_next_cfi((const unsigned char *)elf_getident(elf, NULL), section->data, section->eh, offset,
			   &next, &entry) ||
	    !dwarf_cfi_cie_p(&entry) || !read_augmentation(&entry.cie, cie))
		return 0;
	cie->instructions =
		(struct bytes){entry.cie.initial_instructions, entry.cie.initial_instructions_end};
	cie->code_alignment = entry.cie.code_alignment_factor;
	cie->data_alignment = entry.cie.data_alignment_factor;
	cie->usable = entry.cie.return_address_register == REG_RETURN;
	return 0;
}

static int read_fde(const struct frame_section *section, const Dwarf_FDE *from, struct fdes *fdes)
{
	const struct cie *cie = &fdes->cie[fdes->cie_count - 1];
	struct bytes bytes = {from->start, from->end};
	uint64_t start, length, ignored;
	if (!cie->usable || !take_number(&bytes, cie->encoding, &start) ||
	    !take_number(&bytes, cie->encoding & 7, &length))
		return 0;
	if ((cie->encoding & 0xf0) == DW_EH_PE_pcrel)
		start += section->vaddr + (uint64_t)(from->start - (const uint8_t *)section->data->d_buf);
	if (cie->sized) {
		if (!take_uleb(&bytes, &ignored) || ignored > (uint64_t)(bytes.end - bytes.at))
			return 0;
		bytes.at += ignored;
	}
	return add_fde(fdes, start, length, bytes);
}

static int walk(Elf *elf, const struct frame_section *section, struct fdes *fdes)
{
	Dwarf_Off offset = 0, next = 0;
	int result = 0;
	for (size_t i = 0; i < MOST_FDES && !result; i++, offset = next) {
		Dwarf_CFI_Entry entry;
		next = offset;
		int status = dwarf_next_cfi((const unsigned char *)elf_getident(elf, NULL), section->data,
					    section->eh, offset, &next, &entry);
		if (status > 0 || next <= offset)
			break;
		if (status < 0 || dwarf_cfi_cie_p(&entry))
			continue;
		if (!fdes->cie_count || fdes->cie[fdes->cie_count - 1].offset != entry.fde.CIE_pointer)
			result = add_cie(elf, section, entry.fde.CIE_pointer, fdes);
		if (!result)
			result = read_fde(section, &entry.fde, fdes);
	}
	return result;
}

static int by_start(const void *left, const void *right)
{
	const struct fde *a = left, *b = right;
	return a->start < b->start ? -1 : a->start > b->start;
}

int fdes_read(Elf *elf, struct fdes *out)
{
	struct frame_section section;
	int result = 0;
	if (find_frame_section(elf, true, &section) || find_frame_segment(elf, &section))
		result = walk(elf, &section, out);
	/* Built without unwind tables but with -g, a program has these for all but its start. */
	if (!result && find_frame_section(elf, false, &section)) {
		if (out->cie_count)
			out->cie[out->cie_count - 1].offset = NO_OFFSET; /* another section's */
		result = walk(elf, &section, out);
	}
	if (out->count)
		qsort(out->fde, out->count, sizeof(*out->fde), by_start);
	return result ? result : out->count ? 0 : -ENODATA;
}

void fdes_deinit(struct fdes *fdes)
{
	free(fdes->fde);
	free(fdes->cie);
}
