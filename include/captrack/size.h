/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_SIZE_H
#define CAPTRACK_SIZE_H

#include <stdbool.h>
#include <stdint.h>

/* A whole number of bytes as a user types it: 4096, 512K, 64M, 1G, 2T, of 1024s, also as KiB. false: it
 * is none, or more than 2^64 - 1. */
bool size_parse(const char *text, uint64_t *out);

#endif
