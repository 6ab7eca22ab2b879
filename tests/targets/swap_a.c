/* One of the two plugins of swaps.c: the same places, another frame.
 * build: -O2 -shared -fPIC -fomit-frame-pointer
 */
#include <stdlib.h>

#ifndef WORDS
#define WORDS 11
#define work work_a
#endif

static void *volatile kept;

__attribute__((noinline)) void work(void)
{
	volatile long at[WORDS];
	at[WORDS - 1] = 1;
	kept = malloc(60 + WORDS);
	at[0] = at[WORDS - 1];
}
