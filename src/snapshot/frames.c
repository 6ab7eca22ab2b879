// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Frames: from (object id, file offset) of the kernel half to an object of the
 * profile, an ELF virtual address in it, and a name. Each place is named once. */
#include "snapshot_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The file's symbols, opened at first use. NULL where it is no ELF file. */
static struct symbols_file *symbols_of(struct snapshots *snapshots, struct mapped_file *file)
{
	if (!file->owner_data && file->fd >= 0) {
		struct symbols_file *symbols = NULL;
		if (symbols_add_file(snapshots->symbols, file->path, file->fd, &symbols) == 0)
			file->owner_data = symbols;
	}
	return file->owner_data;
}

int64_t image_object(struct snapshots *snapshots, struct image_state *state, struct mapped_file *file)
{
	struct object_entry *entry;
	HASH_FIND_PTR(state->objects, &file, entry);
	if (entry)
		return entry->index;

	struct profile *profile = &state->image.profile;
	int64_t index = profile_add_object(profile);
	entry = malloc(sizeof(*entry));
	if (index < 0 || !entry) {
		free(entry);
		return -ENOMEM;
	}
	struct profile_object *object = &profile->objects[index];
	struct symbols_file *symbols = file ? symbols_of(snapshots, file) : NULL;
	const char *build_id = symbols ? symbols_build_id(symbols) : NULL;
	object->path = strdup(file ? file->path : "[anon]");
	object->build_id = build_id ? strdup(build_id) : NULL;
	entry->file = file;
	entry->index = (uint32_t)index;
	HASH_ADD_PTR(state->objects, file, entry);
	return index;
}

/* The file of an object's number. NULL where it is not known. */
static struct mapped_file *file_of(struct snapshots *snapshots, uint32_t id)
{
	struct kernel_object *known;
	HASH_FIND(hh, snapshots->kernel_objects, &id, sizeof(id), known);
	if (known)
		return known->file;
	for (struct mapped_file *file = mappings_first(snapshots->mappings); id && file; file = file->next) {
		if (file->object != id)
			continue;
		known = calloc(1, sizeof(*known));
		if (known) {
			known->id = id;
			known->file = file;
			HASH_ADD(hh, snapshots->kernel_objects, id, sizeof(known->id), known);
		}
		return file;
	}
	return NULL;
}

/* The index of a frame in the profile; new ones are named. */
static int64_t image_frame(struct snapshots *snapshots, struct image_state *state, uint64_t place)
{
	struct profile *profile = &state->image.profile;
	uint64_t offset = CT_PLACE_OFFSET(place);
	struct mapped_file *file = file_of(snapshots, CT_PLACE_OBJECT(place));
	int64_t object = image_object(snapshots, state, file);
	if (object < 0)
		return object;

	struct symbols_file *symbols = file ? symbols_of(snapshots, file) : NULL;
	if (symbols && !symbols_file_to_vaddr(symbols, offset, &offset))
		symbols = NULL;

	/* symbols_name() looks up the call before a return address. */
	uint64_t after = offset + ((place & CT_PLACE_EXACT) != 0);
	struct frame_place key = {.offset = offset, .object = (uint64_t)object << 1 | (after != offset)};
	struct frame_entry *entry;
	HASH_FIND(hh, state->frames, &key, sizeof(key), entry);
	if (entry)
		return entry->index;
	int64_t index = profile_add_frame(profile);
	entry = malloc(sizeof(*entry));
	if (index < 0 || !entry) {
		free(entry);
		return -ENOMEM;
	}
	struct profile_frame *frame = &profile->frames[index];
	frame->object = (uint32_t)object;
	frame->offset = offset;
	entry->place = key;
	entry->index = (uint32_t)index;
	HASH_ADD(hh, state->frames, place, sizeof(entry->place), entry);
	int result = symbols ? symbols_name(symbols, after, frame) : 0;
	/* A signal's handler returns to the first byte of its trampoline: before it is nothing. */
	if (symbols && !result && !frame->function)
		result = symbols_name(symbols, after + 1, frame);
	return result ? -ENOMEM : index;
}

enum profile_integrity image_reason(enum ct_end end)
{
	static const enum profile_integrity reasons[CT_ENDS] = {
		[CT_END_ROOT] = INTEGRITY_TRUNCATED_STACKS, /* none */
		[CT_END_DEPTH] = INTEGRITY_DEPTH_STACKS,
		[CT_END_UNKNOWN_OBJECT] = INTEGRITY_UNKNOWN_OBJECT_STACKS,
		[CT_END_NO_ROW] = INTEGRITY_NO_ROW_STACKS,
		[CT_END_ODD_ROW] = INTEGRITY_ODD_ROW_STACKS,
		[CT_END_READ_FAULT] = INTEGRITY_READ_FAULT_STACKS,
		[CT_END_NOT_CODE] = INTEGRITY_NOT_CODE_STACKS,
		[CT_END_NO_PROGRESS] = INTEGRITY_NO_PROGRESS_STACKS,
		[CT_END_BUSY] = INTEGRITY_BUSY_STACKS,
	};
	return reasons[end];
}

/* Takes the frames of a stack from the kernel half, names them, and gives them to the caller. None
 * are there of [unknown], and of a stack that was read before. *thread: the number of its thread. */
static int take_frames(struct snapshots *snapshots, struct image_state *state, uint32_t stack,
		       uint32_t **indexes, uint32_t *count, uint32_t *thread)
{
	struct ct_frames frames = {0};
	*indexes = NULL;
	*count = 0;
	if (kernel_take_frames(snapshots->kernel, stack, &frames) || !frames.count)
		return 0;
	*indexes = calloc(frames.count, sizeof(**indexes));
	if (!*indexes || frames.count > CT_MAX_DEPTH) {
		free(*indexes);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < frames.count; i++) {
		int64_t frame = image_frame(snapshots, state, frames.place[i]);
		if (frame < 0) {
			free(*indexes);
			return (int)frame;
		}
		(*indexes)[i] = (uint32_t)frame;
	}
	*count = frames.count;
	*thread = frames.thread;
	return 0;
}

static int copy_frames(const uint32_t *from, uint32_t count, uint32_t **to, uint32_t *to_count)
{
	*to = count ? malloc(count * sizeof(**to)) : NULL;
	if (count && !*to)
		return -ENOMEM;
	if (count)
		memcpy(*to, from, count * sizeof(**to));
	*to_count = count;
	return 0;
}

int64_t image_add_stack(struct snapshots *snapshots, struct image_state *state,
			const struct kernel_stack *stack)
{
	struct profile *profile = &state->image.profile;
	struct free_stack_entry *freed;
	int64_t index = profile_add_stack(profile);
	if (index < 0)
		return index;
	struct profile_stack *added = &profile->stacks[index];
	HASH_FIND(hh, state->free_stacks, &stack->index, sizeof(stack->index), freed);
	const struct profile_free_stack *same = freed ? &profile->free_stacks[freed->index] : NULL;
	int result = same ? copy_frames(same->frames, same->n_frames, &added->frames, &added->n_frames)
			  : take_frames(snapshots, state, stack->index, &added->frames, &added->n_frames,
					&added->thread);
	if (result || !added->n_frames) /* [unknown] */
		return result ? result : index;
	enum ct_end end = stack->end < CT_ENDS ? stack->end : CT_END_NOT_CODE;
	added->truncated = end != CT_END_ROOT;
	added->why = image_reason(end);
	state->ends[end]++;
	return index;
}

int64_t image_free_stack(struct snapshots *snapshots, struct image_state *state, uint32_t stack)
{
	struct profile *profile = &state->image.profile;
	struct free_stack_entry *entry;
	HASH_FIND(hh, state->free_stacks, &stack, sizeof(stack), entry);
	if (entry)
		return entry->index;
	int64_t index = profile_add_free_stack(profile);
	entry = malloc(sizeof(*entry));
	if (index < 0 || !entry) {
		free(entry);
		return -ENOMEM;
	}
	entry->stack = stack;
	entry->index = (uint32_t)index;
	HASH_ADD(hh, state->free_stacks, stack, sizeof(entry->stack), entry);
	struct profile_free_stack *added = &profile->free_stacks[index];
	const struct stack_entry *same = image_stack(snapshots, state, stack);
	const struct profile_stack *frames = same ? &profile->stacks[same->index] : NULL;
	uint32_t thread;
	int result = frames ? copy_frames(frames->frames, frames->n_frames, &added->frames, &added->n_frames)
			    : take_frames(snapshots, state, stack, &added->frames, &added->n_frames, &thread);
	return result ? result : index;
}
