/* Threads with names, given before or after their first allocation; threads that are long gone at
 * the end; one that frees and reallocs another's blocks: frees count for who frees, what lives for who
 * allocated.
 *
 * build: -O0
 * options: -i 100
 * expect: did('named before') == [100, 60, 1000, 40, 400]
 * expect: did('named later') == [31, 31, 31 * 50, 0, 0]
 * expect: did('gives') == [90, 10, 90 * 300, 90 - 10 - 40 - 5, (90 - 10 - 40 - 5) * 300]
 * expect: did('takes away') == [7 + 5, 40 + 5 + 2, 7 * 20 + 5 * 1000, 10, 5 * 20 + 5 * 1000]
 * expect: [thread(name).tid for name in said] == [*said.values()]
 * expect: thread('named').tid == target.pid
 * expect: len(profile.threads('short')) == 200
 * expect: {(t['allocs'], t['frees'], t['live_bytes']) for t in profile.threads('short')} == {(3, 2, 11)}
 * expect: len({t['tid'] for t in profile.data['threads']}) == len(profile.data['threads']) == 205
 * expect: one('gives').cross_thread_frees == totals.cross_thread_frees == 40 + 5
 * expect: profile.check_details() is None
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))

static pthread_barrier_t barrier;
static void *given[90];

static void name(const char *text)
{
	pthread_setname_np(pthread_self(), text);
}

static int named_before_id, named_later_id, gives_id, takes_away_id;

static void *named_before(void *unused)
{
	void *blocks[100];
	name("named before");
	for (int i = 0; i < 100; i++)
		blocks[i] = malloc(10);
	for (int i = 0; i < 60; i++)
		free(blocks[i]);
	named_before_id = gettid();
	return unused;
}

static void *named_later(void *unused)
{
	void *volatile p = malloc(50);
	free(p);
	name("named later");
	for (int i = 0; i < 30; i++) {
		p = malloc(50);
		free(p);
	}
	named_later_id = gettid();
	usleep(400000); /* some snapshots */
	return unused;
}

KEEP static void *gives(void *unused)
{
	name("gives");
	for (int i = 0; i < 90; i++)
		given[i] = malloc(300);
	for (int i = 0; i < 10; i++)
		free(given[i]);
	gives_id = gettid();
	pthread_barrier_wait(&barrier);
	return unused;
}

KEEP static void *takes_away(void *unused)
{
	void *own[7];
	name("takes away");
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 7; i++)
		own[i] = malloc(20);
	for (int i = 10; i < 50; i++)
		free(given[i]);
	for (int i = 50; i < 55; i++)
		given[i] = realloc(given[i], 1000);
	for (int i = 0; i < 2; i++)
		free(own[i]);
	takes_away_id = gettid();
	return unused;
}

static void *is_short(void *unused)
{
	void *blocks[3];
	name("short");
	for (int i = 0; i < 3; i++)
		blocks[i] = malloc(11);
	for (int i = 0; i < 2; i++)
		free(blocks[i]);
	return unused;
}

static void run(void *(*first)(void *), void *(*second)(void *))
{
	pthread_t threads[2];
	pthread_create(&threads[0], NULL, first, NULL);
	if (second)
		pthread_create(&threads[1], NULL, second, NULL);
	for (int i = 0; i < (second ? 2 : 1); i++)
		pthread_join(threads[i], NULL);
}

int main(void)
{
	pthread_barrier_init(&barrier, NULL, 2);
	run(named_before, NULL);
	run(named_later, NULL);
	run(gives, takes_away);
	for (int i = 0; i < 200; i++)
		run(is_short, NULL);
	dprintf(1, "{\"named before\": %d, \"named later\": %d, \"gives\": %d, \"takes away\": %d}\n",
		named_before_id, named_later_id, gives_id, takes_away_id);
	return 0;
}
