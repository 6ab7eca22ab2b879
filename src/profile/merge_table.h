/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_MERGE_TABLE_H
#define CAPTRACK_MERGE_TABLE_H

#include <stdint.h>

#include <uthash.h>

/* What was seen before, by a hash of all that makes two things equal. A table knows hashes and indexes
 * only; who looks something up compares it with each that has its hash:
 *
 *	for (const struct merge_entry *entry = table_find(table, hash); entry; entry = entry->next)
 *		if (equal(&things[entry->index], wanted)) ...
 */
struct merge_entry {
	uint64_t hash;
	uint32_t index;
	struct merge_entry *next; /* of the same hash */
	UT_hash_handle hh;
};

struct merge_table {
	struct merge_entry *entries;
};

const struct merge_entry *table_find(const struct merge_table *table, uint64_t hash);
int table_add(struct merge_table *table, uint64_t hash, uint32_t index); /* -ENOMEM */
void table_clear(struct merge_table *table);

/* Of what came before and one thing more. Files are anybody's: hashes begin with a random number, so that
 * nobody can make up things of one hash. */
uint64_t hash_seed(void);
uint64_t hash_number(uint64_t hash, uint64_t number);
uint64_t hash_text(uint64_t hash, const char *text); /* NULL is not "" */

#endif
