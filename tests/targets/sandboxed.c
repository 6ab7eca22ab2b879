/* Under a strict seccomp filter, where any system call but read, write and exit kills: the
 * probes on returns make none that counts.
 *
 * status: 3
 * expect: totals.allocs == 1 + 100 + 50 + 2
 * expect: totals.live_bytes == 10 + 100 * 32 + 70
 * expect: stack('strict').temporary_allocs == 51
 * expect: target.exit_status == 3
 */
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *volatile p;

__attribute__((noinline)) static void strict(void)
{
	for (int i = 0; i < 100; i++)
		p = malloc(32);
	for (int i = 0; i < 50; i++) {
		p = malloc(40);
		free(p);
	}
	p = malloc(7);
	p = realloc(p, 70);
}

int main(void)
{
	p = malloc(10); /* the heap is made here */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0))
		return 9;
	strict();
	syscall(SYS_exit, 3);
}
