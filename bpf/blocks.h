/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_BPF_BLOCKS_H
#define CAPTRACK_BPF_BLOCKS_H

/* Live blocks, by address: tables of buckets, as records.h has them. A block may be in any
 * table, so a look-up goes from the newest, which is the largest, down; and what finds no
 * room in any is in an ordinary hash map, until user space has added a larger table. A
 * BPF hash map for all took a fifth of what an event costs.
 *
 * The key of a block that was freed stays, marked, till another block needs its place: so
 * it is known when the same block is freed again.
 *
 * Between the call of free and the return of malloc nobody else has the address, so who
 * swaps a key in or out has its slot to itself. */

#define CT_PAGE_BUCKETS_LOG2 6
#define CT_BUCKET_BYTES      128 /* of the heap: four of the smallest blocks */
#define CT_REGION_BYTES      (CT_BUCKET_BYTES << CT_PAGE_BUCKETS_LOG2)
#define CT_OVERFLOW_SHARE    64    /* one block in so many of the largest table's room, ... */
#define CT_OVERFLOW_MOST     32768 /* ... or so many: time to grow */

/* Blocks that lie side by side come and go together, so their buckets do too: those of
 * CT_REGION_BYTES are in one page of the table, in an order of its own (the highest bits of
 * the hash tell the page, others the order), or blocks at equal distances would crowd. */
static __always_inline __u32 bucket_index(__u64 key, __u32 table)
{
	__u64 hash = mixed(key / CT_REGION_BYTES) * GOLDEN;
	__u32 page = hash >> (64 - CT_FIRST_BUCKETS_LOG2 + CT_PAGE_BUCKETS_LOG2 - 2 * table);
	__u32 in_page = (key / CT_BUCKET_BYTES ^ hash) % (1 << CT_PAGE_BUCKETS_LOG2);
	return page << CT_PAGE_BUCKETS_LOG2 | in_page;
}

static __always_inline struct ct_bucket *bucket_of(__u64 key, __u32 table)
{
	void *buckets = bpf_map_lookup_elem(&block_tables, &table);
	__u32 index = bucket_index(key, table);
	return buckets ? bpf_map_lookup_elem(buckets, &index) : NULL;
}

/* freed_by: the stack, where it is known. */
static __always_inline bool bucket_take(struct ct_bucket *bucket, __u64 key, struct ct_block *block,
					__u32 freed_by)
{
#pragma unroll
	for (int i = 0; i < CT_BUCKET_BLOCKS; i++) {
		if (bucket->key[i] != key)
			continue;
		__u64 slot = bucket->slot[i];
		block->ns = no_details ? 0 : bucket->ns[i]; /* another cache line */
		block->origin = no_details ? 0 : bucket->origin[i];
		if (free_stacks) /* before the place is anybody's */
			bucket->origin[i] = freed_by;
		/* Two threads that free one block at once: only one gets it. */
		if (__sync_val_compare_and_swap(&bucket->key[i], key, key | CT_BLOCK_FREED) != key)
			return false;
		block->size = CT_SLOT_SIZE(slot);
		block->stack = CT_SLOT_STACK(slot);
		return true;
	}
	return false;
}

static __always_inline bool bucket_put(struct ct_bucket *bucket, __u64 key, const struct ct_block *block)
{
#pragma unroll
	for (int i = 0; i < CT_BUCKET_BLOCKS; i++) {
		__u64 former = bucket->key[i];
		if ((former && !(former & CT_BLOCK_FREED)) ||
		    __sync_val_compare_and_swap(&bucket->key[i], former, key) != former)
			continue;
		bucket->slot[i] = CT_SLOT(block->size, block->stack);
		if (no_details)
			return true;
		bucket->ns[i] = block->ns;
		bucket->origin[i] = block->origin;
		return true;
	}
	return false;
}

struct block_search {
	__u64 key;
	struct ct_block *block;
	__u32 newest;
	__u32 freed_by;
	__u32 done;
	__u32 forget;
};

static long search_table(__u32 index, struct block_search *search)
{
	__u32 table = search->newest - index;
	struct ct_bucket *bucket = table < CT_BLOCK_TABLES ? bucket_of(search->key, table) : NULL;
	search->done = bucket && bucket_take(bucket, search->key, search->block, search->freed_by);
	return search->done;
}

/* Takes a block out of the older tables and the overflow. */
__noinline int block_take_old(__u64 key, struct ct_block *block, __u32 freed_by)
{
	if (!block)
		return 0;
	__u32 tables = block_table_count;
	if (tables > 1) {
		struct block_search search = {
			.key = key, .block = block, .newest = tables - 2, .freed_by = freed_by};
		bpf_loop(tables - 1, search_table, &search, 0);
		if (search.done)
			return 1;
	}
	if (overflow_count) {
		struct ct_block *found = bpf_map_lookup_elem(&overflow, &key);
		if (found) {
			*block = *found;
			if (bpf_map_delete_elem(&overflow, &key) == 0) {
				__sync_fetch_and_add(&overflow_count, -1);
				return 1;
			}
		}
	}
	return 0;
}

static __always_inline bool block_take(__u64 key, struct ct_block *block, __u32 freed_by)
{
	__u32 newest = block_table_count - 1;
	struct ct_bucket *bucket = newest < CT_BLOCK_TABLES ? bucket_of(key, newest) : NULL;
	if (bucket && bucket_take(bucket, key, block, freed_by))
		return true;
	return (newest || overflow_count) && block_take_old(key, block, freed_by);
}

static long search_freed(__u32 index, struct block_search *search)
{
	__u32 table = search->newest - index;
	struct ct_bucket *bucket = table < CT_BLOCK_TABLES ? bucket_of(search->key, table) : NULL;
	__u64 marked = search->key | CT_BLOCK_FREED;
	for (int i = 0; bucket && i < CT_BUCKET_BLOCKS; i++) {
		if (bucket->key[i] != marked)
			continue;
		search->block->stack = CT_SLOT_STACK(bucket->slot[i]);
		search->block->origin = no_details ? 0 : bucket->origin[i];
		search->done = 1;
		if (search->forget)
			__sync_val_compare_and_swap(&bucket->key[i], marked, 0);
	}
	return search->done && !search->forget;
}

/* Whether a block that is not live was freed, as far as that is still known: then its stack, and as
 * origin the stack that freed it. `forget`: and it is not from here on. */
__noinline int block_was_freed(__u64 key, struct ct_block *block, bool forget)
{
	struct block_search search = {
		.key = key, .block = block, .newest = block_table_count - 1, .forget = forget};
	if (!block)
		return 0;
	bpf_loop(block_table_count, search_freed, &search, 0);
	return search.done;
}

static long put_in_table(__u32 index, struct block_search *search)
{
	__u32 table = search->newest - index;
	struct ct_bucket *bucket = table < CT_BLOCK_TABLES ? bucket_of(search->key, table) : NULL;
	search->done = bucket && bucket_put(bucket, search->key, search->block);
	return search->done;
}

/* Puts a block where there is room; 0 where there is none at all. */
__noinline int block_put_old(__u64 key, struct ct_block *block)
{
	if (!block)
		return 0;
	__u32 tables = block_table_count;
	if (block->size <= CT_SLOT_MOST_BYTES) {
		struct block_search search = {.key = key, .block = block, .newest = tables - 1};
		bpf_loop(tables, put_in_table, &search, 0);
		if (search.done)
			return 1;
	}
	struct ct_block copy = *block; /* for the verifiers of older kernels */
	if (bpf_map_update_elem(&overflow, &key, &copy, BPF_ANY))
		return 0;
	__u32 count = __sync_fetch_and_add(&overflow_count, 1);
	__u64 most = CT_BLOCK_BUCKETS(tables - 1) * CT_BUCKET_BLOCKS / CT_OVERFLOW_SHARE;
	if (count > (most < CT_OVERFLOW_MOST ? most : CT_OVERFLOW_MOST) &&
	    __sync_val_compare_and_swap(&tables_are_full, 0, 1) == 0) {
		struct ct_blocks_event event = {.kind = CT_EVENT_BLOCKS, .tables = tables};
		bpf_ringbuf_output(&events, &event, sizeof(event), 0);
	}
	return 1;
}

static __always_inline bool block_put(__u64 key, struct ct_block *block)
{
	__u32 newest = block_table_count - 1;
	struct ct_bucket *bucket = newest < CT_BLOCK_TABLES ? bucket_of(key, newest) : NULL;
	if (bucket && block->size <= CT_SLOT_MOST_BYTES && bucket_put(bucket, key, block))
		return true;
	return block_put_old(key, block);
}

#endif
