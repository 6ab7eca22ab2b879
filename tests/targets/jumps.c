/* realloc() of what is no block aborts, and the program jumps out of that: the call never ends,
 * and what is allocated after it, deeper in the stack than it was, counts all the same, but for a
 * few calls that pass for calls inside it.
 *
 * expect: 1000 - 16 <= stack('work').allocs <= 1000
 * expect: stack('work').live_allocs == stack('work').allocs - stack('work').frees
 * expect: integrity.lost_returns == 3
 * expect: sum(v for k, v in integrity.items() if k not in ('lost_returns', 'unmatched_frees', 'missed_frees')) == 0
 */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static sigjmp_buf back;
static char no_block[256] __attribute__((aligned(16)));

static void jump(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

__attribute__((noinline)) static void give_up(void)
{
	signal(SIGABRT, jump);
	if (!sigsetjmp(back, 1))
		free(realloc(no_block + 8, 500));
}

__attribute__((noinline)) static int work(volatile int depth)
{
	if (depth)
		return work(depth - 1) + 1;
	for (int i = 0; i < 1000; i++) {
		void *volatile p = malloc(100);
		if (i % 2)
			free(p);
	}
	return 0;
}

int main(void)
{
	close(STDERR_FILENO); /* glibc says what it thinks of it */
	for (volatile int i = 0; i < 3; i++)
		give_up();
	return work(3) != 3;
}
