/* Frames of every shape that a compiler makes, without frame pointers. scenarios/stacks.py
 * builds it in other ways too, and compares each stack with gdb's.
 *
 * build: -O2 -fomit-frame-pointer -foptimize-sibling-calls -fPIE -pie
 * expect: integrity.truncated_stacks == 0
 * expect: stack('with_alloca', 'main').allocs == 1
 * expect: stack('with_vla', 'main').allocs == 1
 * expect: stack('realigned', 'main').allocs == 1
 * expect: stack('realigned_and_grown', 'main').allocs == 1
 * expect: stack('many_arguments', 'main').allocs == 1
 * expect: stack('with_big_frame', 'main').allocs == 1
 * expect: stack('with_all_registers', 'main').allocs == 2
 * expect: stack('goes_down', 'goes_down', 'goes_down', 'main').allocs >= 1
 * expect: stack('tail_end', 'main').allocs == 1 and stack('tail', 'main').allocs == 0
 * expect: stack('goes_wrong', 'main').allocs == 1
 * expect: stack('never_returns', 'ends_in_a_call', 'main').allocs == 1
 * expect: stack('compares', 'sorts', 'main').allocs == 1
 * expect: stack('writes', 'prints', 'main').allocs == 1
 * expect: stack('in_thread').allocs == 1
 * expect: stack('at_thread_end').allocs == 1
 * expect: stack('before_main').allocs == 1
 * expect: stack('at_the_exit', 'main').allocs == 1
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP __attribute__((noinline))

static void *volatile kept;
static volatile int one = 1, sum;
static jmp_buf back;

static void fill(volatile char *at, int n)
{
	for (int i = 0; i < n; i++)
		at[i] = (char)i;
	sum += at[n / 2];
}

KEEP static void with_alloca(int n)
{
	char *volatile at = alloca(n);
	fill(at, n);
	kept = malloc(100);
	fill(at, n);
}

KEEP static void with_vla(int n)
{
	volatile char at[n];
	fill(at, n);
	kept = malloc(101);
	fill(at, n);
}

KEEP static void realigned(void)
{
	_Alignas(64) volatile char at[256];
	fill(at, 200);
	kept = malloc(102);
	fill(at, 256);
}

/* Arguments above the frame, a realigned part, and one that grows. */
KEEP static void realigned_and_grown(int a, int b, int c, int d, int e, int f, int g, int n)
{
	_Alignas(128) volatile char at[256];
	char *volatile grown = alloca(n);
	fill(at, 256);
	fill(grown, n);
	kept = malloc(103);
	fill(at, 256);
	sum += a + b + c + d + e + f + g + n;
}

KEEP static int many_arguments(int a, int b, int c, int d, int e, int f, long g, long h, long i)
{
	kept = malloc(104);
	return a + b + c + d + e + f + (int)(g + h + i);
}

KEEP static void with_big_frame(void)
{
	volatile char at[300000];
	fill(at, 200000);
	kept = malloc(105);
	fill(at, 300000);
}

/* All registers that a callee saves are in use; the first return needs none of them. */
KEEP static int with_all_registers(const int *v, int n)
{
	if (n == 0) {
		kept = malloc(106);
		return one;
	}
	int a = v[0], b = v[1], c = v[2], d = v[3], e = v[4], f = v[5], g = v[6];
	kept = malloc(107);
	for (int i = 0; i < n; i++) {
		a += b ^ i, b += c, c ^= d + a, d += e, e ^= f, f += g, g ^= a;
		sum += a;
	}
	return a + b + c + d + e + f + g;
}

KEEP static int goes_down(int n)
{
	volatile char at[24];
	fill(at, n % 24);
	if (n == 0)
		kept = malloc(108);
	else
		sum += goes_down(n - 1);
	return at[n % 24];
}

KEEP static void *tail_end(size_t n)
{
	void *p = malloc(n);
	sum += p != NULL;
	return p;
}

KEEP static void *tail(size_t n)
{
	sum++;
	return tail_end(n + 1);
}

__attribute__((cold)) KEEP static void complain(int n)
{
	char *volatile text = malloc(n);
	fill(text, n);
}

KEEP static int goes_wrong(int n)
{
	int a = one + n, b = a * n, c = b ^ a;
	for (int i = 0; i < n; i++) {
		a += b, b ^= c, c += i;
		if (__builtin_expect(a == 0x12345, 0) || i == 5) { /* gcc moves it to .text.unlikely */
			complain(110 + n);
			sum += a + b + c;
			return b;
		}
	}
	return a + b + c;
}

/* The return address of the call is the first byte of the function that follows. */
__attribute__((noreturn)) KEEP static void never_returns(void)
{
	kept = malloc(111);
	longjmp(back, 1);
}

__attribute__((noreturn)) KEEP static void ends_in_a_call(volatile char *at)
{
	volatile char more[40];
	fill(at, 10);
	fill(more, 40);
	never_returns();
}

static int compares(const void *left, const void *right)
{
	static int done;
	if (!done++)
		kept = malloc(112);
	return *(const int *)left - *(const int *)right;
}

KEEP static void sorts(void)
{
	int v[800];
	for (int i = 0; i < 800; i++)
		v[i] = i * 7919 % 1000;
	qsort(v, 800, sizeof(*v), compares);
	sum += v[7];
}

static ssize_t writes(void *cookie, const char *text, size_t n)
{
	(void)cookie, (void)text;
	kept = malloc(113);
	return (ssize_t)n;
}

KEEP static void prints(void)
{
	FILE *file = fopencookie(NULL, "w", (cookie_io_functions_t){.write = writes});
	fprintf(file, "%d %s\n", sum, "text");
	fclose(file);
	sum++;
}

static pthread_key_t key;

static void at_thread_end(void *p)
{
	kept = malloc(114);
	(void)p;
}

static void *in_thread(void *p)
{
	_Alignas(32) volatile char at[64];
	fill(at, 64);
	pthread_setspecific(key, p);
	kept = malloc(115);
	fill(at, 64);
	return NULL;
}

__attribute__((constructor)) static void before_main(void)
{
	kept = malloc(116);
}

static void at_the_exit(void)
{
	kept = malloc(117);
}

int main(int argc, char **argv)
{
	_Alignas(32) volatile char at[64];
	pthread_t thread;
	(void)argc;
	fill(at, 64);
	atexit(at_the_exit);
	with_alloca(1000 * one);
	with_vla(500 * one);
	realigned();
	realigned_and_grown(one, 2, 3, 4, 5, 6, 7, 77 * one);
	sum += many_arguments(one, 2, 3, 4, 5, 6, one, one, one);
	with_big_frame();
	int v[] = {one, 2, 3, 4, 5, 6, 7};
	sum += with_all_registers(v, 0);
	sum += with_all_registers(v, 7 * one);
	sum += goes_down(30 * one);
	kept = tail(108 * one);
	sum += goes_wrong(10 * one);
	if (!setjmp(back))
		ends_in_a_call(at);
	sorts();
	prints();
	pthread_key_create(&key, at_thread_end);
	pthread_create(&thread, NULL, in_thread, argv);
	pthread_join(thread, NULL);
	fill(at, 64);
	exit(0);
}
