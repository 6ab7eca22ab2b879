// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* From a process to its probes: what it really maps decides. */
#include "capture_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "captrack/clock.h"

static bool is_attached(const struct capture *capture, pid_t pid, const struct mapped_file *file)
{
	for (size_t i = 0; i < capture->attached_count; i++)
		if (capture->attached[i].pid == pid && capture->attached[i].file == file)
			return true;
	return false;
}

static int note_attached(struct capture *capture, pid_t pid, struct mapped_file *file)
{
	struct attached_file *attached =
		realloc(capture->attached, (capture->attached_count + 1) * sizeof(*attached));
	if (!attached)
		return -ENOMEM;
	attached[capture->attached_count++] = (struct attached_file){pid, file};
	capture->attached = attached;
	return 0;
}

struct attach_search {
	struct capture *capture;
	pid_t pid;
	struct image *image;
	struct ct_error *err;
	const struct mapped_file *seen[16]; /* a file has several mappings; these had the allocator */
	int found;
};

static int attach_file(struct attach_search *search, const struct allocator *allocator,
		       struct mapped_file *file)
{
	struct capture *capture = search->capture;
	struct probe_site sites[PROBES_MAX_SITES];
	int count = probes_find(allocator, file->fd, sites);
	if (count <= 0)
		return count;
	if (!is_attached(capture, search->pid, file)) {
		int result = (capture->options->estimate_ms ? kernel_count : kernel_attach)(
			capture->kernel, search->pid, file->fd, file->path, sites, (size_t)count,
			search->err);
		if (!result && note_attached(capture, search->pid, file))
			result = ct_fail(search->err, -ENOMEM, "out of memory");
		if (result)
			return result;
	}
	for (int i = 0; i < count && search->image; i++) {
		capture_note_site(search->image, allocator, &sites[i]);
		if (snapshots_add_probe(capture->snapshots, search->image, file, allocator, &sites[i]))
			return ct_fail(search->err, -ENOMEM, "out of memory");
	}
	return 1;
}

static int visit_file(void *context, struct mapped_file *file)
{
	struct attach_search *search = context;
	const char *wanted = search->capture->options->allocator;
	if (file->fd < 0)
		return 0;
	for (int i = 0; i < search->found; i++)
		if (search->seen[i] == file)
			return 0;
	for (const struct allocator *const *allocator = allocators_all(); *allocator; allocator++) {
		if (strcmp(wanted, "auto") && strcmp(wanted, (*allocator)->name))
			continue;
		int result = attach_file(search, *allocator, file);
		if (result < 0)
			return result;
		if (result > 0 && search->found < 16)
			search->seen[search->found++] = file;
	}
	return 0;
}

int capture_attach(struct capture *capture, pid_t pid, struct image *image, struct ct_error *err)
{
	struct attach_search search = {.capture = capture, .pid = pid, .image = image, .err = err};
	if (err)
		err->text[0] = '\0';
	int result = mappings_read(capture->mappings, pid, visit_file, &search);
	if (result && err && !err->text[0])
		ct_fail(err, result, "cannot read /proc/%d/maps: %s", pid, strerror(-result));
	return result ? result : search.found;
}

/* An image that began by exec and was gone before its maps could be read: where it
 * allocated, the file that was probed in its process before is the one. */
void capture_note_probes(struct capture *capture, struct image *image)
{
	struct attach_search search = {.capture = capture, .pid = image->pid, .image = image};
	if (image->profile.capture.allocator || !image->profile.totals.allocs)
		return;
	for (size_t i = 0; i < capture->attached_count; i++)
		if (capture->attached[i].pid == image->pid)
			visit_file(&search, capture->attached[i].file);
}

void capture_warn_of_others(struct capture *capture)
{
	for (struct mapped_file *file = mappings_first(capture->mappings); file; file = file->next) {
		if (file->fd < 0 || file->looked_at)
			continue;
		file->looked_at = true;
		if (probes_has_other_malloc(file->fd))
			capture_say(capture,
				    "warning: %s has a malloc of its own; this version counts glibc's only, "
				    "so what that one serves by itself is missing",
				    file->path);
	}
}

enum program_kind capture_program_kind(pid_t pid)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum program_kind kind = fd < 0 ? PROGRAM_DYNAMIC : program_kind_of(fd);
	if (fd >= 0)
		close(fd);
	return kind;
}

int capture_no_allocator(pid_t pid, struct ct_error *err)
{
	const char *why = "it maps none of the allocators that this version knows (glibc)";
	struct target_identity identity;
	enum program_kind kind = capture_program_kind(pid);
	if (kind == PROGRAM_STATIC)
		why = "it is statically linked, and this version only probes a shared libc.so.6";
	else if (kind == PROGRAM_FOREIGN)
		why = "it is a 32-bit program or one of another machine, and only 64-bit programs of this "
		      "machine can be profiled";
	target_identify(pid, &identity);
	int result = ct_fail(err, -ENODATA, "no allocator found in %s (process %d): %s",
			     identity.exe ? identity.exe : "the program", pid, why);
	target_identity_deinit(&identity);
	return result;
}

static void describe_capture(const struct capture *capture, struct image *image)
{
	struct profile *profile = &image->profile;
	profile->capture.start_ms = capture->start_ms;
	profile->capture.sample_bytes = capture->options->sample_bytes;
	profile->capture.allocs_only = capture->options->allocs_only;
	profile->capture.no_details = capture->options->no_details;
	profile->capture.free_stacks = capture->options->free_stacks;
	profile->capture.by_thread = capture->options->by_thread;
}

int capture_add_image(struct capture *capture, pid_t pid, bool running, struct image **out,
		      struct ct_error *err)
{
	uint32_t id;
	int result = kernel_add_image(capture->kernel, pid, &id, err);
	if (result)
		return result;
	struct target_identity identity;
	target_identify(pid, &identity);
	result = snapshots_add_image(capture->snapshots, id, pid, clock_monotonic_ns(), &identity, out);
	target_identity_deinit(&identity);
	if (result)
		return ct_fail(err, result, "out of memory");
	capture_begin_cost(*out);
	(*out)->profile.target.attached_running = running;
	describe_capture(capture, *out);
	return 0;
}

void capture_begin_image(struct capture *capture, const struct ct_exec_event *event,
			 const struct target_identity *identity)
{
	struct image *old = snapshots_of_process(capture->snapshots, (pid_t)event->pid);
	struct image *image;
	if (old) {
		capture_end_cost(old);
		old->ended = true;
	}
	if (!event->new_image) {
		capture_say(
			capture,
			"process %u starts another program, and there is no room for one more: not profiled",
			event->pid);
		return;
	}
	if (snapshots_add_image(capture->snapshots, event->new_image, (pid_t)event->pid, event->ns, identity,
				&image))
		return;
	capture_begin_cost(image);
	describe_capture(capture, image);
	/* The same libc is probed already; another one is from here on. */
	capture_attach(capture, (pid_t)event->pid, image, NULL);
}
