/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_BPF_COUNTING_H
#define CAPTRACK_BPF_COUNTING_H

/* Calls that are only counted, at their entries: --estimate. Nested calls are counted too,
 * for which probe is the outermost is not kept. */

struct { /* one entry */
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ct_calls);
} counted_calls SEC(".maps");

/* Atomic all the same: one probe program can preempt another on its CPU. */
static __always_inline int count_call(struct pt_regs *ctx)
{
	__u32 zero = 0, call;
	__u64 cookie = bpf_get_attach_cookie(ctx);
	struct ct_calls *counted = bpf_map_lookup_elem(&counted_calls, &zero);
	if (!counted || !enabled || !image_of_process())
		return 0;
	call = CT_COOKIE_CALL(cookie) & 3;
	if (call == CT_CALL_FREE && !call_argument(ctx, CT_COOKIE_PTR_ARG(cookie)))
		return 0; /* nothing happens there, and not every site sees it */
	__sync_fetch_and_add(&counted->calls[call][cookie & CT_COOKIE_STEPPED ? 1 : 0], 1);
	if (call == CT_CALL_FREE)
		return 0;
	__u64 size = call_size(ctx, cookie);
	__u32 class = bits_of(size);
	if (class >= CT_SIZE_CLASSES)
		return 0;
	__sync_fetch_and_add(&counted->sizes[class], 1);
	__sync_fetch_and_add(&counted->bytes[class], size);
	return 0;
}

#endif
