// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Both halves of the unwinder over this program's own stacks: rows as unwind_read() makes
 * them of the files that are mapped, memory as it is, and libgcc's unwinder to compare with. */
#include "bpf_host.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <alloca.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unwind.h>

#include "captrack/unwind.h"

/* --- the loader's part --- */

enum { MAX_FILES = HOST_VMAS };

static char paths[MAX_FILES][512]; /* a file's inode is its index + 1 */
static unsigned int path_count;

static int map_object(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size;
	(void)context;
	assert_true(path_count < MAX_FILES);
	snprintf(paths[path_count++], sizeof(paths[0]), "%s",
		 *info->dlpi_name ? info->dlpi_name : "/proc/self/exe");
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		__u64 start = (info->dlpi_addr + header->p_vaddr) & ~(PAGE_BYTES - 1ull);
		__u64 end = info->dlpi_addr + header->p_vaddr + header->p_memsz;
		if (header->p_type == PT_LOAD && header->p_flags & PF_X)
			host_map(start, (end - start + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1ull), VM_EXEC,
				 path_count, header->p_offset & ~(PAGE_BYTES - 1ull));
	}
	return 0;
}

static void learn(const struct ct_code_event *event)
{
	struct unwind_rows read;
	int fd = open(paths[event->object.inode - 1], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || unwind_read(fd, &read)) { /* the vDSO: on none of these stacks */
		host_set_object(&event->object, 0, CT_OBJECT_UNREADABLE, NULL, 0);
	} else {
		host_set_object(&event->object, 0, CT_OBJECT_ROWS, (const __u64 *)read.row, read.count);
		unwind_rows_deinit(&read);
	}
	if (fd >= 0)
		close(fd);
}

static int set_up(void **state)
{
	(void)state;
	host_reset();
	host.memory_fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC); /* fails as the kernel does */
	host.on_event = learn;
	path_count = 0;
	next_object = 1;
	dl_iterate_phdr(map_object, NULL);
	return host.memory_fd < 0;
}

static int tear_down(void **state)
{
	(void)state;
	return close(host.memory_fd);
}

/* --- what libgcc says --- */

struct trace {
	size_t count; /* of all; the places of the first */
	__u64 place[CT_MAX_DEPTH];
};

/* The place of an address by the list of mappings. */
static __u64 place_of(__u64 address, bool exact)
{
	for (size_t i = 0; i < host.vma_count; i++) {
		const struct host_vma *mapped = &host.vmas[i];
		struct ct_object_key object_key = {HOST_DEVICE, mapped->inode.i_ino};
		const struct ct_object *object = bpf_map_lookup_elem(&objects, &object_key);
		if (address - !exact >= mapped->vma.vm_start && address - !exact < mapped->vma.vm_end)
			return CT_PLACE(object ? object->id : 0,
					address - mapped->vma.vm_start +
						(mapped->vma.vm_pgoff << PAGE_SHIFT)) |
			       (exact ? CT_PLACE_EXACT : 0);
	}
	return 0;
}

static _Unwind_Reason_Code note_frame(struct _Unwind_Context *context, void *out)
{
	struct trace *trace = out;
	int exact = 0;
	__u64 pc = _Unwind_GetIPInfo(context, &exact);
	if (pc && trace->count < CT_MAX_DEPTH)
		trace->place[trace->count] = place_of(pc, exact);
	trace->count += pc != 0;
	return _URC_NO_REASON;
}

/* --- stacks of all kinds: each function calls the next in `plan`, the last one compares --- */

typedef void frame_function(void);

static frame_function *plan[CT_MAX_DEPTH];
static unsigned int planned, reached, compared, deepest, exact_frames, odd_ends;
static bool stepping;
static jmp_buf way_out;

/* Registers as a return probe sees them: of the caller, right after the call. */
static __attribute__((noinline)) void compare(void)
{
	static struct ct_thread thread;
	struct trace trace = {0};
	ucontext_t here;
	struct ct_image *image;
	__u32 id = thread.image = 1;
	assert_int_equal(getcontext(&here), 0);
	struct pt_regs registers = {.ip = (unsigned long)here.uc_mcontext.gregs[REG_RIP],
				    .sp = (unsigned long)here.uc_mcontext.gregs[REG_RSP],
				    .bp = (unsigned long)here.uc_mcontext.gregs[REG_RBP]};
	image = bpf_map_lookup_elem(&images, &id);
	stack_of_caller(&registers, image, &thread);
	_Unwind_Backtrace(note_frame, &trace);
	/* The first frame is this one, by two calls. */
	assert_int_equal(CT_PLACE_OBJECT(thread.frames.place[0]), CT_PLACE_OBJECT(trace.place[0]));
	size_t most = trace.count < CT_MAX_DEPTH ? trace.count : CT_MAX_DEPTH;
	for (size_t i = 1; i < most && i < thread.unwind.depth; i++) {
		if (thread.frames.place[i] != trace.place[i])
			fail_msg("frame %zu of %zu is %llx, not %llx", i, trace.count, thread.frames.place[i],
				 trace.place[i]);
		exact_frames += !!(trace.place[i] & CT_PLACE_EXACT);
	}
	compared++;
	if (stepping && thread.unwind.end == CT_END_ODD_ROW && thread.unwind.depth < most) {
		odd_ends++;
		return;
	}
	assert_int_equal(thread.unwind.depth, most);
	assert_int_equal(thread.unwind.end, trace.count > most ? CT_END_DEPTH : CT_END_ROOT);
	if (deepest < most)
		deepest = (unsigned int)most;
}

static __attribute__((noinline, noclone, used)) void next(void)
{
	if (reached < planned)
		plan[reached++]();
	else if (!stepping) /* else each instruction compares */
		compare();
	__asm__ volatile(""); /* no tail call */
}

#define FRAME(name) static __attribute__((noinline)) void name(void)

static void use(void *memory)
{
	__asm__ volatile("" : : "r"(memory) : "memory");
}

FRAME(small)
{
	next();
	__asm__ volatile("");
}

FRAME(all_registers)
{
	__asm__ volatile("" : : : "rbx", "rbp", "r12", "r13", "r14", "r15");
	next();
	__asm__ volatile("" : : : "rbx", "rbp", "r12", "r13", "r14", "r15");
}

/* The frame pointer's register holds a number; and an assembler's way to keep the CFA, as
 * OpenSSL has it: rsp + 8, deref, + 8. */
void odd_frame_pointer(void);
void kept_on_stack(void);
__asm__(".text\n"
	"odd_frame_pointer:\n"
	".cfi_startproc\n"
	"push %rbp\n"
	".cfi_def_cfa_offset 16\n"
	".cfi_offset rbp, -16\n"
	"mov $1, %ebp\n"
	"call next\n"
	"pop %rbp\n"
	".cfi_restore rbp\n"
	".cfi_def_cfa_offset 8\n"
	"ret\n"
	".cfi_endproc\n"
	"kept_on_stack:\n"
	".cfi_startproc\n"
	"mov %rsp, %rax\n"
	"sub $72, %rsp\n"
	".cfi_def_cfa_offset 80\n"
	"and $-64, %rsp\n"
	".cfi_def_cfa rax, 8\n"
	"mov %rax, 8(%rsp)\n"
	".cfi_escape 0x0f, 5, 0x77, 8, 0x06, 0x23, 8\n"
	"call next\n"
	"mov 8(%rsp), %rsp\n"
	".cfi_def_cfa rsp, 8\n"
	"ret\n"
	".cfi_endproc\n");

FRAME(with_alloca)
{
	use(alloca(16 + 40 * reached));
	next();
	__asm__ volatile("");
}

FRAME(realigned)
{
	_Alignas(64) char aligned[64];
	use(aligned);
	next();
	use(aligned);
}

FRAME(realigned_alloca)
{
	_Alignas(128) char aligned[128];
	use(aligned);
	use(alloca(24 + 8 * reached));
	next();
	use(aligned);
}

FRAME(large)
{
	char memory[20000];
	use(memory);
	next();
	use(memory);
}

static __attribute__((noinline, optimize("no-omit-frame-pointer"))) void frame_pointer(void)
{
	next();
	__asm__ volatile("");
}

static __attribute__((noinline, optimize("O0"))) void unoptimized(void)
{
	next();
}

static int in_compare(const void *left, const void *right)
{
	(void)left;
	(void)right;
	next();
	return 0;
}

/* Through the C library's code. */
FRAME(in_qsort)
{
	int two[2] = {1, 2};
	qsort(two, 2, sizeof(*two), in_compare);
	__asm__ volatile("");
}

static void on_signal(int number)
{
	(void)number;
	next();
	__asm__ volatile("");
}

FRAME(in_signal)
{
	raise(SIGUSR1);
	__asm__ volatile("");
}

FRAME(on_other_stack) /* only the first of them is: the second finds itself on it */
{
	raise(SIGUSR2);
	__asm__ volatile("");
}

/* A signal that no call led to. */
FRAME(trapped)
{
	__asm__ volatile("ud2");
}

static void after_trap(int number, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;
	(void)number;
	(void)info;
	next();
	interrupted->uc_mcontext.gregs[REG_RIP] += 2;
}

static __attribute__((noinline, noreturn)) void leave(void)
{
	next();
	longjmp(way_out, 1);
}

/* Its call is its last instruction, so the return address lies in another function. */
FRAME(never_returns)
{
	leave();
}

static frame_function *const kinds[] = {
	small,         all_registers,  odd_frame_pointer, kept_on_stack,
	with_alloca,   realigned,      realigned_alloca,  large,
	frame_pointer, unoptimized,    in_qsort,          in_signal,
	trapped,       on_other_stack, never_returns,
};

enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

static void *run_plan(void *unused)
{
	reached = 0;
	if (!setjmp(way_out))
		next();
	return unused;
}

static void handle(int number, void (*handler)(int), void (*with_info)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = {.sa_flags = flags | SA_NODEFER};
	if (with_info)
		action.sa_sigaction = with_info;
	else
		action.sa_handler = handler;
	assert_int_equal(sigaction(number, &action, NULL), 0);
}

/* cmocka has handlers of its own, which tests set anew. */
static void handle_signals(void)
{
	handle(SIGUSR1, on_signal, NULL, 0);
	handle(SIGUSR2, on_signal, NULL, SA_ONSTACK);
	handle(SIGILL, NULL, after_trap, SA_SIGINFO);
}

static void test_each_kind_of_frame(void **state)
{
	(void)state;
	handle_signals();
	for (unsigned int kind = 0; kind < KINDS; kind++) {
		plan[0] = plan[2] = small;
		plan[1] = kinds[kind];
		planned = 3;
		compared = 0;
		run_plan(NULL);
		assert_int_not_equal(compared, 0);
	}
	assert_int_equal(exact_frames, 3); /* two signals raised, one trap */
}

static void run_random_plans(unsigned int plans)
{
	__u64 random = 1;
	compared = deepest = 0;
	for (unsigned int i = 0; i < plans; i++) {
		unsigned int at = 0;
		planned = 1 + i % 40;
		while (at < planned) {
			random = random * 6364136223846793005ull + 1442695040888963407ull;
			plan[at++] = kinds[(random >> 33) % KINDS];
		}
		run_plan(NULL);
	}
	assert_true(compared >= plans);
	assert_int_equal(deepest, CT_MAX_DEPTH);
}

static void test_random_stacks(void **state)
{
	(void)state;
	handle_signals();
	run_random_plans(200);
}

static void test_alternate_stack(void **state)
{
	(void)state;
	const size_t size = 4 << 20;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	stack_t old, other = {.ss_sp = memory, .ss_size = size};
	assert_int_equal(sigaltstack(&other, &old), 0);
	handle_signals();
	run_random_plans(200);
	sigaltstack(&old, NULL);
	munmap(memory, size);
}

/* Another root than main's. */
static void test_thread(void **state)
{
	pthread_t thread;
	(void)state;
	handle_signals();
	plan[0] = plan[2] = small;
	plan[1] = with_alloca;
	planned = 3;
	compared = 0;
	assert_int_equal(pthread_create(&thread, NULL, run_plan, NULL), 0);
	pthread_join(thread, NULL);
	assert_int_equal(compared, 1);
}

/* --- at each instruction --- */

enum { TRAP_FLAG = 0x100 };

static volatile bool steps_end;

static void on_step(int number, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;
	(void)number;
	(void)info;
	if (steps_end)
		interrupted->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
	else
		compare();
}

static __attribute__((noinline)) void do_this_and_that(void)
{
	char text[64];
	next();
	/* The first time by the dynamic linker. Nothing that takes memory: so does each comparison. */
	snprintf(text, sizeof(text), "%d %s %g", 1234, "text", 0.5);
	use(text);
}

/* Prologues, epilogues, PLT. What a row cannot say (a CFA in r10) may cut a stack short. */
static void test_each_instruction(void **state)
{
	(void)state;
	handle_signals();
	handle(SIGTRAP, NULL, on_step, SA_SIGINFO);
	planned = 0;
	for (unsigned int kind = 0; kind < KINDS; kind++)
		if (kinds[kind] != never_returns && kinds[kind] != in_signal &&
		    kinds[kind] != on_other_stack &&
		    kinds[kind] != trapped) /* handlers are not stepped through */
			plan[planned++] = kinds[kind];
	stepping = true;
	for (int round = 0; round < 2; round++) {
		reached = compared = odd_ends = 0;
		steps_end = false;
		__asm__ volatile("pushf\norl %0, (%%rsp)\npopf" : : "i"(TRAP_FLAG) : "memory", "cc");
		do_this_and_that();
		steps_end = true;
		print_message("%u stacks, %u cut short\n", compared, odd_ends);
	}
	stepping = false;
	assert_true(compared > 1000);
	assert_true(odd_ends < compared / 20); /* more in the first round: the dynamic linker's resolver */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_each_kind_of_frame), TEST(test_random_stacks),
		TEST(test_alternate_stack),    TEST(test_thread),
		TEST(test_each_instruction),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
