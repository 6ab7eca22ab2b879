// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Texts by number: an open hash table. */
#include "compare_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash_bytes(const char *bytes, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3;
	return hash ^ hash >> 32;
}

/* Room for one more, at most half full. */
static int make_room(struct text_table *table)
{
	size_t slots = table->slots ? table->mask + 1 : 0;
	if (2 * (table->n + 1) <= slots)
		return 0;
	if (table->n >= UINT32_MAX / 4)
		return -ENOMEM;
	slots = slots ? 2 * slots : 64;
	struct text *texts = realloc(table->texts, slots / 2 * sizeof(*texts));
	uint32_t *larger = calloc(slots, sizeof(*larger));
	table->texts = texts ? texts : table->texts;
	if (!texts || !larger) {
		free(larger);
		return -ENOMEM;
	}
	free(table->slots);
	table->slots = larger;
	table->mask = slots - 1;
	for (size_t i = 0; i < table->n; i++) {
		size_t slot = texts[i].hash & table->mask;
		while (larger[slot])
			slot = (slot + 1) & table->mask;
		larger[slot] = (uint32_t)i + 1;
	}
	return 0;
}

int64_t text_number(struct text_table *table, const char *bytes, size_t length)
{
	uint64_t hash = hash_bytes(bytes, length);
	if (make_room(table))
		return -ENOMEM;
	size_t slot = hash & table->mask;
	for (; table->slots[slot]; slot = (slot + 1) & table->mask) {
		const struct text *text = &table->texts[table->slots[slot] - 1];
		if (text->hash == hash && text->length == length && !memcmp(text->bytes, bytes, length))
			return table->slots[slot] - 1;
	}
	char *copy = malloc(length + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, bytes, length);
	copy[length] = '\0';
	table->texts[table->n] = (struct text){.bytes = copy, .length = length, .hash = hash};
	table->slots[slot] = (uint32_t)table->n + 1;
	return (int64_t)table->n++;
}

void text_table_deinit(struct text_table *table)
{
	for (size_t i = 0; i < table->n; i++)
		free(table->texts[i].bytes);
	free(table->texts);
	free(table->slots);
	*table = (struct text_table){0};
}
