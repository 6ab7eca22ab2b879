/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef TESTS_MUTATE_JSON_H
#define TESTS_MUTATE_JSON_H

#include <stddef.h>
#include <stdint.h>

struct dice {
	uint64_t state; /* not 0 */
};
uint64_t dice_any(struct dice *dice);
size_t dice_below(struct dice *dice, size_t limit); /* of 0: 0 */

/* Changes a JSON text of `length` bytes in one way, mostly so that it is JSON still: a number to an edge,
 * a value to one of another type, members deleted, doubled, swapped, renamed; in a block of `room`
 * bytes. What is no JSON loses or changes some bytes. Returns the new length. */
size_t mutate_json(char *text, size_t length, size_t room, struct dice *dice);

#endif
