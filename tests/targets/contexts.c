/* Coroutines: allocations on stacks of the program's own making, interleaved.
 * glibc has no unwind data for where such a stack begins, so its outermost caller is no code.
 *
 * expect: totals.allocs == 8 * 100
 * expect: stack('in_context').allocs == 8 * 100
 * expect: stack('in_context').live_bytes == 8 * 50 * 44
 * expect: integrity.get('lost_returns') == 0
 * expect: integrity.truncated_stacks == integrity.not_code_stacks
 */
#include <stdlib.h>
#include <ucontext.h>

enum { CONTEXTS = 8 };
static ucontext_t home, contexts[CONTEXTS];
static char stacks[CONTEXTS][65536];

__attribute__((noinline)) static void in_context(int self)
{
	for (int i = 0; i < 100; i++) {
		void *volatile p = malloc(44);
		swapcontext(&contexts[self], &home);
		if (i % 2)
			free(p);
	}
}

int main(void)
{
	for (int i = 0; i < CONTEXTS; i++) {
		getcontext(&contexts[i]);
		contexts[i].uc_stack.ss_sp = stacks[i];
		contexts[i].uc_stack.ss_size = sizeof(stacks[i]);
		contexts[i].uc_link = &home;
		makecontext(&contexts[i], (void (*)(void))in_context, 1, i);
	}
	for (int round = 0; round <= 100; round++)
		for (int i = CONTEXTS - 1; i >= 0; i--)
			swapcontext(&home, &contexts[i]);
	return 0;
}
