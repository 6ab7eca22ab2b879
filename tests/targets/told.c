/* For each byte on its stdin: 1000 mallocs of 100 bytes, 300 of them realloc'd to 2000, all freed,
 * a byte to its stdout. Ends with its stdin. For the scenarios.
 */
#include <stdlib.h>
#include <unistd.h>

static void *volatile blocks[1000];

int main(void)
{
	char byte;
	while (read(0, &byte, 1) == 1) {
		for (int i = 0; i < 1000; i++)
			blocks[i] = malloc(100);
		for (int i = 0; i < 300; i++)
			blocks[i] = realloc(blocks[i], 2000);
		for (int i = 0; i < 1000; i++)
			free(blocks[i]);
		if (write(1, &byte, 1) != 1)
			return 1;
	}
	return 7;
}
