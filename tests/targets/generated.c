/* Code made at run time calls malloc: counted to the byte, with its callers found by its
 * frame pointer, and marked as of no file.
 *
 * expect: totals.allocs == 50
 * expect: totals.live_bytes == 50 * 60
 * expect: stack('caller', 'main').live_bytes == 50 * 60
 * expect: integrity.truncated_stacks == 0
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

typedef void *(*made_t)(size_t);

__attribute__((noinline)) static void caller(made_t made)
{
	void *volatile p = made(60);
}

int main(void)
{
	/* push rbp; mov rbp, rsp; mov rax, malloc; call rax; pop rbp; ret */
	uint8_t code[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xd0, 0x5d, 0xc3};
	void *(*target)(size_t) = malloc;
	memcpy(code + 6, &target, 8);
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(page, code, sizeof(code));
	mprotect(page, 4096, PROT_READ | PROT_EXEC);
	for (int i = 0; i < 50; i++)
		caller((made_t)page);
	return 0;
}
