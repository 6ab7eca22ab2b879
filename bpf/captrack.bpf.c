// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The kernel half: a probe fires, the stack is unwound, the event is booked
 * against stack, block and image. The programs are here; the work is in the
 * headers, by concern. */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include "captrack/records.h"

#include "maps.h"
#include "accounting.h"
#include "vma.h"
#include "code.h"
#include "unwind.h"
#include "stack.h"
#include "calls.h"
#include "snapshot.h"
#include "counting.h"

#define SIGNAL_GROUP_EXIT 4 /* all threads end; include/linux/sched/signal.h, never changed */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* What every probe program begins with, see no_programs. */
static __always_inline void keep_to_own_stack(struct pt_regs *ctx)
{
	if (enabled > 1)
		bpf_tail_call(ctx, &no_programs, 0);
}

SEC("uprobe")
int on_call(struct pt_regs *ctx)
{
	keep_to_own_stack(ctx);
	return call_enter(ctx);
}

SEC("uretprobe")
int on_return(struct pt_regs *ctx)
{
	keep_to_own_stack(ctx);
	return call_return(ctx);
}

SEC("uprobe")
int on_free(struct pt_regs *ctx)
{
	keep_to_own_stack(ctx);
	return call_free(ctx);
}

/* Instead of the three above; loaded for --estimate only. */
SEC("uprobe")
int on_count(struct pt_regs *ctx)
{
	keep_to_own_stack(ctx);
	return count_call(ctx);
}

/* The kernel ties a probe to the main thread. Where other threads go on without it, a perf
 * uprobe ends at once, a multi-uprobe link when anybody's probe on the same file is taken
 * out: worth a word to the user. */
SEC("raw_tp/sched_process_exit")
int on_exit(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 ids = bpf_get_current_pid_tgid();
	__u32 image = image_of_process();
	struct ct_image *found = image && (__u32)ids == ids >> 32 ? image_find(image) : NULL;
	if (found && task->signal->live.counter > 0 && !(task->signal->flags & SIGNAL_GROUP_EXIT))
		count(found, CT_MAIN_THREAD_GONE);
	return 0;
}

/* A child is not profiled: its parent's profile says that there was one. */
SEC("raw_tp/sched_process_fork")
int on_fork(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *child = (void *)ctx->args[1];
	__u32 image = image_of_process();
	struct ct_image *found = image ? image_find(image) : NULL;
	if (found && BPF_CORE_READ(child, tgid) != bpf_get_current_pid_tgid() >> 32)
		count(found, CT_UNFOLLOWED_CHILDREN);
	return 0;
}

/* exec: the process is a new image from here on, with nothing of the old one's. */
SEC("raw_tp/sched_process_exec")
int on_exec(void *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	__u32 *known = bpf_map_lookup_elem(&processes, &pid);
	if (!known)
		return 0;

	struct ct_exec_event event = {
		.kind = CT_EVENT_EXEC, .pid = pid, .old_image = *known, .ns = bpf_ktime_get_ns()};
	__u32 id = __sync_fetch_and_add(&next_image, 1);
	__u64 unknown = id;
	struct ct_stack stack = {.image = id};
	if (id < CT_MAX_IMAGES && bpf_map_update_elem(&stacks, &unknown, &stack, BPF_ANY) == 0 &&
	    bpf_map_update_elem(&processes, &pid, &id, BPF_ANY) == 0)
		event.new_image = id;
	else
		bpf_map_delete_elem(&processes, &pid);
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
	return 0;
}
