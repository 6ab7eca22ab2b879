/* Double frees that glibc lets pass: of blocks in a fastbin that are not the last one freed, of blocks
 * written to after their free. Not one: a free of an address that was handed out again in between.
 *
 * build: -O0
 * options: --free-stacks
 * expect: integrity.double_frees == 1 + 5 + 1 + 1
 * expect: ('from_fastbin', 'first', 'second', 1) in double_frees()
 * expect: ('written_after', 'first', 'second', 5) in double_frees()
 * expect: ('freed_by_two_threads', 'thread', 'second', 1) in double_frees()
 * expect: ('long_ago', 'first', 'second', 1) in double_frees()
 * expect: len(double_frees()) == 4
 * expect: one('handed_out_again').frees == 1000
 * expect: stack('from_fastbin').frees == 2 and one('written_after').frees == 5
 * expect: totals.frees == totals.allocs - totals.live_allocs
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "doubles.h"

BIRTH(from_fastbin)
BIRTH(written_after)
BIRTH(freed_by_two_threads)
BIRTH(long_ago)
BIRTH(handed_out_again)

static void *thread(void *p)
{
	free(p);
	return NULL;
}

/* No two parts have blocks of one size: what is free twice would be handed out twice. At the thread's
 * end glibc frees what is in its cache once more: that is no double free. */
int main(void)
{
	for (int i = 0; i < 5; i++) {
		void *p = written_after(100 + 32 * (size_t)i);
		first(p);
		forget(p);
		second(p);
	}

	void *shared = freed_by_two_threads(56);
	pthread_t id;
	pthread_create(&id, NULL, thread, shared);
	pthread_join(id, NULL);
	forget(shared);
	second(shared);

	void *early = long_ago(300);
	first(early);
	for (int i = 0; i < 20000; i++)
		free(filler(1000 + (size_t)i % 1000));
	forget(early);
	second(early);

	for (int i = 0; i < 1000; i++) {
		void *q = handed_out_again(500);
		(i % 2 ? first : second)(q);
	}

	/* From here on no large block, for which glibc would look into its fastbins. */
	void *again[2] = {from_fastbin(24), from_fastbin(24)};
	fill_cache(24);
	first(again[0]);
	first(again[1]);
	second(again[0]);

	return 0;
}
