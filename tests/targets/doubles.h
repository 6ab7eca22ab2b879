/* For targets that free twice what glibc does not notice. */
#include <stdint.h>
#include <stdlib.h>

#define KEEP __attribute__((noinline))

KEEP static void first(void *p)
{
	free(p);
}

KEEP static void second(void *p)
{
	free(p);
}

#define BIRTH(name)                                                                                          \
	KEEP static void *name(size_t size)                                                                  \
	{                                                                                                    \
		void *volatile p = malloc(size);                                                             \
		return p;                                                                                    \
	}
BIRTH(filler)

/* What is freed next of this size goes to a fastbin: the thread's cache has 7 already. */
KEEP static void fill_cache(size_t size)
{
	void *blocks[7];
	for (int i = 0; i < 7; i++)
		blocks[i] = filler(size);
	for (int i = 0; i < 7; i++)
		free(blocks[i]);
}

/* glibc knows a block in its thread's cache by a word in it. */
static void forget(void *p)
{
	((volatile uint64_t *)p)[1] = 0;
}
