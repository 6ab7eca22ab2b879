// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The tables of live blocks: bpf/blocks.h uses them, here they are made, larger and larger,
 * and cleared of what images that have ended leave. */
#include "kernel_internal.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static int table_new(struct kernel *kernel, uint32_t table)
{
	DECLARE_LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "captrack_blocks", sizeof(uint32_t),
				sizeof(struct ct_bucket), (uint32_t)CT_BLOCK_BUCKETS(table), &options);
	if (fd < 0)
		return -errno;
	kernel->block_tables[table] = fd;
	/* The kernel half looks into tables that are not there yet in vain, at no harm; the
	 * update waits for it to be done with what was in this place, which is nothing. */
	__atomic_store_n(&kernel->skeleton->data->block_table_count, table + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&kernel->skeleton->bss->tables_are_full, 0, __ATOMIC_RELEASE);
	int outer = bpf_map__fd(kernel->skeleton->maps.block_tables);
	return bpf_map_update_elem(outer, &table, &fd, BPF_ANY) ? -errno : 0;
}

int kernel_open_block_tables(struct kernel *kernel)
{
	for (int i = 0; i < CT_BLOCK_TABLES; i++)
		kernel->block_tables[i] = -1;
	return table_new(kernel, 0);
}

void kernel_close_block_tables(struct kernel *kernel)
{
	for (int i = 0; i < CT_BLOCK_TABLES; i++)
		if (kernel->block_tables[i] >= 0)
			close(kernel->block_tables[i]);
}

int kernel_add_block_table(struct kernel *kernel, const struct ct_blocks_event *event)
{
	uint32_t tables = kernel->skeleton->data->block_table_count;
	uint64_t room = 0;
	for (uint32_t i = 0; i < tables; i++)
		room += CT_BLOCK_BUCKETS(i) * CT_BUCKET_BLOCKS;
	/* Twice as much room as blocks is enough for all of them. */
	if (tables == CT_BLOCK_TABLES || room / 2 >= kernel->max_live)
		return 0;
	if (event->tables == tables)
		return table_new(kernel, tables);
	/* Of before the last table was there; who finds that one full must be able to say so. */
	__atomic_store_n(&kernel->skeleton->bss->tables_are_full, 0, __ATOMIC_RELEASE);
	return 0;
}

static size_t table_bytes(uint32_t table)
{
	return CT_BLOCK_BUCKETS(table) * sizeof(struct ct_bucket);
}

/* The table as it lies in memory; NULL where it is not there. */
static struct ct_bucket *table_map(struct kernel *kernel, uint32_t table)
{
	int fd = kernel->block_tables[table];
	void *buckets = fd < 0 ? MAP_FAILED
			       : mmap(NULL, table_bytes(table), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return buckets == MAP_FAILED ? NULL : buckets;
}

static int table_read(const struct ct_bucket *buckets, uint32_t table, uint32_t image,
		      int (*visit)(void *context, const struct ct_block *block), void *context)
{
	int result = 0;
	for (uint64_t i = 0; i < CT_BLOCK_BUCKETS(table) && !result; i++) {
		for (int k = 0; k < CT_BUCKET_BLOCKS && !result; k++) {
			const struct ct_bucket *bucket = &buckets[i];
			if (CT_BLOCK_IMAGE(bucket->key[k]) != image || bucket->key[k] & CT_BLOCK_FREED)
				continue;
			struct ct_block block = {.size = CT_SLOT_SIZE(bucket->slot[k]),
						 .stack = CT_SLOT_STACK(bucket->slot[k]),
						 .ns = bucket->ns[k],
						 .origin = bucket->origin[k]};
			result = visit(context, &block);
		}
	}
	return result;
}

static int overflow_read(struct kernel *kernel, uint32_t image,
			 int (*visit)(void *context, const struct ct_block *block), void *context)
{
	int fd = bpf_map__fd(kernel->skeleton->maps.overflow), result = 0;
	struct ct_block block;
	__u64 key, *from = NULL;
	while (!result && bpf_map_get_next_key(fd, from, &key) == 0) {
		if (CT_BLOCK_IMAGE(key) == image && bpf_map_lookup_elem(fd, &key, &block) == 0)
			result = visit(context, &block);
		from = &key;
	}
	return result;
}

int kernel_read_blocks(struct kernel *kernel, uint32_t image,
		       int (*visit)(void *context, const struct ct_block *block), void *context)
{
	int result = 0;
	for (uint32_t i = 0; i < CT_BLOCK_TABLES && !result; i++) {
		struct ct_bucket *buckets = table_map(kernel, i);
		if (!buckets)
			continue;
		result = table_read(buckets, i, image, visit, context);
		munmap(buckets, table_bytes(i));
	}
	return result ? result : overflow_read(kernel, image, visit, context);
}

static void table_drop(struct ct_bucket *buckets, uint32_t table, uint32_t image)
{
	for (uint64_t i = 0; i < CT_BLOCK_BUCKETS(table); i++)
		for (int k = 0; k < CT_BUCKET_BLOCKS; k++)
			if (CT_BLOCK_IMAGE(buckets[i].key[k]) == image)
				__atomic_store_n(&buckets[i].key[k], 0, __ATOMIC_RELEASE);
	munmap(buckets, table_bytes(table));
}

static void overflow_drop(struct kernel *kernel, uint32_t image)
{
	int fd = bpf_map__fd(kernel->skeleton->maps.overflow);
	__u64 key, next;
	bool more = bpf_map_get_next_key(fd, NULL, &next) == 0;
	while (more) { /* the next key is looked up before this one goes */
		key = next;
		more = bpf_map_get_next_key(fd, &key, &next) == 0;
		if (CT_BLOCK_IMAGE(key) == image && bpf_map_delete_elem(fd, &key) == 0)
			__atomic_fetch_sub(&kernel->skeleton->bss->overflow_count, 1, __ATOMIC_RELAXED);
	}
}

void kernel_drop_blocks(struct kernel *kernel, uint32_t image)
{
	for (uint32_t i = 0; i < CT_BLOCK_TABLES; i++) {
		struct ct_bucket *buckets = table_map(kernel, i);
		if (buckets)
			table_drop(buckets, i, image);
	}
	overflow_drop(kernel, image);
}
