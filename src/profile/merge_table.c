// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A table of hashes and indexes, and the hash. */
#include "merge_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

const struct merge_entry *table_find(const struct merge_table *table, uint64_t hash)
{
	struct merge_entry *entry;
	HASH_FIND_BYHASHVALUE(hh, table->entries, &hash, sizeof(hash), (unsigned int)hash, entry);
	return entry;
}

int table_add(struct merge_table *table, uint64_t hash, uint32_t index)
{
	struct merge_entry *same = (struct merge_entry *)(uintptr_t)table_find(table, hash);
	struct merge_entry *entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	entry->hash = hash;
	entry->index = index;
	if (same) {
		entry->next = same->next;
		same->next = entry;
		return 0;
	}
	HASH_ADD_BYHASHVALUE(hh, table->entries, hash, sizeof(entry->hash), (unsigned int)hash, entry);
	return 0;
}

void table_clear(struct merge_table *table)
{
	struct merge_entry *entry = table->entries;
	HASH_CLEAR(hh, table->entries); /* its own memory; the entries are left, with their order */
	while (entry) {
		struct merge_entry *next = entry->hh.next;
		for (struct merge_entry *same = entry->next, *after; same; same = after) {
			after = same->next;
			free(same);
		}
		free(entry);
		entry = next;
	}
}

uint64_t hash_seed(void)
{
	uint64_t seed = 0;
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
		return (uintptr_t)&seed;
	return seed;
}

/* The mixing of splitmix64: a bijection, each bit of the number changes half of the bits. */
uint64_t hash_number(uint64_t hash, uint64_t number)
{
	uint64_t z = (hash ^ number) + 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint64_t hash_text(uint64_t hash, const char *text)
{
	size_t length = text ? strlen(text) : 0;
	hash = hash_number(hash, text ? length : UINT64_MAX);
	for (size_t at = 0; at < length; at += sizeof(uint64_t)) {
		uint64_t word = 0;
		size_t left = length - at;
		memcpy(&word, text + at, left < sizeof(word) ? left : sizeof(word));
		hash = hash_number(hash, word);
	}
	return hash;
}
