// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The register of objects that the kernel half looks up, and their rows. Rows go in before
 * the object that names them, and stay to the end: they are shared by all processes. */
#include "kernel_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "captrack/clock.h"

/* One level of the tree, from the words below it: `words` is cut into chunks, each named
 * in a word of the level above. Returns the number of chunks, or a negative errno. */
static int64_t add_level(struct kernel *kernel, const uint64_t *words, size_t count, uint64_t *above)
{
	int fd = bpf_map__fd(kernel->skeleton->maps.chunks);
	size_t chunks = 0;
	for (size_t done = 0; done < count; chunks++) {
		struct ct_chunk chunk;
		__u32 number = ++kernel->last_chunk;
		size_t taken = count - done < CT_CHUNK_WORDS ? count - done : CT_CHUNK_WORDS;
		memset(&chunk, 0xff, sizeof(chunk));
		memcpy(chunk.word, words + done, taken * sizeof(*words));
		if (bpf_map_update_elem(fd, &number, &chunk, BPF_ANY))
			return -errno;
		above[chunks] = CT_ROW(CT_ROW_START(words[done]), 0, 0, 0) | number;
		done += taken;
	}
	return (int64_t)chunks;
}

static int add_tree(struct kernel *kernel, const uint64_t *rows, size_t count, struct ct_object *object)
{
	uint64_t *above = calloc(count / CT_CHUNK_WORDS + 1, sizeof(*above));
	const uint64_t *words = rows;
	int64_t result = above ? 0 : -ENOMEM;
	object->levels = 0;
	while (result >= 0) {
		result = add_level(kernel, words, count, above); /* in place: what is above is shorter */
		object->levels++;
		if (result <= 1)
			break;
		words = above;
		count = (size_t)result;
	}
	if (result > 0)
		object->root = CT_ROW_RULE(above[0]);
	free(above);
	return result < 0 ? (int)result : object->levels > CT_MAX_LEVELS ? -E2BIG : 0;
}

int kernel_enter_object(struct kernel *kernel, const struct ct_object_key *key, uint32_t *id)
{
	int fd = bpf_map__fd(kernel->skeleton->maps.objects);
	struct ct_object object;
	/* The kernel half may have given it a number when it came by. */
	if (bpf_map_lookup_elem(fd, key, &object)) {
		memset(&object, 0, sizeof(object));
		object.seen_ns = object.announced_ns = clock_monotonic_ns();
		object.id = __atomic_fetch_add(&kernel->skeleton->data->next_object, 1, __ATOMIC_RELAXED);
		if (object.id >= CT_MAX_OBJECTS)
			return -ENOSPC;
		if (bpf_map_update_elem(fd, key, &object, BPF_NOEXIST) &&
		    bpf_map_lookup_elem(fd, key, &object))
			return -errno;
	}
	*id = object.id;
	return 0;
}

static int set_state(struct kernel *kernel, const struct ct_object_key *key, const uint64_t *rows,
		     size_t count, enum ct_object_state state)
{
	int fd = bpf_map__fd(kernel->skeleton->maps.objects);
	struct ct_object object;
	if (bpf_map_lookup_elem(fd, key, &object))
		return -errno;
	int result = count ? add_tree(kernel, rows, count, &object) : 0;
	object.state = result ? CT_OBJECT_UNREADABLE : state;
	if (bpf_map_update_elem(fd, key, &object, BPF_ANY) && !result)
		result = -errno;
	return result;
}

int kernel_set_rows(struct kernel *kernel, const struct ct_object_key *key, const uint64_t *rows,
		    size_t count)
{
	return set_state(kernel, key, rows, count, count ? CT_OBJECT_ROWS : CT_OBJECT_BARE);
}

int kernel_set_unreadable(struct kernel *kernel, const struct ct_object_key *key)
{
	return set_state(kernel, key, NULL, 0, CT_OBJECT_UNREADABLE);
}

struct code_visit {
	void (*visit)(void *context, const struct ct_code_event *code);
	void *context;
};

static int visit_code(void *context, const void *record)
{
	const struct code_visit *codes = context;
	codes->visit(codes->context, record);
	return 0;
}

int kernel_read_code(struct kernel *kernel, pid_t pid,
		     void (*visit)(void *context, const struct ct_code_event *code), void *context)
{
	struct code_visit codes = {visit, context};
	union bpf_iter_link_info info = {.task.pid = (__u32)pid};
	DECLARE_LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &info, .link_info_len = sizeof(info));
	struct bpf_link *link = bpf_program__attach_iter(kernel->skeleton->progs.list_code, &options);
	if (!link)
		return -errno;
	int result = kernel_read_records(link, sizeof(struct ct_code_event), visit_code, &codes);
	bpf_link__destroy(link);
	return result;
}
