// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The independent count: an LD_PRELOAD library that counts outermost allocator calls by
 * the same accounting contract as captrack-bpf, with no code in common with it. Figures
 * live in a shared file mapping ($CAPTRACK_COUNT_DIR/count.PID.NS), so that they are
 * there however the process ends; a forked child counts into nothing. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct figures {
	uint64_t allocs, frees, reallocs, failed_allocs, allocated_bytes, freed_bytes, live_allocs,
		live_bytes;
	uint64_t peak_bytes, peak_allocs, temporary_allocs, unmatched_frees, pid;
};

struct entry {
	uintptr_t address; /* 0: empty; 1: was taken */
	size_t size;
};

static struct figures nowhere, *figures = &nowhere;
static struct entry *table;
static size_t table_size, table_used;
static atomic_flag lock = ATOMIC_FLAG_INIT;
static __thread int depth;
static __thread void *last_block;
static int ready;

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void *(*real_reallocarray)(void *, size_t, size_t);
static void (*real_free)(void *);
static int (*real_posix_memalign)(void **, size_t, size_t);
static void *(*real_aligned_alloc)(size_t, size_t);
static void *(*real_memalign)(size_t, size_t);
static void *(*real_valloc)(size_t);
static void *(*real_pvalloc)(size_t);

static void in_child(void)
{
	figures = &nowhere;
}

static void start(void)
{
	if (ready++)
		return;
	depth++;
	real_malloc = dlsym(RTLD_NEXT, "malloc");
	real_calloc = dlsym(RTLD_NEXT, "calloc");
	real_realloc = dlsym(RTLD_NEXT, "realloc");
	real_reallocarray = dlsym(RTLD_NEXT, "reallocarray");
	real_free = dlsym(RTLD_NEXT, "free");
	real_posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");
	real_aligned_alloc = dlsym(RTLD_NEXT, "aligned_alloc");
	real_memalign = dlsym(RTLD_NEXT, "memalign");
	real_valloc = dlsym(RTLD_NEXT, "valloc");
	real_pvalloc = dlsym(RTLD_NEXT, "pvalloc");

	char path[4096];
	struct timespec now;
	const char *dir = getenv("CAPTRACK_COUNT_DIR");
	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(path, sizeof(path), "%s/count.%d.%lld%09ld", dir ? dir : ".", getpid(),
		 (long long)now.tv_sec, now.tv_nsec);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0 && ftruncate(fd, 4096) == 0) {
		void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (page != MAP_FAILED)
			figures = page;
	}
	if (fd >= 0)
		close(fd);
	figures->pid = (uint64_t)getpid();
	depth--;
}

static void __attribute__((constructor)) at_start(void)
{
	start();
	pthread_atfork(NULL, NULL, in_child);
}

static void take_lock(void)
{
	while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire))
		;
}

static void drop_lock(void)
{
	atomic_flag_clear_explicit(&lock, memory_order_release);
}

static size_t slot_of(uintptr_t address)
{
	return (address >> 4) * 0x9e3779b97f4a7c15ull >> 20 & (table_size - 1);
}

static void put(uintptr_t address, size_t size);

static void grow(void)
{
	struct entry *old = table;
	size_t old_size = table_size;
	table_size = old_size ? 2 * old_size : 1 << 16;
	table = mmap(NULL, table_size * sizeof(*table), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	if (table == MAP_FAILED)
		abort();
	table_used = 0;
	for (size_t i = 0; i < old_size; i++)
		if (old[i].address > 1)
			put(old[i].address, old[i].size);
	if (old)
		munmap(old, old_size * sizeof(*old));
}

static void put(uintptr_t address, size_t size)
{
	if (2 * (table_used + 1) > table_size)
		grow();
	size_t i = slot_of(address);
	while (table[i].address > 1 && table[i].address != address)
		i = (i + 1) & (table_size - 1);
	table_used += table[i].address == 0;
	table[i] = (struct entry){address, size};
}

static int take(uintptr_t address, size_t *size)
{
	if (!table)
		return 0;
	for (size_t i = slot_of(address); table[i].address; i = (i + 1) & (table_size - 1)) {
		if (table[i].address == address) {
			table[i].address = 1;
			*size = table[i].size;
			return 1;
		}
	}
	return 0;
}

/* With the lock held. */
static void count_free(size_t size, int temporary)
{
	figures->frees++;
	figures->freed_bytes += size;
	figures->live_allocs--;
	figures->live_bytes -= size;
	figures->temporary_allocs += (uint64_t)temporary;
}

static void count_alloc(void *block, size_t size)
{
	figures->allocs++;
	figures->allocated_bytes += size;
	figures->live_allocs++;
	figures->live_bytes += size;
	if (figures->live_bytes > figures->peak_bytes) {
		figures->peak_bytes = figures->live_bytes;
		figures->peak_allocs = figures->live_allocs;
	}
	put((uintptr_t)block, size);
	last_block = block;
}

static int was_temporary(void *block)
{
	if (last_block != block)
		return 0;
	last_block = NULL;
	return 1;
}

static void *counted(void *block, size_t size)
{
	int error = errno;
	take_lock();
	if (block)
		count_alloc(block, size);
	else
		figures->failed_allocs++;
	drop_lock();
	errno = error;
	return block;
}

#define OUTERMOST(call, size)                                                                                \
	do {                                                                                                 \
		start();                                                                                     \
		if (depth++) {                                                                               \
			void *inner_ = call;                                                                 \
			depth--;                                                                             \
			return inner_;                                                                       \
		}                                                                                            \
		void *block_ = call;                                                                         \
		depth--;                                                                                     \
		return counted(block_, size);                                                                \
	} while (0)

void *malloc(size_t size)
{
	OUTERMOST(real_malloc(size), size);
}

void *calloc(size_t count, size_t size)
{
	static char early[4096]; /* for dlsym's own, before there is a real one */
	static size_t early_used;
	if (!real_calloc && ready) {
		void *block = early + early_used;
		early_used += (count * size + 15) & ~(size_t)15;
		return early_used <= sizeof(early) ? block : NULL;
	}
	OUTERMOST(real_calloc(count, size), count * size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	OUTERMOST(real_aligned_alloc(alignment, size), size);
}

void *memalign(size_t alignment, size_t size)
{
	OUTERMOST(real_memalign(alignment, size), size);
}

void *valloc(size_t size)
{
	OUTERMOST(real_valloc(size), size);
}

void *pvalloc(size_t size)
{
	OUTERMOST(real_pvalloc(size), size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	start();
	int outermost = depth++ == 0;
	int result = real_posix_memalign(out, alignment, size);
	depth--;
	if (outermost)
		counted(result ? NULL : *out, size);
	return result;
}

static void *count_realloc(void *old, size_t count, size_t size, int is_array)
{
	start();
	if (depth++) {
		void *inner = is_array ? real_reallocarray(old, count, size) : real_realloc(old, size);
		depth--;
		return inner;
	}
	size_t old_size = 0, wanted;
	if (__builtin_mul_overflow(count, size, &wanted))
		wanted = SIZE_MAX;
	take_lock();
	int known = old && take((uintptr_t)old, &old_size);
	drop_lock();
	void *block = is_array ? real_reallocarray(old, count, size) : real_realloc(old, size);
	depth--;
	int error = errno;
	take_lock();
	if (!block && (wanted || !old)) { /* a failure: the old block is as it was */
		figures->failed_allocs++;
		if (known)
			put((uintptr_t)old, old_size);
	} else {
		if (known)
			count_free(old_size, was_temporary(old));
		else if (old)
			figures->unmatched_frees++;
		if (block) {
			count_alloc(block, wanted);
			figures->reallocs++;
		}
	}
	drop_lock();
	errno = error;
	return block;
}

void *realloc(void *old, size_t size)
{
	return count_realloc(old, 1, size, 0);
}

void *reallocarray(void *old, size_t count, size_t size)
{
	return count_realloc(old, count, size, 1);
}

void free(void *block)
{
	size_t size;
	start();
	if (block && !depth) {
		int error = errno;
		take_lock();
		if (take((uintptr_t)block, &size))
			count_free(size, was_temporary(block));
		else
			figures->unmatched_frees++;
		drop_lock();
		errno = error;
	}
	if (real_free)
		real_free(block);
}
