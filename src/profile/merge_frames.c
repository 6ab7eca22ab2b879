// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Objects, frames and probes of an input among those of the inputs before it. The same file in another
 * build is another object, so its frames are others too, whatever their names. */
#include "merge_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t merge_object(struct profile_merger *merger, const struct profile_object *object)
{
	struct profile *to = &merger->profile;
	uint64_t hash = hash_text(hash_text(merger->seed, object->path), object->build_id);
	const struct merge_entry *entry = table_find(&merger->objects, hash);
	for (; entry; entry = entry->next)
		if (merge_same_text(to->objects[entry->index].path, object->path) &&
		    merge_same_text(to->objects[entry->index].build_id, object->build_id))
			return entry->index;
	uint32_t index = merge_note(merger, &merger->objects, hash, profile_add_object(to));
	if (index == UINT32_MAX)
		return 0;
	to->objects[index].path = merge_text(merger, object->path);
	to->objects[index].build_id = merge_text(merger, object->build_id);
	return index;
}

static uint64_t hash_frame(uint64_t hash, const struct profile_frame *frame, uint32_t object)
{
	hash = hash_number(hash, object);
	hash = hash_number(hash, frame->offset);
	hash = hash_text(hash, frame->function);
	hash = hash_number(hash, frame->has_symbol_offset ? frame->symbol_offset : UINT64_MAX);
	hash = hash_text(hash, frame->file);
	hash = hash_number(hash, (uint64_t)frame->line << 32 | frame->column);
	for (size_t i = 0; i < frame->n_inlined; i++) {
		const struct profile_inline *call = &frame->inlined[i];
		hash = hash_text(hash_text(hash, call->function), call->file);
		hash = hash_number(hash, (uint64_t)call->line << 32 | call->column);
	}
	return hash;
}

static bool same_inlined(const struct profile_frame *a, const struct profile_frame *b)
{
	if (a->n_inlined != b->n_inlined)
		return false;
	for (size_t i = 0; i < a->n_inlined; i++) {
		const struct profile_inline *x = &a->inlined[i], *y = &b->inlined[i];
		if (x->line != y->line || x->column != y->column ||
		    !merge_same_text(x->function, y->function) || !merge_same_text(x->file, y->file))
			return false;
	}
	return true;
}

/* But for their objects. */
static bool same_frame(const struct profile_frame *a, const struct profile_frame *b)
{
	return a->offset == b->offset && a->line == b->line && a->column == b->column &&
	       a->has_symbol_offset == b->has_symbol_offset &&
	       (!a->has_symbol_offset || a->symbol_offset == b->symbol_offset) &&
	       merge_same_text(a->function, b->function) && merge_same_text(a->file, b->file) &&
	       same_inlined(a, b);
}

static void copy_inlined(struct profile_merger *merger, struct profile_frame *to,
			 const struct profile_frame *from)
{
	if (!from->n_inlined)
		return;
	to->inlined = merge_room(merger, from->n_inlined, sizeof(*to->inlined));
	for (size_t i = 0; to->inlined && i < from->n_inlined; i++) {
		struct profile_inline *call = &to->inlined[to->n_inlined++];
		*call = from->inlined[i];
		call->function = merge_text(merger, from->inlined[i].function);
		call->file = merge_text(merger, from->inlined[i].file);
	}
}

static uint32_t merge_frame(struct profile_merger *merger, const struct profile_frame *frame)
{
	struct profile *to = &merger->profile;
	uint32_t object = merger->object_at[frame->object];
	uint64_t hash = hash_frame(merger->seed, frame, object);
	const struct merge_entry *entry = table_find(&merger->frames, hash);
	for (; entry; entry = entry->next)
		if (to->frames[entry->index].object == object && same_frame(&to->frames[entry->index], frame))
			return entry->index;
	uint32_t index = merge_note(merger, &merger->frames, hash, profile_add_frame(to));
	if (index == UINT32_MAX)
		return 0;
	struct profile_frame *added = &to->frames[index];
	added->object = object;
	added->offset = frame->offset;
	added->has_symbol_offset = frame->has_symbol_offset;
	added->symbol_offset = frame->symbol_offset;
	added->line = frame->line;
	added->column = frame->column;
	added->function = merge_text(merger, frame->function);
	added->file = merge_text(merger, frame->file);
	copy_inlined(merger, added, frame);
	return index;
}

static bool same_probe(const struct profile_probe *a, const struct profile_probe *b)
{
	return a->object == b->object && a->site_offset == b->site_offset && a->emulated == b->emulated &&
	       merge_same_text(a->function, b->function) && merge_same_text(a->kind, b->kind);
}

/* Arrays grow by doubling. */
static int64_t add_probe(struct profile *profile)
{
	size_t n = profile->capture.n_probes;
	if (!(n & (n - 1))) {
		struct profile_probe *larger =
			realloc(profile->capture.probes, (n ? 2 * n : 1) * sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		profile->capture.probes = larger;
	}
	profile->capture.probes[n] = (struct profile_probe){0};
	return (int64_t)profile->capture.n_probes++;
}

static void merge_probe(struct profile_merger *merger, const struct profile_probe *from)
{
	struct profile *to = &merger->profile;
	struct profile_probe probe = *from;
	probe.object = merger->object_at[from->object];
	uint64_t hash = hash_number(hash_text(merger->seed, probe.function), probe.object);
	hash = hash_text(hash_number(hash, probe.site_offset), probe.kind);
	const struct merge_entry *entry = table_find(&merger->probes, hash);
	for (; entry; entry = entry->next)
		if (same_probe(&to->capture.probes[entry->index], &probe))
			return;
	uint32_t index = merge_note(merger, &merger->probes, hash, add_probe(to));
	if (index == UINT32_MAX)
		return;
	probe.function = merge_text(merger, probe.function);
	to->capture.probes[index] = probe;
}

void merge_frames(struct profile_merger *merger)
{
	const struct profile *from = merger->from;
	merger->object_at = merge_room(merger, from->n_objects, sizeof(*merger->object_at));
	merger->frame_at = merge_room(merger, from->n_frames, sizeof(*merger->frame_at));
	for (size_t i = 0; i < from->n_objects && !merger->result; i++)
		merger->object_at[i] = merge_object(merger, &from->objects[i]);
	for (size_t i = 0; i < from->n_frames && !merger->result; i++)
		merger->frame_at[i] = merge_frame(merger, &from->frames[i]);
	for (size_t i = 0; i < from->capture.n_probes && !merger->result; i++)
		merge_probe(merger, &from->capture.probes[i]);
}
