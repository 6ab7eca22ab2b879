// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The allocators as tables. A new one is a few lines of data: name, where it lies,
 * its functions, and which argument is the size, the block, or the place that the
 * new block's address is written to (design: CT_COOKIE in records.h). */
#include "captrack/probes.h"

#include "captrack/records.h"

#define ALLOC(name, size)                                                                                    \
	{                                                                                                    \
		name, CT_COOKIE(CT_CALL_ALLOC, size, 0, 0, 0), true                                          \
	}
#define ALLOC_BY_ANOTHER(name, size)                                                                         \
	{                                                                                                    \
		name, CT_COOKIE(CT_CALL_ALLOC, size, 0, 0, 0) | CT_COOKIE_CALLS_ANOTHER, true                \
	}
#define ALLOC_TIMES(name, a, b)                                                                              \
	{                                                                                                    \
		name, CT_COOKIE(CT_CALL_ALLOC, a, b, 0, 0), true                                             \
	}
#define ALLOC_OUT(name, out, size)                                                                           \
	{                                                                                                    \
		name, CT_COOKIE(CT_CALL_ALLOC, size, 0, 0, out) | CT_COOKIE_CALLS_ANOTHER, true              \
	}
#define REALLOC(name, ptr, size)                                                                             \
	{                                                                                                    \
		name, CT_COOKIE(CT_CALL_REALLOC, size, 0, ptr, 0), true                                      \
	}
#define REALLOC_TIMES(name, p, a, b)                                                                         \
	{                                                                                                    \
		name, CT_COOKIE(CT_CALL_REALLOC, a, b, p, 0) | CT_COOKIE_CALLS_ANOTHER, true                 \
	}
#define FREE(name, ptr)                                                                                      \
	{                                                                                                    \
		name, CT_COOKIE(CT_CALL_FREE, 0, 0, ptr, 0), false                                           \
	}

static const struct allocator_function glibc_functions[] = {
	ALLOC("malloc", 1),
	ALLOC_TIMES("calloc", 1, 2),
	REALLOC("realloc", 1, 2),
	REALLOC_TIMES("reallocarray", 1, 2, 3),
	FREE("free", 1),
	ALLOC_OUT("posix_memalign", 1, 3),
	ALLOC_BY_ANOTHER("aligned_alloc", 2),
	ALLOC_BY_ANOTHER("memalign", 2),
	ALLOC("valloc", 1),
	ALLOC("pvalloc", 1),
	{0},
};

static const struct allocator glibc = {
	.name = "glibc",
	.soname = "libc.so.6",
	.functions = glibc_functions,
};

static const struct allocator *const all[] = {&glibc, NULL};

const struct allocator *const *allocators_all(void)
{
	return all;
}
