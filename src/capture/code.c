// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* From a mapping of code to the rows that the kernel half unwinds by. */
#include "capture_internal.h"

#include <errno.h>
#include <string.h>

#include "captrack/unwind.h"

static struct mapped_file *file_of_mapping(struct capture *capture, const struct ct_code_event *code)
{
	const struct ct_object_key *key = &code->object;
	const struct mapping mapping = {
		.pid = (pid_t)code->pid,
		.start = code->start,
		.end = code->end,
		.device = key->device,
		.inode = key->inode,
	};
	struct mapped_file *file = mappings_find(capture->mappings, key->device, key->inode);
	if (file && file->fd >= 0)
		return file;
	if (key->device == CT_VDSO_DEVICE)
		return mappings_add_vdso(capture->mappings, key->device, key->inode);
	struct mapped_file *opened = mappings_add_by_place(capture->mappings, &mapping);
	return opened ? opened : file;
}

void capture_learn_mapping(void *context, const struct ct_code_event *code)
{
	struct capture *capture = context;
	struct unwind_rows rows;
	struct mapped_file *file = file_of_mapping(capture, code);
	if (!file || file->learned)
		return;
	int result = kernel_enter_object(capture->kernel, &code->object, &file->object);
	if (result || file->fd < 0) /* stacks through it say that it is not known */
		return;
	result = unwind_read(file->fd, &rows);
	if (!result || result == -ENODATA || result == -ENOEXEC)
		result = kernel_set_rows(capture->kernel, &code->object, rows.row, rows.count);
	else
		kernel_set_unreadable(capture->kernel, &code->object);
	file->learned = true;
	unwind_rows_deinit(&rows);
	if (result)
		capture_say(capture, "warning: cannot use the unwind data of %s: %s; stacks end there",
			    file->path, strerror(-result));
}

void capture_learn_code(struct capture *capture, pid_t pid)
{
	pthread_mutex_lock(&capture->watcher.lock);
	int result = kernel_read_code(capture->kernel, pid, capture_learn_mapping, capture);
	pthread_mutex_unlock(&capture->watcher.lock);
	if (result)
		capture_say(capture, "warning: cannot list the mappings of process %d: %s", pid,
			    strerror(-result));
}
