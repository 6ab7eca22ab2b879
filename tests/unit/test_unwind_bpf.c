// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The kernel half's unwinder, compiled for the host: made-up rows over made-up stacks. */
#include "bpf_host.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

/* A program of 32 functions of 256 bytes in one file, and a stack of four pages with nothing
 * around it. Rows are the test's, and END where it says none. */
enum {
	FUNCTIONS = 32,
	FUNCTION_BYTES = 256,
	CODE_BYTES = FUNCTIONS * FUNCTION_BYTES,
	CODE_OFFSET = 0x3000, /* in the file */
	INODE = 77,
	OBJECT = 5,
	STACK_WORDS = 4 * 512,
	IMAGE = 3,
};

#define ELSEWHERE  0x100000000ull /* below code and stack */
#define TRAMPOLINE 0x7fffffffe000ull

static __u64 code_base, stack_base; /* may be moved before the first put() */
static __u64 stack[STACK_WORDS + 1];
static __u64 rows[FUNCTIONS];
static struct host_vma *code_vma;
static struct ct_thread thread;
static struct ct_image *image;
static __u32 index_of_last; /* stack */
static __u64 key;           /* its hash */
static bool end_seen[CT_ENDS], kind_seen[CT_ROW_ODD + 1];

static const struct ct_object_key object_key = {HOST_DEVICE, INODE};

static __u64 first_of(unsigned int function)
{
	return code_base + (__u64)function * FUNCTION_BYTES;
}

static __u64 in(unsigned int function)
{
	return first_of(function) + 0x20;
}

static __u64 place_of(__u64 address)
{
	return CT_PLACE(OBJECT, address - code_base + CODE_OFFSET);
}

static __u64 at(unsigned int function)
{
	return place_of(in(function));
}

static __u64 word(unsigned int index)
{
	return stack_base + index * 8ull;
}

static void put_at(__u64 address, __u64 value)
{
	assert_true(address - stack_base <= sizeof(stack) - sizeof(value));
	memcpy((char *)stack + (address - stack_base), &value, sizeof(value));
}

static void put(unsigned int index, __u64 value)
{
	put_at(word(index), value);
}

static void function(unsigned int number, enum ct_row_kind kind, unsigned int saved, int words)
{
	rows[number] = CT_ROW(CODE_OFFSET + number * FUNCTION_BYTES, kind, saved, words);
	kind_seen[kind] = true;
}

static void move_world(__u64 code, __u64 memory)
{
	host_reset();
	code_base = code;
	stack_base = memory;
	code_vma = host_map(code, CODE_BYTES, VM_EXEC, INODE, CODE_OFFSET);
	host_add_memory(memory, stack, STACK_WORDS * 8);
	__u32 id = IMAGE;
	image = bpf_map_lookup_elem(&images, &id);
}

static int set_up(void **state)
{
	(void)state;
	move_world(0x555500000000, 0x7ffd00000000);
	next_object = OBJECT + 1;
	next_stack = CT_FIRST_STACK;
	details_chunks = CT_DETAILS_FIRST;
	max_depth = CT_MAX_DEPTH;
	patience_ns = 0;
	memset(stack, 0, sizeof(stack));
	memset(&thread, 0xaa, sizeof(thread)); /* task storage keeps what was there */
	thread.image = IMAGE;
	for (unsigned int i = 0; i < FUNCTIONS; i++)
		function(i, CT_ROW_END, 0, 0);
	return 0;
}

static void unwind(__u64 pc, __u64 sp, __u64 fp)
{
	struct pt_regs registers = {.ip = pc, .sp = sp, .bp = fp};
	host_set_object(&object_key, OBJECT, CT_OBJECT_ROWS, rows, FUNCTIONS);
	host.user_reads = 0;
	index_of_last = stack_of_caller(&registers, image, &thread);
	key = thread.unwind.hash;
}

static void expect_stack(int line, enum ct_end end, const __u64 *places, size_t count)
{
	const struct ct_frames *frames = &thread.frames;
	if (thread.unwind.end != end || thread.unwind.depth != count)
		fail_msg("line %d: end %d with %d frames, not %d with %zu", line, thread.unwind.end,
			 thread.unwind.depth, end, count);
	assert_int_equal(frames->count, count);
	for (size_t i = 0; i < count; i++)
		if (frames->place[i] != places[i])
			fail_msg("line %d: frame %zu is %llx, not %llx", line, i, frames->place[i],
				 places[i]);
	end_seen[end] = true;
}

#define expect(end, ...)                                                                                     \
	expect_stack(__LINE__, end, (const __u64[]){__VA_ARGS__},                                            \
		     sizeof((const __u64[]){__VA_ARGS__}) / sizeof(__u64))

/* --- rows --- */

static void test_sp(void **state)
{
	(void)state;
	function(1, CT_ROW_SP, CT_SAVED_NOT, 3);
	function(2, CT_ROW_SP, CT_SAVED_NOT, 1);
	put(2, in(2));
	put(3, in(3));
	unwind(in(1), word(0), 0);
	expect(CT_END_ROOT, at(1), at(2), at(3));
	assert_int_equal(thread.unwind.sp, word(4));
}

static void test_fp(void **state)
{
	(void)state;
	function(1, CT_ROW_FP, CT_SAVED_AT_FP, 2);
	function(2, CT_ROW_FP, 2, 2);
	put(10, word(20));
	put(11, in(2));
	put(20, 1234);
	put(21, in(3));
	unwind(in(1), word(0), word(10));
	expect(CT_END_ROOT, at(1), at(2), at(3));
	assert_int_equal(thread.unwind.sp, word(22));
	assert_int_equal(thread.unwind.fp, 1234);
}

static void test_deref_sp(void **state)
{
	(void)state;
	function(1, CT_ROW_DEREF_SP, CT_SAVED_NOT, 2);
	put(2, word(30));
	put(30, in(2));
	unwind(in(1), word(0), 0);
	expect(CT_END_ROOT, at(1), at(2));
	assert_int_equal(thread.unwind.sp, word(31));
}

/* As gcc realigns: the CFA kept below the frame pointer, the old one where it points. */
static void test_deref_fp(void **state)
{
	(void)state;
	function(1, CT_ROW_DEREF_FP, CT_SAVED_AT_FP, -1);
	put(9, word(40));
	put(10, 1234);
	put(39, in(2));
	unwind(in(1), word(0), word(10));
	expect(CT_END_ROOT, at(1), at(2));
	assert_int_equal(thread.unwind.sp, word(40));
	assert_int_equal(thread.unwind.fp, 1234);
}

static void test_plt(void **state)
{
	(void)state;
	function(1, CT_ROW_PLT, CT_SAVED_NOT, 11);
	put(0, in(2));
	put(1, in(3));
	unwind(in(1) + 10, word(0), 0); /* nothing pushed yet */
	expect(CT_END_ROOT, place_of(in(1) + 10), at(2));
	unwind(in(1) + 11, word(0), 0);
	expect(CT_END_ROOT, place_of(in(1) + 11), at(3));
	unwind(in(1) + 16, word(0), 0); /* the next entry */
	expect(CT_END_ROOT, place_of(in(1) + 16), at(2));
}

/* A signal came at the first byte of function 2, which the rows of 1 do not hold for. */
static void test_signal(void **state)
{
	(void)state;
	static __u64 other_stack[512];
	function(1, CT_ROW_SIGNAL, 0, 0);
	function(2, CT_ROW_SP, CT_SAVED_NOT, 1);
	function(3, CT_ROW_FP, CT_SAVED_AT_FP, 2);
	host_add_memory(ELSEWHERE, other_stack, sizeof(other_stack));
	put(15, ELSEWHERE + 64);
	put(20, ELSEWHERE);
	put(21, first_of(2));
	other_stack[0] = in(3);
	other_stack[8] = 1234;
	other_stack[9] = in(4);
	unwind(in(1), word(0), 0);
	expect(CT_END_ROOT, at(1), place_of(first_of(2)) | CT_PLACE_EXACT, at(3), at(4));
	assert_int_equal(thread.unwind.fp, 1234);
}

/* One handler interrupted by another: exact holds for the one after each signal frame. */
static void test_nested_signals(void **state)
{
	(void)state;
	function(1, CT_ROW_SIGNAL, 0, 0);
	function(2, CT_ROW_SP, CT_SAVED_NOT, 1);
	put(20, word(100));
	put(21, in(2));
	put(100, in(1));
	put(101 + 20, word(200));
	put(101 + 21, in(3));
	unwind(in(1), word(0), 0);
	expect(CT_END_ROOT, at(1), at(2) | CT_PLACE_EXACT, at(1), at(3) | CT_PLACE_EXACT);
	function(2, CT_ROW_SIGNAL, 0, 0); /* right after the first: exact stays */
	put(100 + 20, word(200));
	put(100 + 21, in(3));
	host.mm.exec_vm++;
	unwind(in(1), word(0), 0);
	expect(CT_END_ROOT, at(1), at(2) | CT_PLACE_EXACT, at(3) | CT_PLACE_EXACT);
}

static void test_signal_unreadable(void **state)
{
	(void)state;
	function(1, CT_ROW_SIGNAL, 0, 0);
	put(STACK_WORDS - 22 + 21, in(2));
	put(STACK_WORDS - 22 + 20, word(0));
	unwind(in(1), word(STACK_WORDS - 22), 0); /* ends with the registers */
	expect(CT_END_ROOT, at(1), at(2) | CT_PLACE_EXACT);
	unwind(in(1), word(STACK_WORDS - 21), 0);
	expect(CT_END_READ_FAULT, at(1));
}

static void test_odd_row(void **state)
{
	(void)state;
	function(1, CT_ROW_SP, CT_SAVED_NOT, 1);
	function(2, CT_ROW_ODD, 0, 0);
	put(0, in(2));
	unwind(in(1), word(0), 0);
	expect(CT_END_ODD_ROW, at(1), at(2));
}

static void test_frame_pointers(void **state)
{
	(void)state;
	for (unsigned int i = 1; i <= 3; i++)
		function(i, CT_ROW_NONE, 0, 0);
	put(0, word(8)); /* the frame pointer where the stack pointer is */
	put(1, in(2));
	put(8, 0);
	put(9, in(3));
	unwind(in(1), word(0), word(0));
	expect(CT_END_ROOT, at(1), at(2), at(3)); /* 3 has none: it is the outermost */
	unwind(in(1), word(0), 0);
	expect(CT_END_ROOT, at(1));
}

static void test_frame_pointer_leads_nowhere(void **state)
{
	(void)state;
	static __u64 far[512];
	function(1, CT_ROW_NONE, 0, 0);
	put(8, 0);
	put(9, in(2));
	unwind(in(1), word(8), word(8));
	expect(CT_END_ROOT, at(1), at(2));
	unwind(in(1), word(0), word(8) + 4);
	expect(CT_END_NO_ROW, at(1));
	unwind(in(1), word(9), word(8)); /* below the stack pointer */
	expect(CT_END_NO_ROW, at(1));
	unwind(in(1), word(0), word(STACK_WORDS));
	expect(CT_END_NO_ROW, at(1));
	far[17] = in(2);
	host_add_memory(word(0) + MAX_FRAME_BYTES, far, sizeof(far));
	unwind(in(1), word(16), word(16) + MAX_FRAME_BYTES);
	expect(CT_END_ROOT, at(1), at(2));
	unwind(in(1), word(15), word(16) + MAX_FRAME_BYTES);
	expect(CT_END_NO_ROW, at(1));
}

static void test_saved_frame_pointer(void **state)
{
	static const struct {
		unsigned int saved, word;
	} cases[] = {{CT_SAVED_NOT, 0}, {2, 68}, {3, 67}, {CT_SAVED_MOST, 8}, {CT_SAVED_AT_FP, 5}};
	(void)state;
	function(2, CT_ROW_SP, CT_SAVED_NOT, 1); /* hands it on */
	function(3, CT_ROW_FP, CT_SAVED_NOT, 2);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		function(1, CT_ROW_SP, cases[i].saved, 70);
		memset(stack, 0, sizeof(stack));
		put(69, in(2));
		put(70, in(3));
		put(101, in(4));
		if (cases[i].saved)
			put(cases[i].word, word(100));
		host.mm.exec_vm++; /* other rows, so nothing of before may be known */
		unwind(in(1), word(0), cases[i].saved ? word(5) : word(100));
		expect(CT_END_ROOT, at(1), at(2), at(3), at(4));
		assert_int_equal(thread.unwind.fp, word(100));
	}
}

static void test_numbers(void **state)
{
	(void)state;
	function(1, CT_ROW_FP, CT_SAVED_NOT, -3);
	put(6, in(2));
	unwind(in(1), word(0), word(10));
	expect(CT_END_ROOT, at(1), at(2));
	static __u64 far[512];
	far[510] = in(2);
	function(3, CT_ROW_SP, CT_SAVED_NOT, (1 << 21) - 1);
	host_add_memory(word(0) + (16 << 20) - PAGE_BYTES, far, sizeof(far));
	unwind(in(3), word(0), 0);
	expect(CT_END_ROOT, at(3), at(2));
}

/* --- ends --- */

static void test_no_progress(void **state)
{
	(void)state;
	function(1, CT_ROW_SP, CT_SAVED_NOT, 0);
	unwind(in(1), word(9), 0);
	expect(CT_END_NO_PROGRESS, at(1));
	function(2, CT_ROW_SP, CT_SAVED_NOT, -1);
	unwind(in(2), word(9), 0);
	expect(CT_END_NO_PROGRESS, at(2));
	function(3, CT_ROW_FP, CT_SAVED_AT_FP, 2);
	unwind(in(3), word(9), word(6));
	expect(CT_END_NO_PROGRESS, at(3));
	unwind(in(3), word(9), word(7));
	expect(CT_END_NO_PROGRESS, at(3));
}

static void test_not_code(void **state)
{
	(void)state;
	function(1, CT_ROW_SP, CT_SAVED_NOT, 1);
	host_map(ELSEWHERE, 4096, 0, INODE + 1, 0);
	put(0, ELSEWHERE + 16); /* data */
	unwind(in(1), word(0), 0);
	expect(CT_END_NOT_CODE, at(1));
	put(0, 0); /* nothing */
	unwind(in(1), word(0), 0);
	expect(CT_END_NOT_CODE, at(1));
	unwind(ELSEWHERE + 16, word(0), 0); /* the first frame is there all the same */
	expect(CT_END_NOT_CODE, CT_PLACE(0, ELSEWHERE + 16));
}

static void test_depth(void **state)
{
	__u64 expected[CT_MAX_DEPTH];
	(void)state;
	function(1, CT_ROW_SP, CT_SAVED_NOT, 2);
	for (unsigned int i = 0; i < 300; i++)
		put(2 * i + 1, in(1));
	for (unsigned int i = 0; i < CT_MAX_DEPTH; i++)
		expected[i] = at(1);
	unwind(in(1), word(0), 0);
	expect_stack(__LINE__, CT_END_DEPTH, expected, CT_MAX_DEPTH);
	max_depth = 1000; /* never beyond the frames' room */
	unwind(in(1), word(0), 0);
	expect_stack(__LINE__, CT_END_DEPTH, expected, CT_MAX_DEPTH);
	max_depth = 3;
	unwind(in(1), word(0), 0);
	expect(CT_END_DEPTH, at(1), at(1), at(1));
	put(3, in(2)); /* as many as there are */
	unwind(in(1), word(0), 0);
	expect(CT_END_ROOT, at(1), at(1), at(2));
	max_depth = CT_MAX_DEPTH;
	put(3, in(1));
	put(2 * 125 + 1, in(2));
	expected[126] = at(2);
	unwind(in(1), word(0), 0);
	expect_stack(__LINE__, CT_END_ROOT, expected, CT_MAX_DEPTH);
}

/* --- windows --- */

static void test_window_ends_with_page(void **state)
{
	(void)state;
	const unsigned int top = STACK_WORDS;
	function(1, CT_ROW_SP, CT_SAVED_NOT, 8);
	put(top - 1, in(2));
	unwind(in(1), word(top - 8), 0);
	expect(CT_END_ROOT, at(1), at(2)); /* the page above is not there, and not needed */
	unwind(in(1), word(top - 7), 0);
	expect(CT_END_READ_FAULT, at(1));
	function(3, CT_ROW_SP, 4, 3); /* the frame pointer below what is readable */
	unwind(in(3), word(0), 0);
	expect(CT_END_READ_FAULT, at(3));
	function(4, CT_ROW_DEREF_SP, CT_SAVED_NOT, 8);
	unwind(in(4), word(top - 8), 0);
	expect(CT_END_READ_FAULT, at(4));
}

static void test_window_goes_over_pages(void **state)
{
	(void)state;
	function(1, CT_ROW_SP, 1, 2);
	function(2, CT_ROW_SP, 2, 3);
	put(511, in(2));
	put(513, 1234);
	put(514, in(3));
	unwind(in(1), word(510), 0);
	expect(CT_END_ROOT, at(1), at(2), at(3));
	assert_int_equal(thread.unwind.fp, 1234);
	assert_int_equal(host.user_reads, 2);
}

static void test_window_serves_many_frames(void **state)
{
	(void)state;
	function(1, CT_ROW_SP, 2, 8);
	for (unsigned int i = 0; i < 100; i++)
		put(8 * i + 7, in(1));
	put(799, in(2));
	unwind(in(1), word(0), 0);
	assert_int_equal(thread.unwind.end, CT_END_ROOT);
	assert_int_equal(thread.unwind.depth, 101);
	assert_int_equal(host.user_reads, 2); /* 800 words, 512 a window */
}

/* Up to where the last unwinding ended the stack is there: pages do not matter. */
static void test_window_to_the_known_end(void **state)
{
	(void)state;
	function(1, CT_ROW_SP, 1, 2);
	put(511, in(1));
	put(513, in(2));
	unwind(in(1), word(510), 0);
	expect(CT_END_ROOT, at(1), at(1), at(2));
	assert_int_equal(host.user_reads, 2);
	unwind(in(1), word(510), 0);
	expect(CT_END_ROOT, at(1), at(1), at(2));
	assert_int_equal(host.user_reads, 1);
	/* It ended on another stack, and here the next page is not there. */
	put(STACK_WORDS - 3, in(1));
	put(STACK_WORDS - 1, in(2));
	thread.stack_end = word(STACK_WORDS) + 80;
	unwind(in(1), word(STACK_WORDS - 4), 0);
	expect(CT_END_ROOT, at(1), at(1), at(2));
	assert_int_equal(thread.stack_end, word(STACK_WORDS));
}

static void test_large_frames(void **state)
{
	(void)state;
	enum { WINDOW = STACK_WINDOW / 8 };
	function(1, CT_ROW_SP, 62, WINDOW + 1);
	put(WINDOW, in(1));
	put(2 * (WINDOW + 1) - 1, in(2));
	unwind(in(1), word(0), 0);
	expect(CT_END_ROOT, at(1), at(1), at(2));
	/* The first word after the window. */
	function(4, CT_ROW_SP, CT_SAVED_NOT, 1);
	function(5, CT_ROW_SP, CT_SAVED_NOT, WINDOW);
	put(0, in(5));
	put(WINDOW, in(3));
	unwind(in(4), word(0), 0);
	expect(CT_END_ROOT, at(4), at(5), at(3));
}

/* Not whole words: found all the same, one by one. */
static void test_unaligned_stack(void **state)
{
	(void)state;
	function(1, CT_ROW_SP, 2, 2);
	function(2, CT_ROW_DEREF_SP, CT_SAVED_NOT, 0); /* and back to an aligned one */
	function(3, CT_ROW_SP, CT_SAVED_NOT, 1);
	for (unsigned int from = 508; from <= 511; from++) { /* over the end of a page, too */
		put_at(word(from) + 4, 1234);
		put_at(word(from + 1) + 4, in(2));
		put_at(word(from + 2) + 4, word(600));
		put(600, in(3));
		put(601, in(4));
		unwind(in(1), word(from) + 4, 0);
		expect(CT_END_ROOT, at(1), at(2), at(3), at(4));
		assert_int_equal(thread.unwind.fp, 1234);
	}
	unwind(in(1), word(STACK_WORDS - 2) + 4, 0);
	expect(CT_END_READ_FAULT, at(1));
	/* In an aligned window, an address between its words. */
	function(5, CT_ROW_DEREF_SP, CT_SAVED_NOT, 0);
	put(0, word(2) + 1);
	put_at(word(2) + 1, in(2));
	put_at(word(3) + 1, word(600));
	unwind(in(5), word(0), 0);
	expect(CT_END_ROOT, at(5), at(2), at(3), at(4));
}

/* A realigned frame: first a word far up, then the return address below it. */
static void test_window_goes_down(void **state)
{
	(void)state;
	function(1, CT_ROW_DEREF_FP, CT_SAVED_NOT, -1);
	function(2, CT_ROW_SP, CT_SAVED_NOT, 1);
	put(299, word(11));
	put(10, in(2));
	put(11, in(3));
	unwind(in(1), word(0), word(300));
	expect(CT_END_ROOT, at(1), at(2), at(3));
	assert_int_equal(host.user_reads, 2);
}

/* What is left of another stack's window must not be taken for this one's. */
static void test_window_is_read_anew(void **state)
{
	(void)state;
	function(1, CT_ROW_SP, CT_SAVED_NOT, 1);
	put(0, in(2));
	unwind(in(1), word(0), 0);
	expect(CT_END_ROOT, at(1), at(2));
	put(0, in(3));
	unwind(in(1), word(0), 0);
	expect(CT_END_ROOT, at(1), at(3));
	host.memories[0].size = 0;
	unwind(in(1), word(0), 0);
	expect(CT_END_READ_FAULT, at(1));
}

/* --- functions whose return is probed --- */

static void test_hijacked_return(void **state)
{
	struct return_instance outer = {.stack = word(5), .orig_ret_vaddr = in(3)};
	struct return_instance inner = {.stack = word(2), .orig_ret_vaddr = in(2), .next = &outer};
	struct return_instance other = {.stack = word(1), .orig_ret_vaddr = in(9), .next = &inner};
	(void)state;
	host.xol.vaddr = TRAMPOLINE;
	host.mm.uprobes_state.xol_area = &host.xol;
	host.task.utask = &host.utask;
	host.utask.return_instances = &other;
	host_map(TRAMPOLINE, 4096, VM_EXEC, 0, 0);
	function(1, CT_ROW_SP, CT_SAVED_NOT, 3);
	function(2, CT_ROW_SP, CT_SAVED_NOT, 3);
	put(2, TRAMPOLINE);
	put(5, TRAMPOLINE);
	unwind(in(1), word(0), 0);
	expect(CT_END_ROOT, at(1), at(2), at(3));

	/* A tail call: two for the same place, both with the true address. */
	struct return_instance tail = {.stack = word(2), .orig_ret_vaddr = in(2), .next = &inner};
	host.utask.return_instances = &tail;
	unwind(in(1), word(0), 0);
	expect(CT_END_ROOT, at(1), at(2), at(3));

	host.utask.return_instances = &outer; /* not there: no frame is better than a wrong one */
	unwind(in(1), word(0), 0);
	expect(CT_END_NOT_CODE, at(1));
	host.utask.return_instances = NULL;
	unwind(in(1), word(0), 0);
	expect(CT_END_NOT_CODE, at(1));
	host.task.utask = NULL;
	unwind(in(1), word(0), 0);
	expect(CT_END_NOT_CODE, at(1));
}

/* By frame pointers and by realigned frames the place of the return address counts, too. */
static void test_hijacked_by_frame_pointer(void **state)
{
	struct return_instance outer = {.stack = word(29), .orig_ret_vaddr = in(3)};
	struct return_instance inner = {.stack = word(9), .orig_ret_vaddr = in(2), .next = &outer};
	(void)state;
	host.xol.vaddr = TRAMPOLINE;
	host.mm.uprobes_state.xol_area = &host.xol;
	host.task.utask = &host.utask;
	host.utask.return_instances = &inner;
	function(1, CT_ROW_NONE, 0, 0);
	function(2, CT_ROW_DEREF_FP, CT_SAVED_AT_FP, -1);
	put(8, word(20));
	put(9, TRAMPOLINE);
	put(19, word(30));
	put(29, TRAMPOLINE);
	unwind(in(1), word(0), word(8));
	expect(CT_END_ROOT, at(1), at(2), at(3));
}

/* --- known code --- */

/* 1 calls 2 calls 3. */
static void three_frames(void)
{
	function(1, CT_ROW_SP, CT_SAVED_NOT, 1);
	function(2, CT_ROW_SP, CT_SAVED_NOT, 1);
	put(0, in(2));
	put(1, in(3));
	unwind(in(1), word(0), 0);
}

static void test_known_code_is_used(void **state)
{
	(void)state;
	three_frames();
	expect(CT_END_ROOT, at(1), at(2), at(3));
	assert_int_equal(host.lookups, 3);
	three_frames();
	expect(CT_END_ROOT, at(1), at(2), at(3));
	assert_int_equal(host.lookups, 3);
	host.vma_count = 0; /* with no sign of it: the answer is the old one */
	three_frames();
	expect(CT_END_ROOT, at(1), at(2), at(3));
}

static void test_context_voids_known_code(void **state)
{
	(void)state;
	three_frames();
	__u64 before = thread.unwind.context;
	host.vma_count = 0;
	host.mm.exec_vm--; /* code is unmapped */
	three_frames();
	expect(CT_END_NOT_CODE, CT_PLACE(0, in(1)));
	assert_int_not_equal(thread.unwind.context, before);
	/* Another library where the first one was, of the same size. */
	host_map(code_base, CODE_BYTES, VM_EXEC, INODE + 1, CODE_OFFSET);
	host_set_object(&(struct ct_object_key){HOST_DEVICE, INODE + 1}, OBJECT + 1, CT_OBJECT_ROWS, rows,
			FUNCTIONS);
	three_frames();
	assert_int_equal(thread.unwind.depth, 3);
	assert_int_equal(CT_PLACE_OBJECT(thread.frames.place[0]), OBJECT + 1);
	/* Another process at the same addresses. */
	thread.image = IMAGE + 1;
	before = thread.unwind.context;
	three_frames();
	assert_int_not_equal(thread.unwind.context, before);
}

static void test_torn_entry(void **state)
{
	(void)state;
	for (int part = 0; part < 3; part++) {
		host.mm.exec_vm++;
		three_frames();
		unsigned int torn = 0;
		for (__u32 i = 0; i < CT_KNOWN_CODE; i++) {
			struct ct_known_code *known = bpf_map_lookup_elem(&known_code, &i);
			if (!known->check)
				continue;
			torn++;
			if (part == 0)
				known->place = CT_PLACE(9, 9);
			else if (part == 1)
				known->row ^= CT_ROW(0, 0, 0, 7);
			else
				known->check++;
		}
		assert_true(torn >= 3);
		host.lookups = 0;
		three_frames();
		expect(CT_END_ROOT, at(1), at(2), at(3));
		assert_int_equal(host.lookups, 3);
		three_frames(); /* and is mended */
		assert_int_equal(host.lookups, 3);
	}
}

/* Ends that may be over soon are not kept. */
static void test_passing_ends_are_not_known(void **state)
{
	(void)state;
	host.busy = 1 << 30;
	three_frames();
	expect(CT_END_BUSY, CT_PLACE(0, in(1)));
	host.busy = 0;
	three_frames();
	expect(CT_END_ROOT, at(1), at(2), at(3));
}

/* The same address as a return address and as the place of a signal are two. */
static void test_exact_is_another_entry(void **state)
{
	(void)state;
	function(1, CT_ROW_SIGNAL, 0, 0);
	function(2, CT_ROW_SP, CT_SAVED_NOT, 1);
	put(20, word(100));
	put(21, first_of(3));
	unwind(in(1), word(0), 0);
	expect(CT_END_ROOT, at(1), place_of(first_of(3)) | CT_PLACE_EXACT);
	put(0, in(4));
	unwind(first_of(3), word(0), 0);
	expect(CT_END_ROOT, place_of(first_of(3)), at(4)); /* by the row of 2, which calls */
}

/* --- where an address lies --- */

static void test_call_at_the_end(void **state)
{
	(void)state;
	function(1, CT_ROW_SP, CT_SAVED_NOT, 1);
	function(2, CT_ROW_ODD, 0, 0);
	function(FUNCTIONS - 1, CT_ROW_SP, CT_SAVED_NOT, 1);
	put(0, in(4));
	unwind(first_of(2), word(0), 0); /* 1 ends with a call */
	expect(CT_END_ROOT, place_of(first_of(2)), at(4));
	unwind(first_of(2) + 1, word(0), 0);
	expect(CT_END_ODD_ROW, place_of(first_of(2) + 1));
	unwind(code_base + CODE_BYTES, word(0), 0); /* and the mapping with it */
	expect(CT_END_ROOT, place_of(code_base + CODE_BYTES), at(4));
	unwind(code_base + CODE_BYTES + 1, word(0), 0);
	expect(CT_END_NOT_CODE, CT_PLACE(0, code_base + CODE_BYTES + 1));
	unwind(code_base, word(0), 0); /* the byte before is no code */
	expect(CT_END_NOT_CODE, CT_PLACE(0, code_base));
}

static void test_before_the_first_row(void **state)
{
	(void)state;
	host_map(code_base - 4096, 4096, VM_EXEC, INODE, CODE_OFFSET - 4096);
	function(3, CT_ROW_NONE, 0, 0);
	put(8, 0);
	put(9, in(3));
	unwind(code_base - 10, word(0), word(8)); /* no row: by its frame pointer */
	expect(CT_END_ROOT, CT_PLACE(OBJECT, CODE_OFFSET - 10), at(3));
	code_vma->vma.vm_pgoff = 1 << 20; /* 4 GiB: beyond what rows reach */
	host.mm.exec_vm++;
	unwind(in(1), word(0), 0);
	expect(CT_END_ROOT, CT_PLACE(OBJECT, (1ull << 32) + (in(1) - code_base)));
}

/* Generated code: no object, frame pointers, and its address for a place. */
static void test_code_of_no_file(void **state)
{
	(void)state;
	host_map(ELSEWHERE, 4096, VM_EXEC, 0, 0);
	put(8, 0);
	put(9, in(3));
	unwind(ELSEWHERE + 16, word(0), word(8));
	expect(CT_END_ROOT, CT_PLACE(0, ELSEWHERE + 16), at(3));
	function(1, CT_ROW_SIGNAL, 0, 0);
	put(20, word(0));
	put(21, ELSEWHERE + 16);
	unwind(in(1), word(0), 0);
	expect(CT_END_ROOT, at(1), CT_PLACE(0, ELSEWHERE + 16) | CT_PLACE_EXACT);
}

static void test_vdso(void **state)
{
	(void)state;
	static const __u64 row = CT_ROW(0, CT_ROW_SP, CT_SAVED_NOT, 2);
	static const struct ct_object_key vdso = {CT_VDSO_DEVICE, CT_VDSO_INODE};
	host_map(ELSEWHERE, 4096, VM_EXEC, 0, 0x7000);
	host.mm.context.vdso = (void *)ELSEWHERE;
	host_set_object(&vdso, 9, CT_OBJECT_ROWS, &row, 1);
	put(1, in(3));
	unwind(ELSEWHERE + 16, word(0), 0);
	expect(CT_END_ROOT, CT_PLACE(9, 16), at(3));
}

static void test_busy_then_found(void **state)
{
	(void)state;
	host.busy = VMA_TRIES - 1;
	three_frames();
	expect(CT_END_ROOT, at(1), at(2), at(3));
	assert_int_equal(host.lookups, VMA_TRIES + 2);
}

/* --- the walk of the kernel's tree of mappings --- */

/* 256 bytes each, as the kernel's are. */
struct node {
	_Alignas(256) union {
		struct maple_range_64 range; /* and leaves */
		struct maple_arange_64 arange;
	} as;
};

static struct node nodes[16];

static void *node_entry(struct node *node, enum maple_type kind)
{
	return (void *)((uintptr_t)node | (uintptr_t)kind << 3 | 4);
}

static void *root_entry(struct node *node, enum maple_type kind)
{
	return (void *)((uintptr_t)node_entry(node, kind) | 2);
}

/* Always busy: only the tree leads to the mapping. */
static void grow_tree(void *root)
{
	host.busy = 1 << 30;
	host.mm.mm_mt.ma_root = root;
	host.mm.exec_vm++; /* nothing is known from before */
}

static void busy_ends(int line)
{
	host.mm.exec_vm++;
	unwind(in(3), word(0), 0);
	expect_stack(line, CT_END_BUSY, (const __u64[]){CT_PLACE(0, in(3))}, 1);
}

static void test_tree_leaf(void **state)
{
	struct maple_range_64 *leaf = &nodes[0].as.range;
	(void)state;
	memset(nodes, 0, sizeof(nodes));
	/* nothing, then the code, then nothing to the end */
	leaf->pivot[0] = code_base - 1;
	leaf->slot[1] = &code_vma->vma;
	leaf->pivot[1] = code_base + CODE_BYTES - 1;
	leaf->pivot[2] = ~0ul;
	grow_tree(root_entry(&nodes[0], maple_leaf_64));
	three_frames();
	expect(CT_END_ROOT, at(1), at(2), at(3));
	/* The first and the last byte of it. */
	struct vma vma;
	assert_int_equal(vma_find(code_base, &vma), 0);
	assert_int_equal(vma.offset, CODE_OFFSET);
	assert_int_equal(vma_find(code_base + CODE_BYTES - 1, &vma), 0);
	assert_int_equal(vma_find(code_base - 1, &vma), -EBUSY);
	assert_int_equal(vma_find(code_base + CODE_BYTES, &vma), -EBUSY);
	/* A full leaf: its last slot has no pivot. */
	for (unsigned int i = 0; i < 15; i++) {
		leaf->pivot[i] = code_base - 15 + i;
		leaf->slot[i] = NULL;
	}
	leaf->slot[15] = &code_vma->vma;
	assert_int_equal(vma_find(code_base, &vma), 0);
	assert_int_equal(vma_find(code_base - 1, &vma), -EBUSY);
}

static void test_tree_levels(void **state)
{
	struct maple_arange_64 *root = &nodes[0].as.arange, *full = &nodes[3].as.arange;
	struct maple_range_64 *middle = &nodes[1].as.range, *leaf = &nodes[2].as.range;
	(void)state;
	memset(nodes, 0, sizeof(nodes));
	root->pivot[0] = ELSEWHERE;
	root->pivot[1] = code_base + CODE_BYTES + 4096;
	root->slot[1] = node_entry(&nodes[3], maple_arange_64);
	root->pivot[2] = ~0ul;
	for (unsigned int i = 0; i < 9; i++)
		full->pivot[i] = ELSEWHERE + 1 + i;
	full->slot[9] = node_entry(&nodes[1], maple_range_64);
	middle->pivot[0] = code_base - 4097;
	middle->pivot[1] = code_base + CODE_BYTES - 1;
	middle->slot[1] = node_entry(&nodes[2], maple_leaf_64);
	leaf->pivot[0] = code_base - 1;
	leaf->pivot[1] = code_base + CODE_BYTES - 1;
	leaf->slot[1] = &code_vma->vma;
	grow_tree(root_entry(&nodes[0], maple_arange_64));
	three_frames();
	expect(CT_END_ROOT, at(1), at(2), at(3));
	struct vma vma;
	assert_int_equal(vma_find(ELSEWHERE, &vma), -EBUSY);
	assert_int_equal(vma_find(ELSEWHERE + 9, &vma), -EBUSY);
	assert_int_equal(vma_find(code_base - 1, &vma), -EBUSY);
	assert_int_equal(vma_find(code_base, &vma), 0);
	assert_int_equal(vma_find(code_base + CODE_BYTES, &vma), -EBUSY);
}

static void test_tree_without_answer(void **state)
{
	static struct mm_struct other_mm;
	struct maple_range_64 *leaf = &nodes[0].as.range, *range = &nodes[1].as.range;
	(void)state;
	memset(nodes, 0, sizeof(nodes));
	leaf->pivot[0] = ~0ul;
	leaf->slot[0] = &code_vma->vma;
	grow_tree(root_entry(&nodes[0], maple_leaf_64));
	unwind(in(3), word(0), 0);
	expect(CT_END_ROOT, at(3));

	leaf->slot[0] = (void *)1030; /* a mapping that is being made (XA_ZERO_ENTRY) */
	busy_ends(__LINE__);
	leaf->slot[0] = NULL;
	busy_ends(__LINE__);
	leaf->slot[0] = &code_vma->vma;
	code_vma->vma.vm_mm = &other_mm; /* its memory is used anew */
	busy_ends(__LINE__);
	code_vma->vma.vm_mm = &host.mm;
	code_vma->vma.vm_end = in(3) - 1; /* shrunk meanwhile; what is looked up is in(3) - 1 */
	busy_ends(__LINE__);
	code_vma->vma.vm_end = in(3);
	host.mm.exec_vm++;
	unwind(in(3), word(0), 0);
	expect(CT_END_ROOT, at(3));
	code_vma->vma.vm_start = in(3);
	busy_ends(__LINE__);
	code_vma->vma.vm_start = code_base;

	host.unreadable = &nodes[0];
	busy_ends(__LINE__);
	host.unreadable = NULL;
	host.mm.mm_mt.ma_root = root_entry(&nodes[0], 0); /* a kind that no space of addresses has */
	busy_ends(__LINE__);
	host.mm.mm_mt.ma_root = root_entry(&nodes[0], maple_arange_64 + 1);
	busy_ends(__LINE__);
	host.mm.mm_mt.ma_root = NULL;
	busy_ends(__LINE__);
	host.mm.mm_mt.ma_root = &code_vma->vma; /* of one mapping: it is there itself */
	busy_ends(__LINE__);
	range->pivot[0] = ~0ul; /* a ring */
	range->slot[0] = node_entry(&nodes[1], maple_range_64);
	host.mm.mm_mt.ma_root = root_entry(&nodes[1], maple_range_64);
	busy_ends(__LINE__);
}

/* --- the search in an object's rows --- */

static __u64 random_state;

static __u32 random_number(void)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (__u32)(random_state >> 32);
}

/* Row i rules from its start to the next one's; where two start alike, the last. */
static void check_rows(const __u64 *all, size_t count)
{
	struct ct_object object = {0};
	host_build_tree(all, count, &object);
	assert_true(object.levels <= CT_MAX_LEVELS);
	for (size_t i = 0; i < count; i++) {
		__u64 start = CT_ROW_START(all[i]),
		      next = i + 1 < count ? CT_ROW_START(all[i + 1]) : start + 9;
		if (start == next)
			continue;
		if (row_find(&object, start) != all[i] || row_find(&object, next - 1) != all[i])
			fail_msg("row %zu of %zu", i, count);
	}
	if (CT_ROW_START(all[0])) {
		assert_int_equal(row_find(&object, 0), 0);
		assert_int_equal(row_find(&object, CT_ROW_START(all[0]) - 1), 0);
	}
	assert_int_equal(row_find(&object, 0xfffffffe), all[count - 1]);
	assert_int_equal(row_find(&object, (1ull << 32) + CT_ROW_START(all[0])), 0);
	for (int i = 0; i < 300; i++) {
		__u64 offset = random_number() % (CT_ROW_START(all[count - 1]) + 100), found = 0;
		for (size_t j = 0; j < count; j++)
			if (CT_ROW_START(all[j]) <= offset)
				found = all[j];
		assert_int_equal(row_find(&object, offset), found);
	}
}

static void test_search(void **state)
{
	static const size_t counts[] = {1,   2,   3,    249,    250,    251,    499,   500,
					501, 999, 1000, 249999, 250000, 250001, 260123};
	(void)state;
	random_state = 1;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		__u64 *all = malloc(counts[i] * sizeof(*all));
		__u32 start = i % 2 ? 0 : 1 + random_number() % 5000;
		assert_non_null(all);
		for (size_t j = 0; j < counts[i]; j++) {
			all[j] = CT_ROW(start, CT_ROW_SP, 0, j % 1000000);
			start += random_number() % 8 ? 1 + random_number() % 40 : 0;
		}
		check_rows(all, counts[i]);
		free(all);
	}
}

static void test_search_without_chunk(void **state)
{
	(void)state;
	const struct ct_object object = {.root = 4000000, .levels = 2};
	assert_int_equal(row_find(&object, 100), 0);
}

/* --- objects --- */

enum { NEW_INODE = INODE + 7 };

static const struct ct_object_key new_key = {HOST_DEVICE, NEW_INODE};

/* Code of an object not seen before, at ELSEWHERE; one row would do. */
static void unwind_new(void)
{
	image->code_pages = host.mm.exec_vm; /* what a change of it does is tested by itself */
	unwind(ELSEWHERE + 0x30, word(0), 0);
}

static void test_new_object_is_announced(void **state)
{
	(void)state;
	host_map(ELSEWHERE, 8192, VM_EXEC, NEW_INODE, 0x5000);
	for (int i = 0; i < 3; i++) {
		unwind_new();
		expect(CT_END_UNKNOWN_OBJECT, CT_PLACE(OBJECT + 1, 0x5030));
	}
	assert_int_equal(host.event_count, 1);
	const struct ct_code_event *event = &host.event[0];
	assert_int_equal(event->kind, CT_EVENT_CODE);
	assert_int_equal(event->pid, 42);
	assert_int_equal(event->start, ELSEWHERE);
	assert_int_equal(event->end, ELSEWHERE + 8192);
	assert_memory_equal(&event->object, &new_key, sizeof(new_key));
	const struct ct_object *object = bpf_map_lookup_elem(&objects, &new_key);
	assert_int_equal(object->state, CT_OBJECT_NEW);
	assert_int_equal(object->seen_ns, object->announced_ns);
	assert_true(object->seen_ns > 0 && object->seen_ns < host.now);

	put(1, in(3)); /* read meanwhile: nothing of before is kept */
	host_set_object(&new_key, 0, CT_OBJECT_ROWS, (const __u64[]){CT_ROW(0x5000, CT_ROW_SP, 0, 2)}, 1);
	unwind_new();
	expect(CT_END_ROOT, CT_PLACE(OBJECT + 1, 0x5030), at(3));
	assert_int_equal(host.event_count, 1);
}

static void test_object_states(void **state)
{
	(void)state;
	host_map(ELSEWHERE, 8192, VM_EXEC, NEW_INODE, 0x5000);
	host_set_object(&new_key, 9, CT_OBJECT_UNREADABLE, NULL, 0);
	unwind_new();
	expect(CT_END_UNKNOWN_OBJECT, CT_PLACE(9, 0x5030));
	host_set_object(&new_key, 9, CT_OBJECT_BARE, NULL, 0);
	put(8, 0);
	put(9, in(3));
	unwind(ELSEWHERE + 0x30, word(0), word(8));
	expect(CT_END_ROOT, CT_PLACE(9, 0x5030), at(3));
	assert_int_equal(host.event_count, 0);
}

static int rounds; /* of the wait, till the loader is done */

static void loader_reads(void)
{
	const __u64 row = CT_ROW(0x5000, CT_ROW_SP, 0, 2);
	if (host.event_count && !--rounds)
		host_set_object(&new_key, 0, CT_OBJECT_ROWS, &row, 1);
}

static void test_first_thread_waits(void **state)
{
	(void)state;
	host_map(ELSEWHERE, 8192, VM_EXEC, NEW_INODE, 0x5000);
	put(1, in(3));
	patience_ns = 1000;
	rounds = 500;
	host.on_clock = loader_reads;
	unwind_new();
	expect(CT_END_ROOT, CT_PLACE(OBJECT + 1, 0x5030), at(3));
	assert_int_equal(host.event_count, 1);
}

static void test_wait_ends(void **state)
{
	(void)state;
	host_map(ELSEWHERE, 8192, VM_EXEC, NEW_INODE, 0x5000);
	patience_ns = 1000;
	__u64 before = host.now;
	unwind_new();
	expect(CT_END_UNKNOWN_OBJECT, CT_PLACE(OBJECT + 1, 0x5030));
	assert_in_range(host.now - before, 1000, 1010);
	before = host.now; /* the next allocation waits again ... */
	unwind_new();
	expect(CT_END_UNKNOWN_OBJECT, CT_PLACE(OBJECT + 1, 0x5030));
	assert_in_range(host.now - before, 1000, 1010);
	assert_int_equal(host.event_count, 1);
	const struct ct_object *object = bpf_map_lookup_elem(&objects, &new_key);
	host.now = before = object->seen_ns + WAIT_NS; /* ... but not for ever */
	unwind_new();
	assert_in_range(host.now - before, 1, 3);
}

static void test_no_patience(void **state)
{
	(void)state;
	host_map(ELSEWHERE, 8192, VM_EXEC, NEW_INODE, 0x5000);
	__u64 before = host.now;
	unwind_new();
	assert_in_range(host.now - before, 1, 2);
}

/* The loader has entered it itself, and reads it at this moment; or that was long ago. */
static void test_object_entered_by_loader(void **state)
{
	(void)state;
	host_map(ELSEWHERE, 8192, VM_EXEC, NEW_INODE, 0x5000);
	host_set_object(&new_key, 9, CT_OBJECT_NEW, NULL, 0);
	struct ct_object *object = bpf_map_lookup_elem(&objects, &new_key);
	host.now += WAIT_NS; /* after the machine's start, too */
	object->seen_ns = object->announced_ns = host.now;
	patience_ns = 1000;
	__u64 before = host.now;
	unwind_new();
	expect(CT_END_UNKNOWN_OBJECT, CT_PLACE(9, 0x5030));
	assert_in_range(host.now - before, 1000, 1010);
	object->seen_ns -= WAIT_NS;
	before = host.now;
	unwind_new();
	assert_in_range(host.now - before, 1, 2);
}

static void test_announced_again(void **state)
{
	(void)state;
	host_map(ELSEWHERE, 8192, VM_EXEC, NEW_INODE, 0x5000);
	unwind_new();
	const struct ct_object *object = bpf_map_lookup_elem(&objects, &new_key);
	__u64 first = object->announced_ns;
	host.now = first + ANNOUNCE_AGAIN_NS - host.tick; /* the clock says: just a second */
	unwind_new();
	assert_int_equal(host.event_count, 1);
	patience_ns = 1000; /* waiting is for the first time */
	unwind_new();
	assert_in_range(host.now - first, ANNOUNCE_AGAIN_NS, ANNOUNCE_AGAIN_NS + 3);
	assert_int_equal(host.event_count, 2);
	assert_int_equal(object->seen_ns, first);
	assert_true(object->announced_ns > first + ANNOUNCE_AGAIN_NS);
	unwind_new();
	assert_int_equal(host.event_count, 2);
}

/* More code than before, or less: user space is asked to look, but not for ever by a JIT
 * compiler. */
static void test_change_of_code_is_told(void **state)
{
	(void)state;
	unwind(in(3), word(0), 0);
	unwind(in(3), word(0), 0);
	assert_int_equal(host.event_count, 1);
	assert_int_equal(host.event[0].kind, CT_EVENT_CODE);
	assert_int_equal(host.event[0].pid, 42);
	assert_int_equal(host.event[0].end, 0);
	for (unsigned int i = 0; i < 2 * MOST_LOOKS; i++) {
		host.mm.exec_vm++;
		unwind(in(3), word(0), 0);
	}
	assert_int_equal(host.event_count, MOST_LOOKS);
	host.now += LOOK_AGAIN_NS + 1;
	host.mm.exec_vm--;
	unwind(in(3), word(0), 0);
	assert_int_equal(host.event_count, MOST_LOOKS + 1);
}

static void test_no_room_for_objects(void **state)
{
	(void)state;
	host_map(ELSEWHERE, 8192, VM_EXEC, NEW_INODE, 0x5000);
	unwind(in(3), word(0), 0);
	host.event_count = 0;
	host.full = &objects;
	unwind_new();
	expect(CT_END_UNKNOWN_OBJECT, CT_PLACE(0, ELSEWHERE + 0x30));
	host.full = NULL;
	next_object = CT_MAX_OBJECTS; /* more numbers than a place can say */
	unwind_new();
	expect(CT_END_UNKNOWN_OBJECT, CT_PLACE(0, ELSEWHERE + 0x30));
	assert_null(bpf_map_lookup_elem(&objects, &new_key));
	assert_int_equal(host.event_count, 0);
	next_object = CT_MAX_OBJECTS - 1;
	unwind_new();
	expect(CT_END_UNKNOWN_OBJECT, CT_PLACE(CT_MAX_OBJECTS - 1, 0x5030));
}

static void test_list_code(void **state)
{
	(void)state;
	struct bpf_iter_meta meta = {0};
	struct bpf_iter__task_vma at_vma = {.meta = &meta, .task = &host.task, .vma = &code_vma->vma};
	list_code(&at_vma);
	assert_int_equal(host.event_count, 1);
	assert_int_equal(host.event[0].kind, CT_EVENT_CODE);
	assert_int_equal(host.event[0].start, code_base);
	assert_memory_equal(&host.event[0].object, &object_key, sizeof(object_key));
	at_vma.vma = &host_map(ELSEWHERE, 4096, 0, INODE, 0)->vma; /* data */
	list_code(&at_vma);
	at_vma.vma = &host_map(ELSEWHERE, 4096, VM_EXEC, 0, 0)->vma; /* no object */
	list_code(&at_vma);
	at_vma.vma = &code_vma->vma;
	host.task.pid++; /* another thread of the process */
	list_code(&at_vma);
	at_vma.vma = NULL; /* after the last one */
	list_code(&at_vma);
	assert_int_equal(host.event_count, 1);
}

/* --- the stack's key and its entry --- */

static void test_same_stack_elsewhere(void **state)
{
	(void)state;
	three_frames();
	__u64 first = key;
	assert_true(index_of_last >= CT_FIRST_STACK);
	three_frames();
	assert_int_equal(key, first);
	move_world(0x7f0000123000, 0x7ffeaaaaa000);
	three_frames();
	expect(CT_END_ROOT, at(1), at(2), at(3));
	assert_int_equal(key, first);
	put(100, in(2)); /* from another depth of the same stack */
	put(101, in(3));
	unwind(in(1), word(100), 77);
	assert_int_equal(key, first);
}

/* Each of these is another stack than all others. */
static void test_keys_differ(void **state)
{
	__u64 keys[12];
	size_t count = 0;
	(void)state;
	three_frames();
	keys[count++] = key;
	put(1, in(3) + 1);
	unwind(in(1), word(0), 0);
	keys[count++] = key;
	put(1, in(2));
	put(2, in(3));
	unwind(in(1), word(0), 0);
	keys[count++] = key;
	put(0, in(2)); /* the same frames in two orders */
	put(1, in(1));
	put(2, in(3));
	unwind(in(1), word(0), 0);
	keys[count++] = key;
	put(0, in(1));
	put(1, in(2));
	unwind(in(1), word(0), 0);
	keys[count++] = key;
	max_depth = 3; /* the first one's frames, cut there */
	function(3, CT_ROW_SP, 0, 1);
	host.mm.exec_vm++;
	three_frames();
	assert_int_equal(thread.unwind.end, CT_END_DEPTH);
	keys[count++] = key;
	max_depth = CT_MAX_DEPTH;

	/* The same offsets in another object: alone, and at the root. */
	unwind(in(8), word(0), 0);
	keys[count++] = key;
	host_map(ELSEWHERE, CODE_BYTES, VM_EXEC, NEW_INODE, CODE_OFFSET);
	host_set_object(&new_key, 9, CT_OBJECT_ROWS, rows, FUNCTIONS);
	unwind(ELSEWHERE + (in(8) - code_base), word(0), 0);
	assert_int_equal(CT_PLACE_OFFSET(thread.frames.place[0]), CT_PLACE_OFFSET(at(8)));
	keys[count++] = key;
	thread.image = IMAGE + 1;
	unwind(in(8), word(0), 0);
	keys[count++] = key;
	thread.image = IMAGE;

	/* A return address, and the same place in a signal. */
	function(10, CT_ROW_SIGNAL, 0, 0);
	function(11, CT_ROW_SP, 0, 1);
	put(20, word(50));
	put(21, in(8));
	unwind(in(10), word(0), 0);
	keys[count++] = key;
	function(10, CT_ROW_SP, 0, 1);
	put(0, in(8));
	host.mm.exec_vm++;
	unwind(in(10), word(0), 0);
	keys[count++] = key;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			if (keys[i] == keys[j])
				fail_msg("stacks %zu and %zu have one key", j, i);
}

static void test_new_stack_is_kept(void **state)
{
	(void)state;
	three_frames();
	__u32 first = index_of_last;
	struct ct_stack *kept = bpf_map_lookup_elem(&stacks, &first);
	const struct ct_frames *frames = bpf_map_lookup_elem(&stack_frames, &first);
	assert_non_null(kept);
	assert_non_null(frames);
	assert_int_equal(kept->image, IMAGE);
	assert_int_equal(kept->end, CT_END_ROOT);
	assert_int_equal(frames->count, 3);
	assert_memory_equal(frames->place, ((const __u64[]){at(1), at(2), at(3)}), 3 * sizeof(__u64));
	/* The loader takes the frames, once. */
	bpf_map_delete_elem(&stack_frames, &first);
	kept->now.allocs = 5;
	three_frames();
	assert_int_equal(index_of_last, first);
	assert_int_equal(kept->now.allocs, 5);
	assert_null(bpf_map_lookup_elem(&stack_frames, &first));
	unwind(in(1), word(STACK_WORDS), 0);
	kept = bpf_map_lookup_elem(&stacks, &index_of_last);
	assert_int_equal(kept->end, CT_END_READ_FAULT);
}

static void test_no_room_for_stacks(void **state)
{
	(void)state;
	const void *maps[] = {&stack_ids, &stack_frames};
	for (size_t i = 0; i < 2; i++) {
		host.full = maps[i];
		three_frames();
		assert_int_equal(index_of_last, IMAGE); /* its [unknown] stack */
		assert_int_equal(image->counters[CT_DROPPED_STACKS], i + 1);
		__u32 index = CT_FIRST_STACK;
		const struct ct_stack *left = bpf_map_lookup_elem(&stacks, &index);
		assert_int_equal(left->image, 0);
		assert_null(bpf_map_lookup_elem(&stack_frames, &index));
	}
	host.full = NULL;
	three_frames();
	assert_int_equal(index_of_last, CT_FIRST_STACK); /* what was given back */
	assert_int_equal(host.pushed_count, 0);

	max_stacks = 1;
	unwind(in(1), word(STACK_WORDS), 0);
	assert_int_equal(index_of_last, IMAGE);
	assert_int_equal(image->counters[CT_DROPPED_STACKS], 3);
	max_stacks = 65536;
}

/* The last test: what is new in enum ct_end needs one of its own above. */
static void test_each_end_and_kind_was_seen(void **state)
{
	(void)state;
	for (int end = 0; end < CT_ENDS; end++)
		if (!end_seen[end])
			fail_msg("no test ends by enum ct_end %d", end);
	for (int kind = 0; kind <= CT_ROW_ODD; kind++)
		if (!kind_seen[kind])
			fail_msg("no test has rows of kind %d", kind);
}

/* Two images and two places of one function, alike where they are exclusive-or'ed. */
static void test_images_have_stacks_of_their_own(void **state)
{
	(void)state;
	enum { OTHER = IMAGE ^ 1 };
	__u64 address = in(3), other = address ^ 1;
	assert_int_equal(place_of(address) ^ IMAGE, place_of(other) ^ OTHER);
	unwind(address, word(0), 0);
	__u64 first = key;
	thread.image = OTHER;
	unwind(other, word(0), 0);
	assert_int_not_equal(key, first);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
		TEST(test_sp),
		TEST(test_fp),
		TEST(test_deref_sp),
		TEST(test_deref_fp),
		TEST(test_plt),
		TEST(test_signal),
		TEST(test_nested_signals),
		TEST(test_signal_unreadable),
		TEST(test_odd_row),
		TEST(test_frame_pointers),
		TEST(test_frame_pointer_leads_nowhere),
		TEST(test_saved_frame_pointer),
		TEST(test_numbers),
		TEST(test_no_progress),
		TEST(test_not_code),
		TEST(test_depth),
		TEST(test_window_ends_with_page),
		TEST(test_window_goes_over_pages),
		TEST(test_window_serves_many_frames),
		TEST(test_window_to_the_known_end),
		TEST(test_large_frames),
		TEST(test_unaligned_stack),
		TEST(test_window_goes_down),
		TEST(test_window_is_read_anew),
		TEST(test_hijacked_return),
		TEST(test_hijacked_by_frame_pointer),
		TEST(test_known_code_is_used),
		TEST(test_context_voids_known_code),
		TEST(test_torn_entry),
		TEST(test_passing_ends_are_not_known),
		TEST(test_exact_is_another_entry),
		TEST(test_call_at_the_end),
		TEST(test_before_the_first_row),
		TEST(test_code_of_no_file),
		TEST(test_vdso),
		TEST(test_busy_then_found),
		TEST(test_tree_leaf),
		TEST(test_tree_levels),
		TEST(test_tree_without_answer),
		TEST(test_search),
		TEST(test_search_without_chunk),
		TEST(test_new_object_is_announced),
		TEST(test_change_of_code_is_told),
		TEST(test_object_states),
		TEST(test_first_thread_waits),
		TEST(test_wait_ends),
		TEST(test_no_patience),
		TEST(test_object_entered_by_loader),
		TEST(test_announced_again),
		TEST(test_no_room_for_objects),
		TEST(test_list_code),
		TEST(test_same_stack_elsewhere),
		TEST(test_keys_differ),
		TEST(test_new_stack_is_kept),
		TEST(test_no_room_for_stacks),
		TEST(test_images_have_stacks_of_their_own),
		TEST(test_each_end_and_kind_was_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
