// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What was called, for pprof: the objects as mappings, functions, and frames as locations. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pprof_file.h"

/* What is known of an object's frames. */
struct known {
	bool functions;
	bool files;
	bool lines;
};

struct code {
	struct pprof_file *file;
	const struct profile *profile;
	const struct functions *functions;
	struct known *known; /* by object */
	Pprof__Line *lines;  /* room for a location's */
	Pprof__Line **pointers;
};

uint64_t pprof_unknown_location(const struct profile *profile)
{
	return profile->n_frames + 1;
}

uint64_t pprof_truncated_location(const struct profile *profile)
{
	return profile->n_frames + 2;
}

static void find_known(struct known *known, const struct profile_frame *frame)
{
	known->functions |= frame->function || frame->n_inlined;
	known->files |= frame->file != NULL;
	known->lines |= frame->file && frame->line;
}

/* Of which addresses an object lay at nothing is kept: what there is are addresses within the file, as its
 * symbols have them. A mapping of the whole address space at no offset says just that to pprof. */
static void put_mapping(struct code *code, size_t object)
{
	const struct profile_object *from = &code->profile->objects[object];
	const struct known *known = &code->known[object];
	Pprof__Mapping mapping = PPROF__MAPPING__INIT, *pointer = &mapping;
	Pprof__Profile part = PPROF__PROFILE__INIT;
	mapping.id = object + 1;
	mapping.memory_limit = UINT64_MAX;
	mapping.filename = pprof_file_string(code->file, from->path);
	mapping.build_id = pprof_file_string(code->file, from->build_id);
	mapping.has_functions = known->functions;
	mapping.has_filenames = known->files;
	mapping.has_line_numbers = known->lines;
	mapping.has_inline_frames = known->lines;
	part.n_mapping = 1;
	part.mapping = &pointer;
	pprof_file_put(code->file, &part);
}

static bool same_text(const char *first, const char *second)
{
	return first && second && !strcmp(first, second);
}

/* The program's own file is the first mapping. */
static void put_mappings(struct code *code)
{
	const struct profile *profile = code->profile;
	size_t program = 0;
	while (program < profile->n_objects &&
	       !same_text(profile->objects[program].path, profile->target.exe))
		program++;
	if (program < profile->n_objects)
		put_mapping(code, program);
	for (size_t i = 0; i < profile->n_objects; i++)
		if (i != program)
			put_mapping(code, i);
}

static void put_functions(struct code *code)
{
	const struct calls *calls = &code->functions->calls;
	for (size_t i = 0; i < calls->n; i++) {
		Pprof__Function function = PPROF__FUNCTION__INIT, *pointer = &function;
		Pprof__Profile part = PPROF__PROFILE__INIT;
		if (!code->functions->names[i])
			continue;
		function.id = i + 1;
		function.name = pprof_file_string(code->file, code->functions->names[i]);
		function.filename = pprof_file_string(code->file, calls->calls[i].file);
		part.n_function = 1;
		part.function = &pointer;
		pprof_file_put(code->file, &part);
	}
}

static void put_location(struct code *code, Pprof__Location *location)
{
	Pprof__Profile part = PPROF__PROFILE__INIT;
	location->line = code->pointers;
	part.n_location = 1;
	part.location = &location;
	pprof_file_put(code->file, &part);
}

static void set_line(struct code *code, size_t i, uint32_t function, uint32_t line, uint32_t column)
{
	pprof__line__init(&code->lines[i]);
	code->lines[i].function_id = function + 1;
	code->lines[i].line = line;
	code->lines[i].column = line ? column : 0;
	code->pointers[i] = &code->lines[i];
}

/* Readers want an address inside of the call; a return address is that of the instruction after it. */
static void put_frame(struct code *code, size_t index)
{
	const struct profile_frame *frame = &code->profile->frames[index];
	const struct calls *calls = &code->functions->calls;
	const uint32_t *functions = &calls->ids[calls->first[index]];
	Pprof__Location location = PPROF__LOCATION__INIT;
	location.id = index + 1;
	location.mapping_id = frame->object + 1;
	location.address = frame->offset ? frame->offset - 1 : 0;
	location.n_line = frame->n_inlined + 1;
	for (size_t i = 0; i < frame->n_inlined; i++)
		set_line(code, i, functions[i], frame->inlined[i].line, frame->inlined[i].column);
	set_line(code, frame->n_inlined, functions[frame->n_inlined], frame->line, frame->column);
	put_location(code, &location);
}

static void put_no_frame(struct code *code, uint64_t id, uint32_t call)
{
	Pprof__Location location = PPROF__LOCATION__INIT;
	location.id = id;
	location.n_line = 1;
	set_line(code, 0, call, 0, 0);
	put_location(code, &location);
}

static void put_locations(struct code *code)
{
	for (size_t i = 0; i < code->profile->n_frames; i++)
		put_frame(code, i);
	put_no_frame(code, pprof_unknown_location(code->profile), CALL_UNKNOWN);
	put_no_frame(code, pprof_truncated_location(code->profile), CALL_TRUNCATED);
}

int pprof_put_code(struct pprof_file *file, const struct profile *profile, const struct functions *functions)
{
	struct code code = {.file = file, .profile = profile, .functions = functions};
	size_t most_lines = 1;
	code.known = calloc(profile->n_objects + 1, sizeof(*code.known));
	for (size_t i = 0; i < profile->n_frames && code.known; i++) {
		find_known(&code.known[profile->frames[i].object], &profile->frames[i]);
		if (profile->frames[i].n_inlined >= most_lines)
			most_lines = profile->frames[i].n_inlined + 1;
	}
	code.lines = calloc(most_lines, sizeof(*code.lines));
	code.pointers = calloc(most_lines, sizeof(*code.pointers));
	int result = code.known && code.lines && code.pointers ? 0 : -ENOMEM;
	if (!result) {
		put_mappings(&code);
		put_functions(&code);
		put_locations(&code);
	}
	free(code.known);
	free(code.lines);
	free(code.pointers);
	return result;
}
