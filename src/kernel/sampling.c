// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The numbers of sampling. */
#include "sampling.h"

#include <math.h>

/* 1 is one unit too much. */
static uint64_t in_units(long double share)
{
	return share < 1 ? (uint64_t)(share * 0x1p64L) : UINT64_MAX;
}

void sampling_init(struct sampling *sampling, uint64_t bytes)
{
	sampling->step = bytes < 8 ? 1 : bytes / 8;
	sampling->inverse = in_units(1 / (long double)bytes);
	for (uint64_t i = 0; i < SAMPLING_STEPS; i++)
		sampling->exp[i] = in_units(expl(-(long double)(i * sampling->step) / (long double)bytes));
}
