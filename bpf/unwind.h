/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_BPF_UNWIND_H
#define CAPTRACK_BPF_UNWIND_H

/* From the registers at a probe up the stack, frame by frame, by the rows of the code that
 * each address lies in. What knows registers by name is between `arch` marks; the rows'
 * meaning is in records.h. Also compiled for the host by tests/unit/test_unwind_bpf.c. */

#define MAX_FRAME_BYTES  (8ull << 20) /* of a frame known by its frame pointer only */
#define PAGE_BYTES       4096
#define FAST_STEPS       16
#define MOST_STACK_BYTES (64ull << 10) /* of which the kernel keeps, as a rule, all that was once used */
#define MAX_RETURNS      4096          /* functions entered whose return is probed; the kernel keeps 64 */

/* Reads a window that begins with the word at `address`, forward, as an unwinding goes, to
 * where the last one ended: that memory was there then, and a stack does not shrink from its
 * end. Where that is out of reach it does not go beyond the page, for the next may not be
 * there, and a fault is dear. 0 where it cannot be read. (A global function, as are the
 * others below: the verifier looks at it once, not once for each way that leads to it.) */
__noinline int window_move(struct ct_thread *thread, __u64 address)
{
	if (!thread)
		return 0;
	__u64 in_page = PAGE_BYTES - address % PAGE_BYTES;
	__u64 known = thread->stack_end - address; /* huge where it lies below */
	__u64 bytes = known && known <= MOST_STACK_BYTES ? known : in_page;
	if (bytes > STACK_WINDOW)
		bytes = STACK_WINDOW;
	if (address % 8)
		bytes = 8; /* a window of whole words is no use to it: just this one */
	thread->unwind.window = address;
	thread->unwind.window_bytes = address % 8 ? 0 : bytes;
	if (bpf_probe_read_user(thread->window, bytes, (void *)address) == 0)
		return 1;
	thread->unwind.window_bytes = 0;
	thread->stack_end = 0;
	/* It was another stack: the word may be there, if the next page is not. */
	return bytes > in_page && bpf_probe_read_user(thread->window, 8, (void *)address) == 0;
}

/* A word of the target's stack. */
static __always_inline bool stack_word(struct ct_thread *thread, __u64 address, __u64 *word)
{
	__u64 at = address - thread->unwind.window;
	if (at >= thread->unwind.window_bytes || at % 8) {
		if (!window_move(thread, address))
			return false;
		at = 0;
	}
	*word = thread->window[at / 8 % (STACK_WINDOW / 8)];
	return true;
}

struct return_search {
	struct return_instance *next;
	__u64 slot;
	__u64 address;
};

static long search_return(__u32 index, struct return_search *search)
{
	struct return_instance *instance = search->next;
	if (!instance)
		return 1;
	if (BPF_CORE_READ(instance, stack) == search->slot)
		search->address = BPF_CORE_READ(instance, orig_ret_vaddr);
	search->next = BPF_CORE_READ(instance, next);
	return search->address != 0;
}

/* A return probe puts its own address in the place of the return address; the kernel keeps
 * the true one in a list of the task's. Into unwind.pc; 0 where it is not there. */
__noinline int hijacked_return(struct ct_thread *thread, __u64 slot)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct return_search search = {.slot = slot};
	if (!thread)
		return 0;
	struct uprobe_task *utask = task->utask;
	if (utask) {
		search.next = utask->return_instances;
		bpf_loop(MAX_RETURNS, search_return, &search, 0);
	}
	thread->unwind.pc = search.address;
	return 0;
}

/* --- arch: x86-64 --- */

#define RETURN_WORD 8 /* below the CFA */

/* How a frame pointer alone is followed. */
#define ROW_BY_FRAME_POINTER CT_ROW(0, CT_ROW_FP, CT_SAVED_AT_FP, 2)

static __always_inline __u64 unwind_trampoline(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mm_struct *mm = task->mm;
	struct xol_area *area = mm ? mm->uprobes_state.xol_area : NULL;
	return area ? area->vaddr : 0;
}

/* The kernel's signal frame: stack pointer at a struct ucontext, in which from here on are
 * rbp, rbx, rdx, rax, rcx, rsp, rip. */
#define SIGNAL_REGISTERS 120

static __always_inline enum ct_end step_over_signal(struct ct_unwind *at)
{
	__u64 saved[7];
	if (bpf_probe_read_user(saved, sizeof(saved), (void *)at->sp + SIGNAL_REGISTERS))
		return CT_END_READ_FAULT;
	/* The interrupted code may have been on another stack: below is no error. */
	at->fp = saved[0];
	at->sp = saved[5];
	at->pc = saved[6];
	at->exact = 1;
	return CT_END_ROOT;
}

/* --- end of arch --- */

/* The CFA by a row. */
static __always_inline bool row_cfa(struct ct_thread *thread, __u64 row, __u64 *cfa)
{
	struct ct_unwind *at = &thread->unwind;
	__u32 kind = CT_ROW_KIND(row);
	*cfa = kind == CT_ROW_FP || kind == CT_ROW_DEREF_FP ? at->fp : at->sp;
	if (kind == CT_ROW_PLT) {
		*cfa += (at->pc & 15) >= (__u64)CT_ROW_NUMBER(row) ? 16 : 8;
		return true;
	}
	*cfa += (__u64)(__s64)CT_ROW_NUMBER(row) * 8;
	if (kind == CT_ROW_SP || kind == CT_ROW_FP)
		return true;
	if (!stack_word(thread, *cfa, cfa))
		return false;
	if (kind == CT_ROW_DEREF_SP)
		*cfa += 8;
	return true;
}

/* To the caller's registers. */
static __always_inline enum ct_end step_by_row(struct ct_thread *thread, __u64 row)
{
	struct ct_unwind *at = &thread->unwind;
	__u64 cfa = 0, fp = at->fp, pc = 0;
	__u32 saved = CT_ROW_SAVED(row);
	if (!row_cfa(thread, row, &cfa))
		return CT_END_READ_FAULT;
	if (cfa <= at->sp)
		return CT_END_NO_PROGRESS;
	/* The lower word first: windows go up. */
	if ((saved && !stack_word(thread, saved == CT_SAVED_AT_FP ? fp : cfa - saved * 8, &fp)) ||
	    !stack_word(thread, cfa - RETURN_WORD, &pc))
		return CT_END_READ_FAULT;
	at->sp = cfa;
	at->fp = fp;
	at->pc = pc;
	at->exact = 0;
	if (pc == at->trampoline)
		hijacked_return(thread, cfa - RETURN_WORD);
	return CT_END_ROOT;
}

/* By the frame pointer alone, where there are no rows. A stack grows down, so the caller's
 * frame lies above: what does not is some other value in that register. */
static __always_inline enum ct_end step_by_frame_pointer(struct ct_thread *thread)
{
	struct ct_unwind *at = &thread->unwind;
	if (at->fp % 8 || at->fp - at->sp > MAX_FRAME_BYTES ||
	    step_by_row(thread, ROW_BY_FRAME_POINTER) != CT_END_ROOT)
		return CT_END_NO_ROW;
	return CT_END_ROOT;
}

struct unwinding {
	struct ct_thread *thread;
};

static __always_inline void note_place(struct ct_thread *thread, __u32 depth, __u64 place)
{
	thread->frames.place[depth] = place;
	thread->unwind.hash = mixed(thread->unwind.hash ^ place);
	thread->unwind.depth = depth + 1;
}

/* The frames that nearly all are: known code, a CFA by one of the two pointers, and all words
 * in the window. What is not so stays where it is, for unwind_frame(). State is in registers
 * here; that is what makes a frame cheap. */
__noinline int step_fast(struct ct_thread *thread)
{
	if (!thread)
		return 0;
	struct ct_unwind *at = &thread->unwind;
	__u64 pc = at->pc, sp = at->sp, fp = at->fp, hash = at->hash;
	__u64 context = at->context, trampoline = at->trampoline;
	__u64 window = at->window, bytes = at->window_bytes;
	__u32 depth = at->depth;

	for (int i = 0; i < FAST_STEPS; i++) {
		__u64 key = code_key(context, pc);
		struct ct_known_code *known = code_slot(key);
		if (!known || depth >= max_depth)
			break;
		__u64 place = known->place, row = known->row;
		__u32 kind = CT_ROW_KIND(row), saved = CT_ROW_SAVED(row);
		if (known->check != code_check(key, known) || (kind != CT_ROW_SP && kind != CT_ROW_FP))
			break;
		__u64 cfa = (kind == CT_ROW_SP ? sp : fp) + (__u64)known->frame;
		__u64 word = cfa - RETURN_WORD - window;
		if (cfa <= sp || word >= bytes || word % 8)
			break;
		__u64 caller = thread->window[word / 8 % (STACK_WINDOW / 8)];
		if (caller == trampoline)
			break;
		__u64 saved_fp = fp;
		if (saved) {
			word = (saved == CT_SAVED_AT_FP ? fp : cfa - saved * 8) - window;
			if (word >= bytes || word % 8)
				break;
			saved_fp = thread->window[word / 8 % (STACK_WINDOW / 8)];
		}
		barrier_var(depth); /* else the check and the store are of different registers */
		if (depth >= CT_MAX_DEPTH)
			break;
		thread->frames.place[depth++] = place;
		hash = mixed(hash ^ place);
		sp = cfa;
		fp = saved_fp;
		pc = caller;
	}
	at->pc = pc;
	at->sp = sp;
	at->fp = fp;
	at->hash = hash;
	at->depth = depth;
	return 0;
}

/* Some frames: note their places, go on to their callers. */
static long unwind_frame(__u32 index, struct unwinding *run)
{
	struct ct_thread *thread = run->thread;
	struct ct_unwind *at = &thread->unwind;
	struct code code = {};
	if (!at->exact)
		step_fast(thread);
	__u32 depth = at->depth;
	at->end = CT_END_DEPTH;
	if (depth >= max_depth || depth >= CT_MAX_DEPTH)
		return 1;
	code_of(at->context, at->pc, at->exact, &code);
	at->end = code.end;
	if (code.end == CT_END_NOT_CODE && depth)
		return 1; /* no frame */
	note_place(thread, depth, code.place);
	if (code.end != CT_END_ROOT)
		return 1;

	switch (CT_ROW_KIND(code.row)) {
	case CT_ROW_END:
		return 1;
	case CT_ROW_NONE:
		if (!at->fp) /* so the ABI marks the outermost frame */
			return 1;
		at->end = step_by_frame_pointer(thread);
		break;
	case CT_ROW_SIGNAL:
		at->end = step_over_signal(at);
		break;
	case CT_ROW_ODD:
		at->end = CT_END_ODD_ROW;
		break;
	default:
		at->end = step_by_row(thread, code.row);
	}
	return at->end != CT_END_ROOT;
}

/* Fills thread->frames, and depth, hash and end of thread->unwind, whose pc, sp, fp,
 * context and owner are given. */
static __always_inline void unwind_run(struct ct_thread *thread)
{
	struct unwinding run = {.thread = thread};
	struct ct_unwind *at = &thread->unwind;
	at->hash = mixed(at->owner); /* else a place could make up for another image */
	at->window = at->window_bytes = 0;
	at->exact = 0;
	at->depth = 0;
	at->end = CT_END_DEPTH;
	at->trampoline = unwind_trampoline();
	bpf_loop(max_depth + 1, unwind_frame, &run, 0);
	thread->frames.count = at->depth;
	thread->stack_end = at->sp;
	at->hash = mixed(at->hash ^ at->end);
}

#endif
