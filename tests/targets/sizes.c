/* Sizes as asked for: the least, the largest, and how many of each number of bits. A product is
 * calloc's, a failure has none, and a realloc is an allocation of the new size.
 *
 * build: -O0
 * expect: sized('each', 0, 1 << 20, {0: 1, 1: 1, 2: 2, 5: 1, 10: 1, 21: 1})
 * expect: sized('nothing', 0, 0, {0: 3})
 * expect: sized('edges', 1, 65536, {17: 1, **{bits: 2 for bits in range(1, 17)}})
 * expect: sized('product', 300, 300, {9: 5})
 * expect: sized('many', 7, 1006, {3: 1, 4: 8, 5: 16, 6: 32, 7: 64, 8: 128, 9: 256, 10: 495})
 * expect: sized('grown', 200, 400, {8: 1, 9: 1})
 * expect: sized('fails', 20, 20, {5: 1})
 * expect: sized('huge', 1 << 28, 1 << 28, {29: 1})
 * expect: sized('aligned', 100, 100, {7: 1})
 */
#include <stdint.h>
#include <stdlib.h>

#define KEEP __attribute__((noinline))

static void *volatile kept;

KEEP static void each(void)
{
	const size_t sizes[] = {1000, 3, 0, 1 << 20, 16, 1, 2};
	for (int i = 0; i < 7; i++)
		kept = malloc(sizes[i]);
}

KEEP static void nothing(void)
{
	for (int i = 0; i < 3; i++)
		kept = malloc(0);
}

KEEP static void edges(void) /* the first and the last of each class */
{
	for (size_t size = 1; size <= 65536; size *= 2) {
		const size_t ends[] = {size, 2 * size - 1};
		for (int i = 0; i < (size < 65536 ? 2 : 1); i++)
			kept = malloc(ends[i]);
	}
}

KEEP static void product(void)
{
	for (int i = 0; i < 5; i++)
		kept = calloc(3, 100);
}

KEEP static void many(void)
{
	for (size_t i = 0; i < 1000; i++) {
		kept = malloc(7 + i);
		free(kept);
	}
}

KEEP static void *start(void)
{
	void *volatile p = malloc(100);
	return p;
}

KEEP static void *grown(void *p)
{
	for (size_t size = 200; size <= 400; size *= 2)
		p = realloc(p, size);
	return p;
}

KEEP static void fails(void)
{
	for (int i = 0; i < 2; i++)
		kept = malloc(i ? PTRDIFF_MAX : 20);
}

KEEP static void huge(void)
{
	kept = malloc(1 << 28); /* address space only */
	if (!kept)
		abort();
	free(kept);
}

KEEP static void aligned(void)
{
	kept = aligned_alloc(64, 100);
}

int main(void)
{
	each();
	nothing();
	edges();
	product();
	many();
	free(grown(start()));
	fails();
	huge();
	aligned();
	return 0;
}
