/* Random calls of every kind from 16 functions, and the target's own book of what each did:
 * model THREADS CALLS SEED writes it to stdout, one line a function and one of totals. The
 * calls of several threads are made one after the other, under a lock, so that there is one
 * order and the peak, and who held what at it, have one answer. For scenarios/model.py.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))
enum { FUNCTIONS = 16, BLOCKS = 400 };

struct book {
	uint64_t allocs, frees, reallocs, allocated, freed, temporary, own_peak, at_peak, at_peak_allocs;
};

struct block {
	void *address;
	uint64_t size;
	int function, thread;
	uint64_t serial;
};

static struct book books[FUNCTIONS];
static uint64_t live, peak, live_blocks, peak_blocks, failed, serial;
static uint64_t last_serial[64]; /* of each thread's last allocation, 0 once it is freed */
static struct block blocks[BLOCKS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t barrier;
static uint64_t state;
static int calls_left;

static uint32_t dice(uint32_t sides)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(state >> 33) % sides;
}

/* What function N does: the kinds of call in turn. `old` is for the reallocs. */
typedef void *(*work_t)(void *old, size_t size);

#define WORK(n, call)                                                                                        \
	KEEP static void *work_##n(void *old, size_t size)                                                   \
	{                                                                                                    \
		void *volatile p = call;                                                                     \
		return p;                                                                                    \
	}
KEEP static void *posix(size_t size)
{
	void *block = NULL;
	return posix_memalign(&block, 64, size) ? NULL : block;
}
WORK(00, malloc(size))
WORK(01, malloc(size))
WORK(02, malloc(size))
WORK(03, malloc(size))
WORK(04, calloc(1, size))
WORK(05, calloc(size, 1))
WORK(06, posix(size))
WORK(07, memalign(32, size))
WORK(08, aligned_alloc(16, size))
WORK(09, valloc(size))
WORK(10, realloc(old, size))
WORK(11, realloc(old, size))
WORK(12, realloc(old, size))
WORK(13, reallocarray(old, size, 1))
WORK(14, reallocarray(old, 1, size))
WORK(15, realloc(old, size))
static const work_t works[FUNCTIONS] = {work_00, work_01, work_02, work_03, work_04, work_05,
					work_06, work_07, work_08, work_09, work_10, work_11,
					work_12, work_13, work_14, work_15};

static void book_free(struct block *block, int thread)
{
	struct book *book = &books[block->function];
	book->frees++;
	book->freed += block->size;
	live -= block->size;
	live_blocks--;
	if (last_serial[thread] == block->serial) {
		book->temporary++;
		last_serial[thread] = 0;
	}
	block->address = NULL;
}

static void book_alloc(struct block *block, void *address, size_t size, int function, int thread)
{
	struct book *book = &books[function];
	*block = (struct block){address, size, function, thread, ++serial};
	last_serial[thread] = serial;
	book->allocs++;
	book->allocated += size;
	if (book->allocated - book->freed > book->own_peak)
		book->own_peak = book->allocated - book->freed;
	live += size;
	live_blocks++;
	if (live <= peak)
		return;
	peak = live;
	peak_blocks = live_blocks;
	for (int i = 0; i < FUNCTIONS; i++) {
		books[i].at_peak = books[i].allocated - books[i].freed;
		books[i].at_peak_allocs = books[i].allocs - books[i].frees;
	}
}

static size_t some_size(void)
{
	switch (dice(20)) {
	case 0:
		return 0;
	case 1:
		return 150000 + dice(200000); /* mmap'd */
	case 2:
		return (size_t)PTRDIFF_MAX - dice(100); /* fails */
	default:
		return 1 + dice(3000);
	}
}

/* One call, under the lock. */
static void call(int thread)
{
	struct block *block = &blocks[dice(BLOCKS)];
	int function = (int)dice(FUNCTIONS);
	size_t size = some_size();
	/* The heap grows and shrinks in waves, each a little higher than the one before. */
	uint32_t wave = (uint32_t)(serial / 700) % 2;
	if (function < 10) {
		if (block->address && (wave || dice(3))) {
			free(block->address);
			book_free(block, thread);
		}
		if (block->address || (wave && dice(2)))
			return;
		void *address = works[function](NULL, size);
		if (address)
			book_alloc(block, address, size, function, thread);
		else
			failed++;
		return;
	}
	void *old = block->address;
	void *address = works[function](old, size);
	if (!address && (size || !old)) {
		failed++;
		return;
	}
	if (old)
		book_free(block, thread);
	if (address) {
		book_alloc(block, address, size, function, thread);
		books[function].reallocs++;
	}
}

static void *run(void *context)
{
	int thread = (int)(long)context;
	pthread_barrier_wait(&barrier); /* what pthread_create allocates is there by now */
	for (int more = 1; more;) {
		pthread_mutex_lock(&lock);
		more = calls_left-- > 0;
		if (more)
			call(thread);
		pthread_mutex_unlock(&lock);
	}
	pthread_barrier_wait(&barrier);
	return NULL;
}

int main(int argc, char **argv)
{
	static char text[16384];
	int threads = argc > 1 ? atoi(argv[1]) : 1, length = 0;
	pthread_t ids[64];
	calls_left = argc > 2 ? atoi(argv[2]) : 1000;
	state = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
	pthread_barrier_init(&barrier, NULL, (unsigned int)threads);
	for (int i = 1; i < threads; i++)
		pthread_create(&ids[i], NULL, run, (void *)(long)i);
	run(NULL);
	for (int i = 0; i < FUNCTIONS; i++)
		length += snprintf(text + length, sizeof(text) - (size_t)length,
				   "work_%02d %lu %lu %lu %lu %lu %lu %lu %lu %lu\n", i, books[i].allocs,
				   books[i].frees, books[i].reallocs, books[i].allocated, books[i].freed,
				   books[i].temporary, books[i].own_peak, books[i].at_peak,
				   books[i].at_peak_allocs);
	length += snprintf(text + length, sizeof(text) - (size_t)length, "totals %lu %lu %lu\n", peak,
			   peak_blocks, failed);
	if (write(1, text, (size_t)length) != length)
		_exit(1);
	_exit(0); /* nothing is freed after this */
}
