// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* libFuzzer's entries, see `make test-fuzz`. */
#include <stdint.h>

#include "mutate_json.h"
#include "use_profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t room); /* libFuzzer's own */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	use_profile((const char *)bytes, size);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned int seed)
{
	struct dice dice = {.state = seed * 0x9e3779b97f4a7c15ull | 1};
	dice_any(&dice);
	return dice_below(&dice, 4) ? mutate_json((char *)bytes, size, room, &dice)
				    : LLVMFuzzerMutate(bytes, size, room);
}
