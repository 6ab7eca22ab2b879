/* vfork and exec of another program, and a vfork whose exec fails: the parent's profile has
 * its own blocks only, and goes on.
 *
 * expect: totals.allocs == 30
 * expect: totals.live_bytes == 30 * 50
 * expect: stack('own', 'main').allocs == 30
 * expect: len(run.profiles) == 1
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noinline)) static void own(void)
{
	for (int i = 0; i < 10; i++) {
		void *volatile p = malloc(50);
	}
}

__attribute__((noinline)) static void start(const char *path)
{
	pid_t pid = vfork();
	if (!pid) {
		execl(path, path, (char *)0);
		_exit(9);
	}
	waitpid(pid, NULL, 0);
}

int main(void)
{
	own();
	start("/bin/true");
	own();
	start("/no/such/program");
	own();
	return 0;
}
