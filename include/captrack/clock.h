/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_CLOCK_H
#define CAPTRACK_CLOCK_H

#include <stdint.h>

uint64_t clock_monotonic_ns(void); /* as bpf_ktime_get_ns() */
uint64_t clock_wall_ms(void);      /* since 1970 */

#endif
