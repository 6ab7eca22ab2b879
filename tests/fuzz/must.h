/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef TESTS_MUST_H
#define TESTS_MUST_H

/* What must hold whatever the input: else the program ends, as fuzzers want it. */
#include <stdio.h>
#include <stdlib.h>

#define MUST(what)                                                                                           \
	do {                                                                                                 \
		if (!(what)) {                                                                               \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what);                   \
			abort();                                                                             \
		}                                                                                            \
	} while (0)

#endif
