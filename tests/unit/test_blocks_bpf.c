// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The kernel half's tables of live blocks, compiled for the host. */
#include "bpf_host.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { IMAGE = 3, FIRST_SLOTS = 4 << CT_FIRST_BUCKETS_LOG2 };

static void add_table(void)
{
	__u32 table = block_table_count, any = 0;
	bpf_map_update_elem(&block_tables, &table, &any, BPF_ANY);
	block_table_count = table + 1;
	tables_are_full = 0;
}

static int set_up(void **state)
{
	(void)state;
	host_reset();
	block_table_count = 0;
	overflow_count = 0;
	add_table();
	return 0;
}

static __u64 key_of(__u64 number)
{
	return CT_BLOCK_KEY(IMAGE, 0x7f1200000000 + 48 * number);
}

static void put(__u64 key, __u64 size)
{
	struct ct_block block = {.size = size, .stack = 1 + size % 1000};
	assert_true(block_put(key, &block));
}

static void expect(__u64 key, __u64 size)
{
	struct ct_block block = {.size = 77, .stack = 77};
	if (!block_take(key, &block, 0) || block.size != size || block.stack != 1 + size % 1000)
		fail_msg("%llx: %llu bytes of stack %llu, not %llu", key, block.size, block.stack, size);
	if (block_take(key, &block, 0))
		fail_msg("%llx is still there", key);
}

static void test_what_is_put_is_taken_once(void **state)
{
	(void)state;
	const __u64 sizes[] = {0, 1, 4096, CT_SLOT_MOST_BYTES, CT_SLOT_MOST_BYTES + 1, 1ull << 46};
	struct ct_block block;
	assert_false(block_take(key_of(0), &block, 0));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		put(key_of(i), sizes[i]);
	assert_int_equal(overflow_count, 2); /* those that a slot cannot say */
	/* The same address in another process is another block. */
	assert_false(block_take(CT_BLOCK_KEY(IMAGE + 1, 0x7f1200000000), &block, 0));
	for (size_t i = sizeof(sizes) / sizeof(*sizes); i-- > 0;)
		expect(key_of(i), sizes[i]);
	assert_int_equal(overflow_count, 0);
}

static void test_a_full_bucket_runs_over(void **state)
{
	(void)state;
	__u64 keys[CT_BUCKET_BLOCKS + 2];
	size_t found = 0;
	const struct ct_bucket *bucket = bucket_of(key_of(0), 0);
	for (__u64 i = 0; found < sizeof(keys) / sizeof(*keys); i++)
		if (bucket_of(key_of(i), 0) == bucket)
			keys[found++] = key_of(i);
	for (size_t i = 0; i < found; i++)
		put(keys[i], i);
	assert_int_equal(overflow_count, 2);
	expect(keys[1], 1);
	put(keys[1], 5000); /* there is room in the bucket again */
	assert_int_equal(overflow_count, 2);
	host.full = &overflow;
	struct ct_block block = {.size = 1, .stack = 1};
	__u64 another = key_of(found);
	while (bucket_of(another, 0) != bucket || another <= keys[found - 1])
		another += 16;
	assert_false(block_put(another, &block));
	assert_false(block_take(another, &block, 0));
	host.full = NULL;
	expect(keys[1], 5000);
	for (size_t i = 0; i < found; i++)
		if (i != 1)
			expect(keys[i], i);
	assert_int_equal(overflow_count, 0);
}

/* Four times as many as the first table holds, which asks for others in time. */
static void test_tables_grow(void **state)
{
	(void)state;
	enum { MANY = 4 * FIRST_SLOTS };
	size_t asked = 0;
	__u32 most = 0;
	for (__u64 i = 0; i < MANY; i++) {
		put(key_of(i), i);
		most = overflow_count > most ? overflow_count : most;
		if (host.event_count == asked)
			continue;
		const struct ct_blocks_event *event = (const void *)&host.event[asked++];
		assert_int_equal(event->kind, CT_EVENT_BLOCKS);
		assert_int_equal(event->tables, block_table_count);
		add_table();
	}
	assert_int_equal(asked, block_table_count - 1);
	assert_true(asked >= 1 && asked <= 2);
	assert_true(most < FIRST_SLOTS / 4);
	/* Which table a block is in does not matter, nor the order. */
	for (__u64 i = 0; i < MANY; i += 2)
		expect(key_of(i), i);
	for (__u64 i = 0; i < MANY; i += 2)
		put(key_of(i), i + 7);
	for (__u64 i = MANY; i-- > 0;)
		expect(key_of(i), i % 2 ? i : i + 7);
	assert_int_equal(overflow_count, 0);
}

/* Blocks at equal distances, as a program's records are, fill the first table evenly enough: of
 * half as many as it has room for, few find no bucket. */
static void test_no_distance_crowds(void **state)
{
	(void)state;
	enum { BLOCKS = FIRST_SLOTS / 2 };
	static unsigned char taken[1 << CT_FIRST_BUCKETS_LOG2];
	for (__u64 distance = 32; distance <= 65536; distance += distance < 4096 ? 16 : 4096) {
		size_t over = 0;
		memset(taken, 0, sizeof(taken));
		for (__u64 i = 0; i < BLOCKS; i++) {
			__u32 bucket = bucket_index(CT_BLOCK_KEY(IMAGE, 0x7f1200000010 + i * distance), 0);
			assert_true(bucket < sizeof(taken));
			over += taken[bucket]++ >= CT_BUCKET_BLOCKS;
		}
		if (over > BLOCKS / 3)
			fail_msg("%zu of %d blocks at a distance of %llu find no bucket", over, BLOCKS,
				 distance);
	}
}

/* It is told once that the tables are full, until there is another. */
static void test_growth_is_asked_for_once(void **state)
{
	(void)state;
	for (__u64 i = 0; i < 2 * FIRST_SLOTS; i++)
		put(key_of(i), i);
	assert_int_equal(host.event_count, 1);
	for (__u64 i = 0; i < 2 * FIRST_SLOTS; i++)
		expect(key_of(i), i);
}

/* A key that is freed is known until its place is another's. */
static void test_what_was_freed_is_known(void **state)
{
	(void)state;
	struct ct_block block = {0};
	assert_false(block_was_freed(key_of(1), &block, false));
	put(key_of(1), 100);
	assert_false(block_was_freed(key_of(1), &block, false));
	expect(key_of(1), 100);
	assert_true(block_was_freed(key_of(1), &block, false));
	assert_int_equal(block.stack, 101);
	assert_true(block_was_freed(key_of(1), &block, false));
	assert_false(block_was_freed(key_of(2), &block, false));
	assert_false(block_was_freed(CT_BLOCK_KEY(IMAGE + 1, 0x7f1200000000 + 48), &block, false));
	put(key_of(1), 200); /* handed out again */
	expect(key_of(1), 200);
	assert_true(block_was_freed(key_of(1), &block, true)); /* and forgotten */
	assert_false(block_was_freed(key_of(1), &block, false));
}

/* Places of freed blocks are room for others: a table does not fill with them. */
static void test_freed_places_are_room(void **state)
{
	(void)state;
	for (__u64 i = 0; i < 8 * FIRST_SLOTS; i++) {
		put(key_of(i), i);
		expect(key_of(i), i);
	}
	assert_int_equal(overflow_count, 0);
	assert_int_equal(host.event_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_what_is_put_is_taken_once, set_up),
		cmocka_unit_test_setup(test_a_full_bucket_runs_over, set_up),
		cmocka_unit_test_setup(test_tables_grow, set_up),
		cmocka_unit_test_setup(test_no_distance_crowds, set_up),
		cmocka_unit_test_setup(test_growth_is_asked_for_once, set_up),
		cmocka_unit_test_setup(test_what_was_freed_is_known, set_up),
		cmocka_unit_test_setup(test_freed_places_are_room, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
