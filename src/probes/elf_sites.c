// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Finding an allocator's functions in an ELF file. The file is the target's, so
 * untrusted: libelf checks what it hands out, counts are bounded here. */
#include "probes_internal.h"

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>

enum { MAX_SYMBOLS = 4000000, MAX_DYNAMIC = 4096 };

#if defined(__x86_64__)
#define HOST_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define HOST_MACHINE EM_AARCH64
#endif

static Elf *open_elf(int fd)
{
	if (elf_version(EV_CURRENT) == EV_NONE)
		return NULL;
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL); /* not mmap: a file cut short must not be a SIGBUS */
	if (elf && elf_kind(elf) != ELF_K_ELF) {
		elf_end(elf);
		return NULL;
	}
	return elf;
}

static bool is_of_this_machine(Elf *elf)
{
	GElf_Ehdr header;
	return gelf_getclass(elf) == ELFCLASS64 && gelf_getehdr(elf, &header) &&
	       header.e_machine == HOST_MACHINE;
}

/* The first segment of a type; false where there is none. */
static bool find_segment(Elf *elf, GElf_Word type, GElf_Phdr *out)
{
	size_t count;
	if (elf_getphdrnum(elf, &count))
		return false;
	for (size_t i = 0; i < count && i < MAX_SEGMENTS; i++)
		if (gelf_getphdr(elf, (int)i, out) && out->p_type == type)
			return true;
	return false;
}

static Elf_Scn *find_section(Elf *elf, GElf_Word type, GElf_Shdr *header)
{
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));)
		if (gelf_getshdr(section, header) && header->sh_type == type)
			return section;
	return NULL;
}

static bool soname_matches(Elf *elf, const char *wanted)
{
	GElf_Shdr header;
	Elf_Scn *section = find_section(elf, SHT_DYNAMIC, &header);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	GElf_Dyn entry;
	for (int i = 0; data && i < MAX_DYNAMIC && gelf_getdyn(data, i, &entry); i++) {
		if (entry.d_tag != DT_SONAME)
			continue;
		const char *name = elf_strptr(elf, header.sh_link, entry.d_un.d_val);
		return name && !strncmp(name, wanted, strlen(wanted));
	}
	return false;
}

static const struct allocator_function *find_function(const struct allocator *allocator, const char *name)
{
	for (const struct allocator_function *function = allocator->functions; function->name; function++)
		if (!strcmp(function->name, name))
			return function;
	return NULL;
}

static int add_function(const struct allocator_function *function, const GElf_Sym *symbol,
			struct found_function *found, int count)
{
	for (int i = 0; i < count; i++) {
		if (found[i].entry != symbol->st_value)
			continue;
		if (function < found[i].function) /* an alias: the table's first name stands */
			found[i].function = function;
		return count;
	}
	if (count == PROBES_MAX_SITES)
		return count;
	found[count] = (struct found_function){function, symbol->st_value, symbol->st_size};
	return count + 1;
}

static int find_functions(Elf *elf, const struct allocator *allocator, struct found_function *found)
{
	GElf_Shdr header;
	GElf_Sym symbol;
	int count = 0;
	Elf_Scn *section = find_section(elf, SHT_DYNSYM, &header);
	if (!section)
		section = find_section(elf, SHT_SYMTAB, &header);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	for (int i = 0; data && i < MAX_SYMBOLS && gelf_getsym(data, i, &symbol); i++) {
		if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF)
			continue;
		const char *name = elf_strptr(elf, header.sh_link, symbol.st_name);
		const struct allocator_function *function = name ? find_function(allocator, name) : NULL;
		if (function)
			count = add_function(function, &symbol, found, count);
	}
	return count;
}

int probes_find(const struct allocator *allocator, int fd, struct probe_site sites[PROBES_MAX_SITES])
{
	struct found_function found[PROBES_MAX_SITES];
	int functions = 0, count = 0;
	Elf *elf = open_elf(fd);
	if (!elf)
		return 0;
	if (is_of_this_machine(elf) && soname_matches(elf, allocator->soname))
		functions = find_functions(elf, allocator, found);
	for (int i = 0; i < functions; i++)
		if (place_probe(elf, fd, &found[i], &sites[count]))
			count++;
	elf_end(elf);
	return count;
}

static bool defines_malloc(Elf *elf)
{
	GElf_Shdr header;
	GElf_Sym symbol;
	Elf_Scn *section = find_section(elf, SHT_DYNSYM, &header);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	for (int i = 0; data && i < MAX_SYMBOLS && gelf_getsym(data, i, &symbol); i++) {
		const char *name = elf_strptr(elf, header.sh_link, symbol.st_name);
		if (symbol.st_shndx != SHN_UNDEF && GELF_ST_TYPE(symbol.st_info) == STT_FUNC && name &&
		    !strcmp(name, "malloc"))
			return true;
	}
	return false;
}

bool probes_has_other_malloc(int fd)
{
	Elf *elf = open_elf(fd);
	bool other = elf && is_of_this_machine(elf) && !soname_matches(elf, "ld-linux");
	for (const struct allocator *const *allocator = allocators_all(); other && *allocator; allocator++)
		other = !soname_matches(elf, (*allocator)->soname);
	other = other && defines_malloc(elf);
	elf_end(elf);
	return other;
}

enum program_kind program_kind_of(int fd)
{
	GElf_Phdr interpreter;
	Elf *elf = open_elf(fd);
	if (!elf)
		return PROGRAM_NOT_ELF;
	enum program_kind kind = PROGRAM_STATIC;
	if (!is_of_this_machine(elf))
		kind = PROGRAM_FOREIGN;
	else if (find_segment(elf, PT_INTERP, &interpreter))
		kind = PROGRAM_DYNAMIC;
	elf_end(elf);
	return kind;
}
