/* A thousand signals a second, handled, some by a jump out of the handler, between and
 * inside of calls: each call is counted once.
 *
 * expect: stack('steady').allocs == 40000
 * expect: stack('steady').frees == 40000
 * expect: stack('steady').live_bytes == 0
 * expect: totals.temporary_allocs == 40000
 * expect: integrity.missed_frees == 0
 */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

static sigjmp_buf spinning;
static volatile sig_atomic_t may_jump, seen;

static void on_alarm(int signal)
{
	seen++;
	if (may_jump)
		siglongjmp(spinning, 1);
}

__attribute__((noinline)) static void steady(void)
{
	for (int i = 0; i < 2000; i++) {
		void *volatile p = malloc(55);
		free(p);
	}
}

int main(void)
{
	struct itimerval every = {{0, 1000}, {0, 1000}};
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &every, NULL);
	for (int i = 0; i < 20; i++) {
		steady();
		if (!sigsetjmp(spinning, 1)) {
			may_jump = 1;
			for (;;)
				;
		}
		may_jump = 0;
	}
	return seen < 20;
}
