// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* From a function in an ELF file to its probe: reads the code, has the site chosen, and puts
 * into the cookie where the arguments are there. */
#include "probes_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "captrack/records.h"

enum { MAX_CODE = 4096 }; /* bytes of a function that are looked at */

/* The segment of code that holds an address. */
static bool find_code(Elf *elf, uint64_t vaddr, GElf_Phdr *segment)
{
	size_t count;
	if (elf_getphdrnum(elf, &count))
		return false;
	for (size_t i = 0; i < count && i < MAX_SEGMENTS; i++)
		if (gelf_getphdr(elf, (int)i, segment) && segment->p_type == PT_LOAD &&
		    (segment->p_flags & PF_X) && vaddr >= segment->p_vaddr &&
		    vaddr - segment->p_vaddr < segment->p_filesz)
			return true;
	return false;
}

/* In whole pages, as memory is mapped, as far as 16 bits go. */
static uint64_t pages(uint64_t bytes)
{
	uint64_t count = (bytes + 4095) >> 12;
	return count > 0xffff ? 0xffff : count;
}

/* Without a size the function is where it begins and nothing else is known. */
static size_t read_code(int fd, const struct found_function *found, const GElf_Phdr *segment,
			uint8_t code[MAX_CODE])
{
	uint64_t before = found->entry - segment->p_vaddr, size = segment->p_filesz - before;
	if (size > found->size)
		size = found->size;
	if (size > MAX_CODE)
		size = MAX_CODE;
	ssize_t got = pread(fd, code, size, (off_t)(before + segment->p_offset));
	return got > 0 ? (size_t)got : 0;
}

static uint16_t arguments_of(uint64_t recipe)
{
	uint16_t bits = (uint16_t)(1u << CT_COOKIE_SIZE_ARG(recipe) | 1u << CT_COOKIE_TIMES_ARG(recipe) |
				   1u << CT_COOKIE_PTR_ARG(recipe) | 1u << CT_COOKIE_OUT_ARG(recipe));
	return bits & 0xfffe; /* 0 is no argument */
}

static uint64_t with_places(uint64_t recipe, const struct site *site)
{
	return CT_COOKIE(CT_COOKIE_CALL(recipe), site->place[CT_COOKIE_SIZE_ARG(recipe)],
			 site->place[CT_COOKIE_TIMES_ARG(recipe)], site->place[CT_COOKIE_PTR_ARG(recipe)],
			 site->place[CT_COOKIE_OUT_ARG(recipe)]) |
	       (recipe & CT_COOKIE_CALLS_ANOTHER);
}

/* For the tests and the benchmark. */
static bool forced_to_entries(void)
{
	const char *sites = getenv("CAPTRACK_SITES");
	return sites && !strcmp(sites, "entry");
}

bool place_probe(Elf *elf, int fd, const struct found_function *found, struct probe_site *out)
{
	uint64_t recipe = found->function->cookie;
	uint8_t code[MAX_CODE];
	GElf_Phdr segment;
	if (!find_code(elf, found->entry, &segment))
		return false;
	struct site_function function = {
		.code = code,
		.size = read_code(fd, found, &segment, code),
		.address = found->entry,
		.arguments = arguments_of(recipe),
	};
	if (CT_COOKIE_CALL(recipe) == CT_CALL_FREE)
		function.may_be_null = CT_COOKIE_PTR_ARG(recipe);
	*out = (struct probe_site){.function = found->function, .entry = found->entry};
	if (forced_to_entries())
		site_entry(&function, SITE_FORCED, &out->site);
	else
		site_choose(&function, &out->site);
	out->vaddr = found->entry + out->site.offset;
	uint64_t before = out->vaddr - segment.p_vaddr;
	out->file_offset = before + segment.p_offset;
	out->cookie = with_places(recipe, &out->site) |
		      CT_COOKIE_TEXT(pages(before), pages(segment.p_filesz - before));
	return true;
}
