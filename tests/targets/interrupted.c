/* Signals at any instruction: in prologues and epilogues, in the PLT, in libc, in the kernel's
 * vDSO. The handler allocates; whatever it interrupted, the stack leads to main.
 *
 * build: -O2 -fomit-frame-pointer -Wl,-z,lazy -fPIE -pie
 * expect: totals.allocs == 3000
 * expect: stack('on_tick', 'main').allocs == 3000
 * expect: integrity.truncated_stacks == 0
 */
#include <alloca.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))

static void *volatile kept;
static volatile int ticks, sum;

static void on_tick(int number)
{
	if (ticks < 3000)
		kept = malloc(16);
	ticks++;
	(void)number;
}

KEEP static int pushes(int a, int b, int c, int d, int e, int f, int g, int h)
{
	sum += a;
	return a + b * c + d * e + f * g + h + sum;
}

KEEP static int goes_down(int n)
{
	volatile int at[6] = {n, n, n, n, n, n};
	int below = n ? goes_down(n - 1) : at[2];
	return below + pushes(at[0], at[1], at[2], at[3], at[4], at[5], n, below);
}

KEEP static void grows(int n)
{
	char *volatile at = alloca(n);
	memset(at, n, n);
	sum += at[n / 2] + (int)strlen("a text");
}

KEEP static void saves(int *v)
{
	int a = v[0], b = v[1], c = v[2], d = v[3], e = v[4], f = v[5], g = v[6];
	for (int i = 0; i < 3; i++)
		a += b ^ i, b += c, c ^= d + a, d += e, e ^= f, f += g, g ^= a;
	sum += a + b + c + d + e + f + g;
}

static inline __attribute__((always_inline)) void work(int *v)
{
	char text[100], copy[100];
	struct timespec now;
	for (int i = 0; i < 20; i++) {
		sum += goes_down(12);
		grows(300 + sum % 50);
		saves(v);
		memset(text, sum, sizeof(text));
		memcpy(copy, text, sizeof(copy));
		sum += abs(atoi("77")) + (int)strtol("12", NULL, 10) + memcmp(copy, text, 50);
	}
	sum += getppid() & 1;
	clock_gettime(CLOCK_MONOTONIC, &now);
}

int main(void)
{
	struct itimerval timer = {{0, 100}, {0, 100}};
	struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
	int v[7] = {1, 2, 3, 4, 5, 6, 7};
	/* Once before: glibc's lazy binding keeps its CFA in rbx, which no row can say. */
	work(v);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	while (ticks < 3000)
		work(v);
	return 0;
}
