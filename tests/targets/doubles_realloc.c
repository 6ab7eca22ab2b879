/* Double frees with realloc: of a block that realloc took away, and by realloc, of a block that was free. glibc
 * lets them pass, as those of doubles.c.
 *
 * build: -O0
 * options: --free-stacks
 * expect: integrity.double_frees == 1 + 1
 * expect: double_frees()[:1] == [('freed_then_realloced', 'first', 'reallocs', 1)]
 * expect: double_frees()[1:] == [('realloced_away', 'moves', 'second', 1)]
 * expect: totals.frees == totals.allocs - totals.live_allocs
 */
#include <stdint.h>
#include <stdlib.h>

#include "doubles.h"

BIRTH(realloced_away)
BIRTH(freed_then_realloced)

KEEP static void *moves(void *p)
{
	void *volatile q = realloc(p, 900);
	return q;
}

KEEP static void reallocs(void *p)
{
	void *volatile q = realloc(p, 10);
	(void)q;
}

int main(void)
{
	void *p = freed_then_realloced(340);
	first(p);
	forget(p);
	reallocs(p);

	void *old = realloced_away(40), *next = filler(40);
	fill_cache(40);
	void *moved = moves(old);
	free(next);
	second(old);
	free(moved);
	return 0;
}
