/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_BPF_CODE_H
#define CAPTRACK_BPF_CODE_H

/* From an address of code to its place (object, offset) and its row. Asked for each frame
 * of each stack, so the answer is kept by address; what is not kept is found through the
 * VMA that holds the address at this moment, the object by the file's device and inode,
 * and the object's tree of rows. */

#define GOLDEN 0x9e3779b97f4a7c15ull

#define LOOK_AGAIN_NS     20000000ull
#define MOST_LOOKS        8
#define ANNOUNCE_AGAIN_NS 1000000000ull
#define WAIT_NS           1000000000ull /* after that no thread waits for it any more */
#define WAIT_ROUNDS       (1 << 23)     /* the most that bpf_loop does: patience_ns ends it before */

struct code {
	__u64 place;
	__u64 row;       /* its rule; the start only where it was just found */
	enum ct_end end; /* but CT_END_ROOT: neither is known */
};

struct object_wait {
	struct ct_object_key key;
	struct ct_object object;
	__u64 end; /* ns */
};

/* Tells user space of code that it has not read; an empty mapping stands for all. */
static __always_inline void code_announce(const struct vma *vma)
{
	struct ct_code_event event = {
		.kind = CT_EVENT_CODE,
		.pid = bpf_get_current_pid_tgid() >> 32,
		.start = vma->start,
		.end = vma->end,
		.object = vma->key,
	};
	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
}

/* Has user space look for new code early: what dlopen() has mapped runs a little later. */
static __noinline int code_changed(struct ct_image *image)
{
	__u64 now = bpf_ktime_get_ns();
	struct vma all = {};
	if (now - image->looked_ns > LOOK_AGAIN_NS)
		image->looks = 0;
	if (image->looks >= MOST_LOOKS) /* a JIT compiler at work */
		return 0;
	image->looks++;
	image->looked_ns = now;
	code_announce(&all);
	return 0;
}

/* What is known of an object. User space replaces the element, once, and the old one is soon
 * another object's, perhaps while it is read here. False where there is none. */
static __always_inline bool object_copy(const struct ct_object_key *key, struct ct_object *object)
{
	struct ct_object *known = bpf_map_lookup_elem(&objects, key);
	if (!known)
		return false;
	*object = *known;
	struct ct_object *again = bpf_map_lookup_elem(&objects, key);
	if (again && again != known)
		*object = *again;
	return true;
}

static long await_rows(__u32 index, struct object_wait *wait)
{
	return !object_copy(&wait->key, &wait->object) || wait->object.state != CT_OBJECT_NEW ||
	       bpf_ktime_get_ns() > wait->end;
}

/* The object of a mapping, entered and announced at first sight. The thread waits a little
 * while user space reads it: the allocations of a plugin's first millisecond, or of a program
 * after exec, have whole stacks too. Its id is 0 where there is no room. */
__noinline int object_find(const struct vma *vma, struct ct_object *object)
{
	if (!vma || !object)
		return 0;
	struct object_wait wait = {.key = vma->key};
	struct ct_object *known = bpf_map_lookup_elem(&objects, &wait.key);
	__u64 now = bpf_ktime_get_ns();
	if (!known) {
		wait.object.id = __sync_fetch_and_add(&next_object, 1);
		wait.object.seen_ns = wait.object.announced_ns = now;
		/* Another CPU may be first: then its id stands. */
		if (wait.object.id < CT_MAX_OBJECTS &&
		    bpf_map_update_elem(&objects, &wait.key, &wait.object, BPF_NOEXIST) == 0)
			code_announce(vma);
	} else if (known->state == CT_OBJECT_NEW && now > known->announced_ns + ANNOUNCE_AGAIN_NS) {
		/* It could not be read then; through this process it may be. */
		known->announced_ns = now;
		code_announce(vma);
	}
	wait.object.id = 0;
	wait.end = now + patience_ns;
	if (object_copy(&wait.key, &wait.object) && wait.object.state == CT_OBJECT_NEW &&
	    now < wait.object.seen_ns + WAIT_NS)
		bpf_loop(WAIT_ROUNDS, await_rows, &wait, 0);
	*object = wait.object;
	return 0;
}

struct row_search {
	__u32 chunk;
	__u32 offset;
	__u64 word;
};

/* The last word of a chunk whose start is not above the offset. The steps are such that
 * they reach each word and never go beyond; and without a branch, for each would double
 * what the verifier has to look at. */
static long search_chunk(__u32 index, struct row_search *search)
{
	struct ct_chunk *chunk = bpf_map_lookup_elem(&chunks, &search->chunk);
	__u64 at = 0, left = CT_CHUNK_WORDS;
	search->word = 0;
	if (!chunk)
		return 1;
#pragma unroll
	for (int step = 0; step < CT_CHUNK_STEPS; step++) {
		__u64 half = left / 2;
		/* all ones where the word in the middle is not above */
		__s64 low = ((__s64)CT_ROW_START(chunk->word[at + half]) - (__s64)search->offset - 1) >> 63;
		barrier_var(low);
		at += (__u64)low & half;
		left -= half;
	}
	__u64 word = chunk->word[at];
	if (CT_ROW_START(word) > search->offset)
		return 1; /* before the first row */
	search->word = word;
	search->chunk = (__u32)word;
	return 0;
}

static __always_inline __u64 row_find(const struct ct_object *object, __u64 offset)
{
	struct row_search search = {.chunk = object->root, .offset = offset};
	if (offset >> 32)
		return 0;
	bpf_loop(object->levels, search_chunk, &search, 0);
	return search.word;
}

static __always_inline __u64 mixed(__u64 value)
{
	value *= GOLDEN;
	return value ^ value >> 29;
}

/* `exact` as in CT_PLACE_EXACT: a return address can be the first byte after its function,
 * and after its VMA, so what is looked up is the call. */
__noinline int code_find(__u64 address, __u64 exact, struct code *code)
{
	if (!code)
		return 0;
	struct vma vma = {};
	code->place = CT_PLACE(0, address) | (exact ? CT_PLACE_EXACT : 0);
	code->row = CT_ROW(0, CT_ROW_NONE, 0, 0);
	code->end = CT_END_ROOT;
	if (vma_find(exact ? address : address - 1, &vma)) {
		code->end = CT_END_BUSY;
		return 0;
	}
	if (!vma.is_code) {
		code->end = CT_END_NOT_CODE;
		return 0;
	}
	if (!vma.has_object)
		return 0;
	struct ct_object object = {};
	object_find(&vma, &object);
	if (object.id)
		code->place = CT_PLACE(object.id, vma.offset + !exact) | (exact ? CT_PLACE_EXACT : 0);
	if (!object.id || object.state == CT_OBJECT_NEW || object.state == CT_OBJECT_UNREADABLE)
		code->end = CT_END_UNKNOWN_OBJECT;
	else if (object.state == CT_OBJECT_ROWS)
		code->row = row_find(&object, vma.offset);
	return 0;
}

/* For the keys of what is known: it tells processes apart, and a process before and after
 * it unmapped or mapped code, so another library at the same address is no danger. Such a
 * change is seen by the amount of code: what comes between an unmapping and a mapping
 * allocates (dlopen before it maps), and so comes by here. */
static __always_inline __u64 code_context(struct ct_image *image, __u32 id)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mm_struct *mm = task->mm;
	__u64 pages = mm ? mm->exec_vm : 0;
	if (image->code_pages != pages) {
		image->code_pages = pages;
		__sync_fetch_and_add(&image->code_changes, 1);
		code_changed(image);
	}
	return mixed((__u64)id << 32 | image->code_changes);
}

/* A key needs no good mixing, it has to be there soon: each frame waits for that of the one
 * before. */
static __always_inline __u64 code_key(__u64 context, __u64 address)
{
	return (address ^ address >> 15) ^ context;
}

static __always_inline struct ct_known_code *code_slot(__u64 key)
{
	__u32 slot = key % CT_KNOWN_CODE;
	return bpf_map_lookup_elem(&known_code, &slot);
}

static __always_inline __u64 code_check(__u64 key, const struct ct_known_code *known)
{
	return key ^ known->place ^ mixed(known->row ^ (__u64)known->frame << 32);
}

/* `context` as above. */
static __always_inline void code_of(__u64 context, __u64 address, __u64 exact, struct code *code)
{
	__u64 key = code_key(context, address) ^ exact << 63;
	struct ct_known_code *known = code_slot(key);
	if (known) {
		code->place = known->place;
		code->row = known->row;
		code->end = CT_END_ROOT;
		if (known->check == code_check(key, known))
			return;
	}
	code_find(address, exact, code);
	if (known && code->end == CT_END_ROOT) {
		known->place = code->place;
		known->row = code->row;
		known->frame = (__s64)CT_ROW_NUMBER(code->row) * 8;
		known->check = code_check(key, known);
	}
}

/* Run by the kernel for each mapping of a process, when the loader reads the iterator. */
SEC("iter/task_vma")
int list_code(struct bpf_iter__task_vma *ctx)
{
	struct task_struct *task = ctx->task;
	struct vm_area_struct *vma = ctx->vma;
	struct ct_code_event code = {.kind = CT_EVENT_CODE};
	if (!task || !vma || !(vma->vm_flags & VM_EXEC) || task->pid != task->tgid ||
	    !object_of(vma, &code.object))
		return 0;
	code.pid = task->tgid;
	code.start = vma->vm_start;
	code.end = vma->vm_end;
	bpf_seq_write(ctx->meta->seq, &code, sizeof(code));
	return 0;
}

#endif
