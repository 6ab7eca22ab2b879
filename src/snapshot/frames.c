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

/* The file of an object id. Not found at first, it may be by looking again. */
static struct mapped_file *file_of(struct snapshots *snapshots, uint32_t id)
{
	struct kernel_object *known;
	struct ct_object_key key;
	struct ct_object object;
	if (!id)
		return NULL;
	HASH_FIND(hh, snapshots->kernel_objects, &id, sizeof(id), known);
	if (known)
		return known->file;
	if (kernel_find_object(snapshots->kernel, id, &key, &object))
		return NULL;

	struct mapped_file *file = mappings_find(snapshots->mappings, key.device, key.inode);
	if (!file || file->fd < 0) {
		mappings_read(snapshots->mappings, (pid_t)object.pid, NULL, NULL);
		file = mappings_find(snapshots->mappings, key.device, key.inode);
	}
	const struct mapping place = {(pid_t)object.pid, object.start, object.end, 0, key.device, key.inode};
	if (!file)
		file = mappings_add_by_place(snapshots->mappings, &place);
	known = calloc(1, sizeof(*known));
	if (known) {
		known->id = id;
		known->file = file;
		HASH_ADD(hh, snapshots->kernel_objects, id, sizeof(known->id), known);
	}
	return file;
}

/* The kernel half leaves a plain address where another thread was changing the address
 * space, and where no file lies: tell the two apart by what is known of the mappings. */
static struct mapped_file *file_at(struct snapshots *snapshots, struct image_state *state, uint64_t address,
				   uint64_t *file_offset)
{
	pid_t pid = state->image.pid;
	struct mapped_file *file = mappings_at(snapshots->mappings, pid, address - 1, file_offset);
	if (!file && !state->maps_read) { /* at most once a snapshot: code of no file would ask each time */
		state->maps_read = true;
		mappings_read(snapshots->mappings, pid, NULL, NULL);
		file = mappings_at(snapshots->mappings, pid, address - 1, file_offset);
	}
	if (file)
		++*file_offset;
	return file;
}

/* The index of a frame in the profile; new ones are named. */
static int64_t image_frame(struct snapshots *snapshots, struct image_state *state,
			   const struct ct_frame *place, bool *unknown_object)
{
	struct profile *profile = &state->image.profile;
	uint64_t offset = place->offset;
	struct mapped_file *file = place->object ? file_of(snapshots, place->object)
						 : file_at(snapshots, state, place->offset, &offset);
	*unknown_object |= !file;
	int64_t object = image_object(snapshots, state, file);
	if (object < 0)
		return object;

	struct symbols_file *symbols = file ? symbols_of(snapshots, file) : NULL;
	if (symbols && !symbols_file_to_vaddr(symbols, offset, &offset))
		symbols = NULL;

	struct frame_place key = {.offset = offset, .object = (uint64_t)object};
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
	return symbols && symbols_name(symbols, offset, frame) ? -ENOMEM : index;
}

static bool is_object(const struct profile *profile, const struct profile_frame *frame, const char *name)
{
	const char *path = profile->objects[frame->object].path;
	const char *base = path ? strrchr(path, '/') : NULL;
	return base && !strcmp(base + 1, name);
}

/* Does the stack reach the start of the program or of its thread? Frame pointers do not
 * tell. The C library starts both, so a whole stack comes from elsewhere and ends there;
 * one that ends elsewhere, or never left it, was lost on the way. */
static bool is_whole(const struct profile *profile, const struct profile_stack *stack)
{
	const struct profile_frame *last = &profile->frames[stack->frames[stack->n_frames - 1]];
	if (last->function &&
	    (!strcmp(last->function, "_start") || !strncmp(last->function, "__libc_start", 12)))
		return true;
	if (!is_object(profile, last, "libc.so.6"))
		return false;
	for (uint32_t i = 0; i < stack->n_frames; i++)
		if (!is_object(profile, &profile->frames[stack->frames[i]], "libc.so.6"))
			return true;
	return last->function && !strncmp(last->function, "start_thread", 12);
}

int64_t image_add_stack(struct snapshots *snapshots, struct image_state *state,
			const struct ct_stack_report *report)
{
	struct ct_frames frames = {0};
	struct profile *profile = &state->image.profile;
	int64_t index = profile_add_stack(profile);
	if (index < 0)
		return index;
	if (kernel_take_frames(snapshots->kernel, report->key, &frames) || !frames.count)
		return index; /* [unknown] */

	uint32_t *indexes = calloc(frames.count, sizeof(*indexes));
	if (!indexes || frames.count > CT_MAX_DEPTH) {
		free(indexes);
		return -ENOMEM;
	}
	bool unknown_object = false;
	for (uint32_t i = 0; i < frames.count; i++) {
		int64_t frame = image_frame(snapshots, state, &frames.frame[i], &unknown_object);
		if (frame < 0) {
			free(indexes);
			return frame;
		}
		indexes[i] = (uint32_t)frame;
	}
	profile->stacks[index].frames = indexes;
	profile->stacks[index].n_frames = frames.count;
	profile->stacks[index].truncated =
		(report->flags & CT_STACK_TRUNCATED) || !is_whole(profile, &profile->stacks[index]);
	state->truncated_stacks += profile->stacks[index].truncated;
	state->unknown_object_stacks += unknown_object;
	return index;
}
