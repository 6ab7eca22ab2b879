/* More live blocks than the first table of them holds, so that it grows while blocks come and
 * go: freed in another order than allocated, and moved by realloc.
 *
 * expect: stack('fill', 'main').allocs == 150000
 * expect: stack('fill', 'main').allocated_bytes == 150000 * 24
 * expect: stack('fill', 'main').frees == 150000
 * expect: stack('fill', 'main').at_peak_allocs == 100000
 * expect: stack('grow', 'main').allocs == 50000
 * expect: stack('grow', 'main').reallocs == 50000
 * expect: stack('grow', 'main').live_bytes == 50000 * 48
 * expect: totals.live_allocs == 50001 and totals.live_bytes == 50000 * 48 + 200000 * 8
 * expect: integrity.dropped_blocks == integrity.missed_frees == integrity.unmatched_frees == 0
 */
#include <stdlib.h>

#define KEEP __attribute__((noinline))
enum { MANY = 150000, MOVED = 50000 };
static void **blocks;

KEEP static void fill(void)
{
	for (int i = 0; i < MANY; i++)
		blocks[i] = malloc(24);
}

/* Every third one. */
KEEP static void grow(void)
{
	for (int i = 0; i < MOVED; i++)
		blocks[3 * i] = realloc(blocks[3 * i], 48);
}

KEEP static void empty(void)
{
	for (int i = MANY - 1; i >= 0; i--)
		if (i % 3)
			free(blocks[i]);
}

int main(void)
{
	blocks = malloc(200000 * sizeof(*blocks));
	fill();
	grow();
	empty();
	return 0;
}
