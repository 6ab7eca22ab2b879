/* The same calls in the same order in every run, from a dozen stacks: what peers.py compares
 * with DHAT and heaptrack, program point by program point. No block of 0 bytes (DHAT counts
 * it as 1), and one single peak (DHAT takes the last of several equal ones, captrack the first).
 * The buffers that grow have birth stacks and realloc stacks of their own.
 *
 * expect: totals.peak_bytes == 40 * 5000 + 10 * 4096 + 50 * 100 + 25 * 4000 + 9000
 * expect: one('plain').allocs == 300
 * expect: one('plain').live_bytes == sum(10 + i for i in range(300) if i % 3 == 0)
 * expect: one('at_once').temporary_allocs == 200
 * expect: stack('in_pairs').temporary_allocs == 0
 * expect: one('after_another').temporary_allocs == 70
 * expect: one('grow').reallocs == 25 * 3
 * expect: stack('failing').allocs == 2
 */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))

KEEP static void *plain(size_t size)
{
	void *volatile p = malloc(size);
	return p;
}

KEEP static void *zeroed(size_t n, size_t size)
{
	void *volatile p = calloc(n, size);
	return p;
}

KEEP static void *aligned(size_t size)
{
	void *volatile p = NULL;
	if (posix_memalign((void **)&p, 64, size))
		abort();
	return p;
}

/* The same function by two ways: two program points. */
KEEP static void *left(size_t size)
{
	void *volatile p = zeroed(2, size / 2);
	return p;
}
KEEP static void *right(size_t size)
{
	void *volatile p = zeroed(4, size / 4);
	return p;
}

KEEP static void at_once(void)
{
	for (int i = 0; i < 200; i++) {
		void *volatile p = malloc(24);
		free(p);
	}
}

/* Of each pair the older is freed first: none is temporary, but heaptrack_print, which knows
 * alike blocks of one stack only together, thinks so. */
KEEP static void in_pairs(void)
{
	void *volatile older = malloc(30);
	for (int i = 0; i < 100; i++) {
		void *volatile newer = malloc(30);
		free(older);
		older = newer;
	}
	void *volatile last = right(32);
	free(older);
}

/* A free of another block in between: temporary for captrack, not for heaptrack. */
KEEP static void *after_another(void)
{
	void *volatile p = malloc(50);
	return p;
}

KEEP static void *birth(size_t size)
{
	void *volatile p = malloc(size);
	return p;
}

KEEP static void *grow(void *p, size_t size)
{
	void *volatile q = realloc(p, size);
	return q;
}

KEEP static void *birth_of_shrinking(void)
{
	void *volatile p = malloc(3000);
	return p;
}

KEEP static void *shrink(void *p, size_t size)
{
	void *volatile q = realloc(p, size);
	return q;
}

KEEP static void failing(void)
{
	void *volatile p = malloc(64);
	void *volatile q = realloc(p, PTRDIFF_MAX);
	free(p);
	q = realloc(NULL, 48);
	realloc(q, 0);
}

KEEP static void *peak_block(size_t size)
{
	void *volatile p = malloc(size);
	return p;
}

KEEP static void to_the_peak(void)
{
	void *blocks[40], *pages[10], *small[50], *buffers[25];
	for (int i = 0; i < 40; i++)
		blocks[i] = peak_block(5000);
	for (int i = 0; i < 10; i++)
		pages[i] = aligned(4096);
	for (int i = 0; i < 50; i++)
		small[i] = i % 2 ? left(100) : right(100);
	for (int i = 0; i < 25; i++) {
		buffers[i] = birth(500);
		for (size_t size = 1000; size <= 4000; size *= 2)
			buffers[i] = grow(buffers[i], size);
	}
	free(peak_block(9000)); /* the peak: nothing before or after it is as high */
	for (int i = 24; i >= 0; i--)
		free(buffers[i]);
	for (int i = 0; i < 50; i++)
		free(small[i * 7 % 50]);
	for (int i = 0; i < 10; i++)
		free(pages[(i * 3 + 1) % 10]);
	for (int i = 0; i < 40; i++)
		free(blocks[i]);
}

KEEP static void below_the_peak(void)
{
	void *kept[300], *shrinking[20];
	for (int i = 0; i < 300; i++)
		kept[i] = plain(10 + (size_t)i);
	for (int i = 299; i >= 0; i--)
		if (i % 3)
			free(kept[i]);
	for (int i = 0; i < 20; i++) {
		shrinking[i] = birth_of_shrinking();
		shrinking[i] = shrink(shrinking[i], 1000);
		if (i % 2)
			free(shrinking[i]);
	}
	at_once();
	in_pairs();
	failing();
	for (int i = 0; i < 70; i++) {
		void *volatile other = left(64), *volatile p = after_another();
		free(other);
		free(p);
	}
}

int main(void)
{
	to_the_peak();
	below_the_peak();
	return 0;
}
