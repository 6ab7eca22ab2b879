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
#include "details.h"
#include "growth.h"
#include "thread.h"
#include "accounting.h"
#include "vma.h"
#include "code.h"
#include "unwind.h"
#include "stack.h"
#include "blocks.h"
#include "frees.h"
#include "sample.h"
#include "calls.h"
#include "snapshot.h"
#include "counting.h"

#define SIGNAL_GROUP_EXIT 4 /* all threads end; include/linux/sched/signal.h, never changed */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* What every probe program begins with, see no_programs. */
#define KEEP_TO_OWN_STACK(ctx, programs)                                                                     \
	do {                                                                                                 \
		if (enabled > 1)                                                                             \
			bpf_tail_call(ctx, programs, 0);                                                     \
	} while (0)

/* Where the kernel has session links (6.13), entry and return of a function are one program's,
 * and an entry whose return does not matter saves it. */
SEC("uprobe")
int on_session(struct pt_regs *ctx)
{
	KEEP_TO_OWN_STACK(ctx, &no_session_programs);
	if (bpf_get_func_ip(ctx) == PT_REGS_IP(ctx)) /* the site, on which it is at entry only */
		return call_enter(ctx) ? 0 : 1;
	call_return(ctx);
	return 0;
}

SEC("uprobe")
int on_call(struct pt_regs *ctx)
{
	KEEP_TO_OWN_STACK(ctx, &no_programs);
	call_enter(ctx);
	return 0;
}

SEC("uretprobe")
int on_return(struct pt_regs *ctx)
{
	KEEP_TO_OWN_STACK(ctx, &no_programs);
	call_return(ctx);
	return 0;
}

SEC("uprobe")
int on_free(struct pt_regs *ctx)
{
	KEEP_TO_OWN_STACK(ctx, &no_programs);
	call_free(ctx);
	return 0;
}

/* Instead of the three above; loaded for --estimate only. */
SEC("uprobe")
int on_count(struct pt_regs *ctx)
{
	KEEP_TO_OWN_STACK(ctx, &no_programs);
	return count_call(ctx);
}

/* The kernel ties a probe to the main thread. Where other threads go on without it, a perf
 * uprobe ends at once, a multi-uprobe link when anybody's probe on the same file is taken
 * out: worth a word to the user. */
SEC("raw_tp/sched_process_exit")
int on_exit(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ct_thread *thread = bpf_task_storage_get(&threads, task, NULL, 0);
	if (thread && thread->image)
		thread_end(thread);
	__u64 ids = bpf_get_current_pid_tgid();
	__u32 image = enabled ? image_of_process() : 0;
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
	__u32 image = enabled ? image_of_process() : 0;
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
	struct ct_stack *unknown = id < CT_MAX_IMAGES ? stack_find(id) : NULL;
	if (unknown && bpf_map_update_elem(&processes, &pid, &id, BPF_ANY) == 0) {
		unknown->image = event.new_image = id;
	} else {
		bpf_map_delete_elem(&processes, &pid);
	}
	struct ct_thread *thread = bpf_task_storage_get(&threads, bpf_get_current_task_btf(), NULL, 0);
	if (thread)
		thread->image = 0;
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
	return 0;
}
