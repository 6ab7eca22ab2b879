/* A child that frees what it inherited and allocates for itself changes nothing in the
 * parent's profile.
 *
 * expect: totals.allocs == 20
 * expect: totals.frees == 10
 * expect: totals.live_bytes == 1000
 * expect: integrity.unfollowed_children == 1
 * expect: stack('of_child').allocs == 0
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noinline)) static void of_child(void)
{
	void *volatile p = malloc(5000);
}

int main(void)
{
	void *p[20];
	for (int i = 0; i < 20; i++)
		p[i] = malloc(100);
	pid_t pid = fork();
	if (!pid) {
		for (int i = 0; i < 20; i++)
			free(p[i]);
		for (int i = 0; i < 50; i++)
			of_child();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 10; i++)
		free(p[i]);
	return 0;
}
