/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_BPF_SNAPSHOT_H
#define CAPTRACK_BPF_SNAPSHOT_H

/* A snapshot is one moment of the image, though reading it takes a while and the
 * target runs on. Each snapshot begins an epoch: the image's figures are kept
 * under the lock (`then`), and each stack keeps its own before its first change in
 * the new epoch. A reader takes `then` where the stack has changed since, and `now`
 * where it has not. User space reads the map as it lies in memory, without a lock: it
 * looks at the epoch again after `now`. */

struct snapshot_begin_args {
	__u32 image;
	__u32 done;
	__u64 epoch;
};

/* Run by the loader for each image. done stays 0 where the lock was not had. */
SEC("syscall")
int snapshot_begin(struct snapshot_begin_args *args)
{
	__u32 id = args->image;
	struct ct_image *image = image_find(id);
	if (!image || !image_lock(image))
		return 0;
	pending_book_all(image, id);
	image->then = image->now;
	args->epoch = ++image->epoch;
	image_unlock(image);
	args->done = 1;
	return 0;
}

#endif
