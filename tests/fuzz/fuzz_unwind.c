// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* libFuzzer's entry, see `make test-fuzz`. */
#include <stddef.h>
#include <stdint.h>

#include "read_rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	read_rows(bytes, size);
	return 0;
}
