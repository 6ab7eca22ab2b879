/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_SAMPLING_H
#define CAPTRACK_SAMPLING_H

#include <stdint.h>

/* What bpf/sample.h needs to know of --sample BYTES; it has no exp() of its own. */

enum { SAMPLING_STEPS = 360 };

struct sampling {
	uint64_t step;                /* about an eighth of the bytes, 1 at least */
	uint64_t inverse;             /* 2^64 / bytes */
	uint64_t exp[SAMPLING_STEPS]; /* exp(-i * step / bytes), in units of 2^-64 */
};

void sampling_init(struct sampling *sampling, uint64_t bytes);

#endif
