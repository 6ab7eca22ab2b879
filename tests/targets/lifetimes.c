/* How long blocks live, against the program's own clock: freed at once, after a sleep, in
 * another order, by another thread, taken by realloc.
 *
 * build: -O0
 * expect: within(one('at_once').lifetime_ns, said['at_once'])
 * expect: within(one('long_lived').lifetime_ns, said['long_lived'])
 * expect: within(one('mixed').lifetime_ns, said['mixed'])
 * expect: within(one('crossing').lifetime_ns, said['crossing'])
 * expect: within(one('grown_later').lifetime_ns, said['grown_later'])
 * expect: within(one('grows').lifetime_ns, said['grows'])
 * expect: one('at_once').lifetime_ns['max'] < said['long_lived']['min'][0]
 * expect: said['long_lived']['min'][0] >= 50 * 1000 * 1000
 * expect: 'lifetime_ns' not in one('never_freed')
 * expect: 'age_ns' not in one('mixed')
 * expect: sum(one('mixed').lifetime_ns['log2']) == 300
 */
#include "spans.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))
#define CALL(span, call)                                                                                     \
	do {                                                                                                 \
		(span).before = span_now();                                                                  \
		call;                                                                                        \
		(span).after = span_now();                                                                   \
	} while (0)

KEEP static void at_once(struct bounds *bounds)
{
	for (int i = 0; i < 1000; i++) {
		void *volatile p;
		struct span birth, death;
		CALL(birth, p = malloc(32));
		CALL(death, free(p));
		bounds_add(bounds, birth, death);
	}
}

KEEP static void long_lived(struct bounds *bounds)
{
	for (int i = 0; i < 3; i++) {
		void *volatile p;
		struct span birth, death;
		CALL(birth, p = malloc(32));
		usleep(50000);
		CALL(death, free(p));
		bounds_add(bounds, birth, death);
	}
}

KEEP static void mixed(struct bounds *bounds)
{
	void *blocks[300];
	struct span births[300], death;
	for (int i = 0; i < 300; i++) {
		CALL(births[i], blocks[i] = malloc((size_t)i));
		if (i % 30 == 0)
			usleep((useconds_t)i * 20);
	}
	for (int i = 0; i < 300; i++) {
		int which = i * 77 % 300;
		CALL(death, free(blocks[which]));
		bounds_add(bounds, births[which], death);
	}
}

static void *passed[100];
static struct span passed_births[100];

KEEP static void *crossing(void *unused)
{
	for (int i = 0; i < 100; i++)
		CALL(passed_births[i], passed[i] = malloc(64));
	return unused;
}

KEEP static void *grown_later(struct span *birth)
{
	void *volatile p;
	CALL(*birth, p = malloc(40));
	return p;
}

KEEP static void grows(struct bounds *before, struct bounds *bounds)
{
	for (int i = 0; i < 50; i++) {
		struct span birth, again, death;
		void *volatile p = grown_later(&birth);
		usleep(500);
		CALL(again, p = realloc(p, 4000));
		bounds_add(before, birth, again);
		CALL(death, free(p));
		bounds_add(bounds, again, death);
	}
}

KEEP static void *never_freed(void)
{
	void *volatile p = malloc(10);
	return p;
}

int main(void)
{
	static struct bounds all[] = {{"at_once"},  {"long_lived"},  {"mixed"},
				      {"crossing"}, {"grown_later"}, {"grows"}};
	at_once(&all[0]);
	long_lived(&all[1]);
	mixed(&all[2]);
	pthread_t thread;
	pthread_create(&thread, NULL, crossing, NULL);
	pthread_join(thread, NULL);
	for (int i = 0; i < 100; i++) {
		struct span death;
		CALL(death, free(passed[i]));
		bounds_add(&all[3], passed_births[i], death);
	}
	grows(&all[4], &all[5]);
	void *volatile kept = never_freed();
	(void)kept;
	for (int i = 0; i < 6; i++)
		bounds_print(&all[i], i ? ',' : '{');
	dprintf(1, "}\n");
	return 0;
}
