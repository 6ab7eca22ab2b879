/* Growth chains: blocks that met realloc, by the stack of their birth. And how realloc did it, by
 * the stack that called it: in place, or moved with a copy, which the program sees by the address.
 *
 * build: -O0
 * expect: grew('born_to_double', 1, 14, 16, 16 * (2**14 - 1), final=[16 << 14])
 * expect: grew('born_in_hundreds', 100, 100, 1000, 1000, final=range(100, 200))
 * expect: grew('born_to_shrink', 1, 2, 1000, 800, final=[200])
 * expect: grew('from_null', 1, 1, 30, 30, final=[60])
 * expect: grew('born_to_vanish', 1, 1, 50, 50, final=[80])
 * expect: grew('born_to_fail', 1, 1, 64, 64, final=[80])
 * expect: grew('born_to_stay_open', 1, 2, 8, 8 + 24, final=[99], open_chains=1)
 * expect: grew('born_to_stay_the_same', 1, 3, 77, 3 * 77, final=[77])
 * expect: grew('born_for_all', 20, 60, 200, 13300, final=10 * [30] + 10 * [3000])
 * expect: grew('born_empty', 1, 1, 0, 0, final=[25])
 * expect: grew('born_to_move', 50, 50, 5000, 5000, final=50 * [5000])
 * expect: not [stack for stack in callers('never_grows') if 'growth' in stack]
 * expect: 'growth' not in one('only_from_null') and 'growth' not in one('born_to_vanish_at_once')
 * expect: not [stack for stack in callers('shrinks') + callers('by_another_hand') if 'growth' in stack]
 * expect: how('doubles') == said['doubles']
 * expect: how('shrinks') == said['shrinks']
 * expect: how('shrinks')[0] == 0
 * expect: how('in_place') == said['in_place'] == [50, 0, 0]
 * expect: how('moves') == said['moves'] == [0, 50, 5000]
 * expect: how('stays_the_same') == [0, 0, 0]
 * expect: how('by_another_hand') == said['by_another_hand']
 * expect: [totals.grown_in_place, totals.moved, totals.moved_bytes] == said['all']
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define KEEP __attribute__((noinline))

/* What realloc did, as seen by its caller. */
struct seen {
	unsigned long in_place, moved, moved_bytes;
};
static struct seen all;

static void *volatile kept;

/* Makes p larger or smaller, and notes how. */
#define STEP(seen, p, old, new)                                                                              \
	do {                                                                                                 \
		void *before = p;                                                                            \
		p = realloc(before, new);                                                                    \
		note(seen, before, p, old, new);                                                             \
	} while (0)

static void note(struct seen *seen, void *before, void *after, size_t old, size_t new)
{
	size_t copied = old < new ? old : new;
	struct seen one = {before == after && new > old, before != after, before != after ? copied : 0};
	struct seen *both[] = {seen, &all};
	for (int i = 0; i < 2; i++) {
		both[i]->in_place += one.in_place;
		both[i]->moved += one.moved;
		both[i]->moved_bytes += one.moved_bytes;
	}
}

static void print(const char *name, const struct seen *seen)
{
	dprintf(1, "\"%s\": [%lu, %lu, %lu]", name, seen->in_place, seen->moved, seen->moved_bytes);
}

#define BIRTH(name)                                                                                          \
	KEEP static void *name(size_t size)                                                                  \
	{                                                                                                    \
		void *volatile p = malloc(size);                                                             \
		return p;                                                                                    \
	}
BIRTH(born_to_double)
BIRTH(born_in_hundreds)
BIRTH(born_to_shrink)
BIRTH(born_to_vanish)
BIRTH(born_to_vanish_at_once)
BIRTH(born_to_fail)
BIRTH(born_to_stay_open)
BIRTH(born_to_stay_the_same)
BIRTH(born_for_all)
BIRTH(born_empty)
BIRTH(born_to_move)
BIRTH(never_grows)

KEEP static void doubles(struct seen *seen)
{
	void *p = born_to_double(16);
	for (int i = 0; i < 14; i++) {
		STEP(seen, p, (size_t)16 << i, (size_t)32 << i);
		if (i % 4 == 0)
			kept = never_grows(40); /* in the way of growing in place */
	}
	free(p);
}

KEEP static void hundreds(struct seen *seen)
{
	void *all[100];
	for (int i = 0; i < 100; i++)
		all[i] = born_in_hundreds(10);
	for (int i = 0; i < 100; i++)
		STEP(seen, all[i], 10, (size_t)(100 + i));
	for (int i = 0; i < 100; i++)
		free(all[i * 37 % 100]);
}

KEEP static void shrinks(struct seen *seen)
{
	void *p = born_to_shrink(1000);
	STEP(seen, p, 1000, 600);
	STEP(seen, p, 600, 200);
	free(p);
}

KEEP static void *from_null(size_t size)
{
	void *volatile p = realloc(NULL, size);
	return p;
}

KEEP static void *only_from_null(size_t size)
{
	void *volatile p = realloc(NULL, size);
	return p;
}

KEEP static void vanishes(struct seen *seen)
{
	void *p = born_to_vanish(50);
	STEP(seen, p, 50, 80);
	kept = realloc(p, 0); /* a free */
	kept = realloc(born_to_vanish_at_once(40), 0);
}

KEEP static void fails(struct seen *seen)
{
	void *p = born_to_fail(64);
	kept = realloc(p, PTRDIFF_MAX);
	STEP(seen, p, 64, 80);
	free(p);
}

KEEP static void stays_open(struct seen *seen)
{
	void *p = born_to_stay_open(8);
	STEP(seen, p, 8, 24);
	STEP(seen, p, 24, 99);
	kept = p;
}

KEEP static void stays_the_same(struct seen *seen)
{
	void *p = born_to_stay_the_same(77);
	for (int i = 0; i < 3; i++)
		STEP(seen, p, 77, 77);
	free(p);
}

KEEP static void in_place(struct seen *seen)
{
	for (int i = 0; i < 50; i++) {
		void *p = malloc(100); /* of 104 */
		STEP(seen, p, 100, 104);
		free(p);
	}
}

KEEP static void moves(struct seen *seen)
{
	for (int i = 0; i < 50; i++) {
		void *p = born_to_move(100), *wall = never_grows(24);
		STEP(seen, p, 100, 5000);
		free(p);
		free(wall);
	}
}

struct shared {
	void *blocks[10];
	struct seen seen;
};

KEEP static void *by_another_hand(void *context)
{
	struct shared *shared = context;
	for (int i = 0; i < 10; i++) {
		STEP(&shared->seen, shared->blocks[i], 10, 300);
		STEP(&shared->seen, shared->blocks[i], 300, 1000);
		STEP(&shared->seen, shared->blocks[i], 1000, 3000);
	}
	return NULL;
}

int main(void)
{
	struct seen of_doubles = {0}, of_shrinks = {0}, of_in_place = {0}, of_moves = {0}, others = {0};
	static struct shared shared;
	doubles(&of_doubles);
	hundreds(&others);
	shrinks(&of_shrinks);
	void *p = from_null(30);
	STEP(&others, p, 30, 60);
	free(p);
	free(only_from_null(30));
	vanishes(&others);
	fails(&others);
	stays_open(&others);
	stays_the_same(&others);
	p = born_empty(0);
	STEP(&others, p, 0, 25);
	free(p);
	in_place(&of_in_place);
	moves(&of_moves);

	pthread_t thread;
	void *own[10];
	for (int i = 0; i < 20; i++)
		*(i < 10 ? &shared.blocks[i] : &own[i - 10]) = born_for_all(10);
	pthread_create(&thread, NULL, by_another_hand, &shared);
	pthread_join(thread, NULL);
	for (int i = 0; i < 10; i++) {
		free(shared.blocks[i]);
		STEP(&others, own[i], 10, 20);
		STEP(&others, own[i], 20, 5);
		STEP(&others, own[i], 5, 30);
		free(own[i]);
	}

	dprintf(1, "{");
	print("doubles", &of_doubles);
	dprintf(1, ", ");
	print("shrinks", &of_shrinks);
	dprintf(1, ", ");
	print("in_place", &of_in_place);
	dprintf(1, ", ");
	print("moves", &of_moves);
	dprintf(1, ", ");
	print("by_another_hand", &shared.seen);
	dprintf(1, ", ");
	print("all", &all);
	dprintf(1, "}\n");
	return 0;
}
