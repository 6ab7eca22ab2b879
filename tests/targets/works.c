/* Blocks that live for known amounts of work: 1, 2, 4 and 8 units, five of each, and one
 * that lives through all of it. A unit is always the same instructions, and as long as they take: for
 * DHAT, whose lifetimes are instructions.
 *
 * expect: totals.frees >= 21
 * expect: one('units_1').frees == 5
 * expect: one('units_8').frees == 5
 * expect: one('through_all').frees == 1
 */
#include <stdlib.h>

#define KEEP __attribute__((noinline))

KEEP static void work(int units)
{
	for (volatile int i = 0; i < units * 300000; i++)
		;
}

#define LIVES(units)                                                                                         \
	KEEP static void units_##units(void)                                                                 \
	{                                                                                                    \
		for (int i = 0; i < 5; i++) {                                                                \
			void *volatile p = malloc(100);                                                      \
			work(units);                                                                         \
			free(p);                                                                             \
		}                                                                                            \
	}
LIVES(1)
LIVES(2)
LIVES(4)
LIVES(8)

KEEP static void *through_all(void)
{
	void *volatile p = malloc(100);
	return p;
}

int main(void)
{
	work(2);
	void *all = through_all();
	units_4();
	units_1();
	units_8();
	units_2();
	free(all);
	return 0;
}
