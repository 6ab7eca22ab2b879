/* Who frees: functions, another thread, delete, realloc, a destructor at a thread's end.
 *
 * build: -O0
 * options: --free-stacks
 * expect: freed_by('given').keys() == {'by_one', 'by_two', 'by_thread', 'regrows', 'to_nothing'}
 * expect: freed_by('given')['by_one'] == (10, 0) and freed_by('given')['by_two'] == (20, 0)
 * expect: freed_by('given')['by_thread'] == (30, 30) and freed_by('given')['regrows'] == (5, 0)
 * expect: freed_by('given')['to_nothing'] == (4, 0)
 * expect: one('given').live_allocs == 11 and one('given').cross_thread_frees == 30
 * expect: freed_by('made') == {'deletes': (8, 0)}
 * expect: freed_by('makes_array') == {'deletes_array': (3, 0)}
 * expect: freed_by('regrows') == {'by_two': (5, 0)}
 * expect: freed_by('of_thread') == {'when_thread_ends': (1, 0)}
 * expect: freed_by('never_freed') == {}
 * expect: capture.free_stacks is True
 * expect: all(s['frees'] == sum(e['frees'] for e in s.get('freed_by', [])) for s in profile.data['stacks'])
 * expect: sum(e['cross_thread_frees'] for e in one('given').freed_by) == totals.cross_thread_frees == 30
 * expect: 'main' in profile.names(profile.data['free_stacks'][one('made').freed_by[0]['stack']])
 */
#include <pthread.h>
#include <stdlib.h>

#define KEEP __attribute__((noinline))

static pthread_key_t key;
static void *blocks[80];

KEEP static void *given()
{
	void *volatile p = malloc(100);
	return p;
}

KEEP static void by_one(void *p)
{
	free(p);
}

KEEP static void by_two(void *p)
{
	free(p);
}

KEEP static void to_nothing(void *p)
{
	void *volatile none = realloc(p, 0);
	(void)none;
}

KEEP static void by_thread(void *p)
{
	free(p);
}

KEEP static void *regrows(void *p)
{
	void *volatile q = realloc(p, 3000);
	return q;
}

KEEP static int *made()
{
	int *volatile p = new int(1);
	return p;
}

KEEP static void deletes(int *p)
{
	delete p;
}

KEEP static char *makes_array()
{
	char *volatile p = new char[100];
	return p;
}

KEEP static void deletes_array(char *p)
{
	delete[] p;
}

KEEP static void *of_thread()
{
	void *volatile p = malloc(77);
	return p;
}

KEEP static void when_thread_ends(void *p)
{
	free(p);
}

KEEP static void *never_freed()
{
	void *volatile p = malloc(5);
	return p;
}

static void *thread(void *unused)
{
	pthread_setspecific(key, of_thread());
	for (int i = 30; i < 60; i++)
		by_thread(blocks[i]);
	return unused;
}

int main()
{
	pthread_t id;
	pthread_key_create(&key, when_thread_ends);
	for (int i = 0; i < 80; i++)
		blocks[i] = given();
	for (int i = 0; i < 10; i++)
		by_one(blocks[i]);
	for (int i = 10; i < 30; i++)
		by_two(blocks[i]);
	pthread_create(&id, NULL, thread, NULL);
	pthread_join(id, NULL);
	for (int i = 60; i < 65; i++)
		by_two(regrows(blocks[i]));
	for (int i = 65; i < 69; i++)
		to_nothing(blocks[i]);
	for (int i = 0; i < 8; i++)
		deletes(made());
	for (int i = 0; i < 3; i++)
		deletes_array(makes_array());
	void *volatile kept = never_freed();
	(void)kept;
	return 0;
}
