/* Blocks freed by another thread than the one that allocated them; realloc frees, too.
 *
 * build: -O0
 * expect: one('made_by_main').cross_thread_frees == 400 + 50 + 20
 * expect: one('made_by_main').frees == 400 + 50 + 20 + 300
 * expect: one('made_by_thread').cross_thread_frees == 60
 * expect: one('made_by_thread').frees == 100
 * expect: one('regrown').cross_thread_frees == 50
 * expect: one('made_anew').cross_thread_frees == 0
 * expect: one('made_anew').frees == 100
 * expect: one('in_the_end').cross_thread_frees == 5
 * expect: totals.cross_thread_frees == 470 + 60 + 50 + 5
 */
#include <pthread.h>
#include <stdlib.h>

#define KEEP __attribute__((noinline))

static void *of_main[1000], *of_thread[100], *kept[5];

KEEP static void *made_by_main(void)
{
	void *volatile p = malloc(100);
	return p;
}

KEEP static void *made_by_thread(void)
{
	void *volatile p = malloc(100);
	return p;
}

KEEP static void *regrown(void *p)
{
	void *volatile q = realloc(p, 700);
	return q;
}

/* At an address that another thread's block had. */
KEEP static void *made_anew(void)
{
	void *volatile p = malloc(100);
	return p;
}

KEEP static void *in_the_end(void)
{
	void *volatile p = malloc(100);
	return p;
}

static void *thread(void *unused)
{
	for (int i = 0; i < 400; i++)
		free(of_main[i]);
	for (int i = 400; i < 450; i++)
		of_main[i] = regrown(of_main[i]);
	for (int i = 450; i < 470; i++)
		realloc(of_main[i], 0);
	for (int i = 0; i < 100; i++)
		free(made_anew());
	for (int i = 0; i < 100; i++)
		of_thread[i] = made_by_thread();
	for (int i = 0; i < 40; i++)
		free(of_thread[i]);
	for (int i = 0; i < 5; i++)
		kept[i] = in_the_end();
	return unused;
}

int main(void)
{
	pthread_t id;
	for (int i = 0; i < 1000; i++)
		of_main[i] = made_by_main();
	pthread_create(&id, NULL, thread, NULL);
	pthread_join(id, NULL);
	for (int i = 40; i < 100; i++)
		free(of_thread[i]);
	for (int i = 400; i < 450; i++)
		free(of_main[i]);
	for (int i = 470; i < 770; i++)
		free(of_main[i]);
	for (int i = 0; i < 5; i++)
		free(kept[i]);
	return 0;
}
