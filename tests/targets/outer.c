/* A chain of calls, walked ten times when a line has been read. For
 * tests/scenarios/code.py, which probes the returns of some of them.
 *
 * build: -O1 -fomit-frame-pointer
 */
#include <stdio.h>
#include <stdlib.h>

#define KEEP __attribute__((noinline))

static void *volatile kept;

KEEP int inner(int n)
{
	kept = malloc((size_t)n);
	return n + 1;
}

KEEP int middle(int n)
{
	return inner(n) + 1;
}

KEEP int outer(int n)
{
	return middle(n) + 1;
}

int main(void)
{
	static char line[80];
	int sum = 0;
	setvbuf(stdin, NULL, _IONBF, 0);
	setvbuf(stdout, NULL, _IONBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		for (int i = 1; i <= 10; i++)
			sum += outer(i);
		puts(sum ? "done" : "?");
	}
	return 0;
}
