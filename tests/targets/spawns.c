/* posix_spawn (vfork inside): the parent goes on, the child is no image of ours yet.
 *
 * expect: stack('own').allocs == 30
 * expect: stack('own').live_bytes == 30 * 40
 * expect: len(run.profiles) == 1
 */
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>

extern char **environ;
__attribute__((noinline)) static void own(void)
{
	void *volatile p = malloc(40);
}

int main(void)
{
	for (int i = 0; i < 10; i++)
		own();
	char *words[] = {"true", NULL};
	pid_t pid;
	if (posix_spawn(&pid, "/bin/true", NULL, NULL, words, environ))
		return 1;
	for (int i = 0; i < 10; i++)
		own();
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 10; i++)
		own();
	return 0;
}
