/* The C library's own calls of malloc: strdup, asprintf, fopen, getline.
 *
 * It keeps no frame pointers, so stacks end in it (until they are unwound by .eh_frame).
 *
 * expect: totals.allocs >= 13 and totals.temporary_allocs >= 10
 * expect: totals.live_allocs == 0
 * compare: preload
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP __attribute__((noinline))
KEEP static void copy(void)
{
	char *volatile text = strdup("hello");
	free(text);
}

KEEP static void print(void)
{
	char *text;
	if (asprintf(&text, "%s %d %*d", "some text", 12345, 500, 7) > 0)
		free(text);
}

KEEP static void file(void)
{
	char *line = NULL;
	size_t size = 0;
	FILE *in = fopen("/proc/self/maps", "r");
	while (in && getline(&line, &size, in) > 0)
		;
	free(line);
	fclose(in);
}

int main(void)
{
	for (int i = 0; i < 10; i++)
		copy();
	print();
	file();
	return 0;
}
