/* Signals that come while the clock is read, most of it in the code that the kernel maps; their
 * handler allocates. Each stack leads through the signal and that code to main. (Not through the dynamic linker, which
 * moves the stack pointer by rules that no row can say: so nothing is bound late.)
 *
 * build: -O2 -fomit-frame-pointer -Wl,-z,now
 * expect: stack('on_alarm', 'main', '_start').allocs == 300
 * expect: any(o['path'] == '[vdso]' for o in profile.data['objects'])
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static volatile sig_atomic_t seen;
static void *volatile kept;

static void on_alarm(int signal)
{
	(void)signal;
	if (seen >= 300)
		return;
	kept = malloc(10); /* main does not, so this is no danger */
	seen++;
}

int main(void)
{
	struct timespec now;
	struct itimerval every = {{0, 1000}, {0, 1000}};
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &every, NULL);
	while (seen < 300)
		clock_gettime(CLOCK_MONOTONIC, &now);
	return 0;
}
