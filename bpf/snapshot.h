/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_BPF_SNAPSHOT_H
#define CAPTRACK_BPF_SNAPSHOT_H

/* A snapshot is one moment of the image, though reading it takes a while and the
 * target runs on. Each snapshot begins an epoch: the image's figures are kept
 * under the lock (`then`), and each stack keeps its own before its first change in
 * the new epoch. A reader takes `then` where the stack has changed since, and `now`
 * where it has not. Stacks that did not change in the last epoch are not sent:
 * user space has them. */

struct snapshot_begin_args {
	__u32 image;
	__u32 done;
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
	image->epoch++;
	image_unlock(image);
	args->done = 1;
	return 0;
}

/* Run by the kernel for each stack, when the loader reads the iterator. Returns 1
 * to be called again for the same stack. */
SEC("iter/bpf_map_elem")
int snapshot_stack(struct bpf_iter__bpf_map_elem *ctx)
{
	__u64 *key = ctx->key;
	struct ct_stack *stack = ctx->value;
	if (!key || !stack)
		return 0;
	struct ct_image *image = image_find(stack->image);
	if (!image)
		return 0;
	if (!image_lock(image))
		return 1;
	struct ct_stack_report report = {.key = *key, .image = stack->image, .end = stack->end};
	bool changed = stack->epoch + 1 >= image->epoch || send_all;
	if (changed)
		report.counts = stack->epoch == image->epoch ? stack->then : stack->now;
	image_unlock(image);
	if (changed)
		bpf_seq_write(ctx->meta->seq, &report, sizeof(report));
	return 0;
}

#endif
