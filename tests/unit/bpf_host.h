/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef BPF_HOST_H
#define BPF_HOST_H

/* The kernel half's unwinder on the host: its headers from bpf/ as they are, over a
 * made-up kernel. `host` is what that kernel knows; tests fill it after host_reset().
 * To be included first: vmlinux.h has its own bool and NULL, which the C library's
 * headers may replace, not the other way round. */

#ifndef __x86_64__
#error "the unwinder knows x86-64 only"
#endif

/* bpf/ is checked by clang with its own flags. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpointer-arith"

#define __TARGET_ARCH_x86
#include "../../vmlinux/vmlinux.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "captrack/records.h"

/* --- what the kernel knows --- */

enum { HOST_VMAS = 64, HOST_MEMORIES = 4, HOST_EVENTS = 64 };

struct host_memory { /* of the target */
	__u64 start, size;
	const void *bytes;
};

struct host_vma {
	struct vm_area_struct vma;
	struct file file;
	struct inode inode;
	struct super_block disk;
};

static struct {
	struct task_struct task;
	struct mm_struct mm;
	struct uprobe_task utask;
	struct xol_area xol;
	struct host_vma vmas[HOST_VMAS];
	size_t vma_count;
	__u32 busy;    /* so many times more bpf_find_vma() says -EBUSY */
	__u32 lookups; /* of VMAs */
	struct host_memory memories[HOST_MEMORIES];
	size_t memory_count;
	int memory_fd;             /* this process's own memory; -1: the above */
	__u32 user_reads;          /* of the target's memory */
	const void *unreadable;    /* kernel memory: reading it fails */
	__u64 now, tick;           /* the clock, and by how much it advances when it is read */
	void (*on_clock)(void);    /* may be NULL */
	const void *full;          /* a map without room for another element */
	__u32 pushed[HOST_EVENTS]; /* in the one map that is a stack */
	size_t pushed_count;
	struct ct_code_event event[HOST_EVENTS];
	size_t event_count;
	void (*on_event)(const struct ct_code_event *event); /* may be NULL */
} host;

/* --- maps: all in one hash table, by map and key --- */

struct host_element {
	struct host_element *next;
	const void *map;
	__u8 key[16];
	__u64 value[]; /* of its size to the byte: the sanitizer sees what goes beyond */
};

static struct host_element *host_table[1 << 12];

/* Where the element is, or would be linked. */
static struct host_element **host_place(const void *map, const void *key, size_t size)
{
	const __u8 *byte = key;
	__u64 hash = (uintptr_t)map;
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3ull;
	struct host_element **at = &host_table[hash >> 20 & ((1 << 12) - 1)];
	while (*at && ((*at)->map != map || memcmp((*at)->key, key, size)))
		at = &(*at)->next;
	return at;
}

static long host_update(const void *map, const void *key, const void *value, __u64 flags, size_t key_size,
			size_t value_size)
{
	struct host_element **at = host_place(map, key, key_size);
	if (*at && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!*at) {
		if (host.full == map)
			return -E2BIG;
		struct host_element *made = calloc(1, sizeof(*made) + value_size);
		assert(made && key_size <= sizeof(made->key));
		made->map = map;
		memcpy(made->key, key, key_size);
		*at = made;
	}
	if (value)
		memcpy((*at)->value, value, value_size);
	return 0;
}

static void *host_lookup(const void *map, const void *key, size_t key_size, size_t value_size, bool array)
{
	struct host_element **at = host_place(map, key, key_size);
	if (!*at && array) /* all of an array's elements are there */
		host_update(map, key, NULL, BPF_ANY, key_size, value_size);
	return *at ? (*at)->value : NULL;
}

static long host_delete(const void *map, const void *key, size_t size)
{
	struct host_element **at = host_place(map, key, size), *gone = *at;
	if (!gone)
		return -ENOENT;
	*at = gone->next;
	free(gone);
	return 0;
}

static void host_reset(void)
{
	for (size_t i = 0; i < sizeof(host_table) / sizeof(*host_table); i++) {
		for (struct host_element *next, *at = host_table[i]; at; at = next) {
			next = at->next;
			free(at);
		}
		host_table[i] = NULL;
	}
	memset(&host, 0, sizeof(host));
	host.memory_fd = -1;
	host.task.pid = host.task.tgid = 42;
	host.task.mm = &host.mm;
	host.now = 1000000;
	host.tick = 1;
}

/* --- helpers --- */

/* All or nothing, as in the kernel; what cannot be read is zero. */
static long host_read_user(void *to, size_t size, __u64 address)
{
	host.user_reads++;
	if (host.memory_fd >= 0 && pread(host.memory_fd, to, size, (off_t)address) == (ssize_t)size)
		return 0;
	for (size_t i = 0; i < host.memory_count; i++) {
		const struct host_memory *memory = &host.memories[i];
		if (address < memory->start || address + size > memory->start + memory->size)
			continue;
		memcpy(to, (const char *)memory->bytes + (address - memory->start), size);
		return 0;
	}
	memset(to, 0, size);
	return -EFAULT;
}

static long host_read_kernel(void *to, size_t size, const void *from)
{
	if ((uintptr_t)from < 4096 || (uintptr_t)from - (uintptr_t)host.unreadable < 256) {
		memset(to, 0, size);
		return -EFAULT;
	}
	memcpy(to, from, size);
	return 0;
}

static long host_find_vma(__u64 address, struct vm_area_struct **found)
{
	host.lookups++;
	if (host.busy) {
		host.busy--;
		return -EBUSY;
	}
	for (size_t i = 0; i < host.vma_count; i++) {
		*found = &host.vmas[i].vma;
		if (address >= (*found)->vm_start && address < (*found)->vm_end)
			return 0;
	}
	return -ENOENT;
}

static __u64 host_clock(void)
{
	if (host.on_clock)
		host.on_clock();
	return host.now += host.tick;
}

static long host_tell(const void *event, size_t size)
{
	assert(size <= sizeof(*host.event) && host.event_count < HOST_EVENTS);
	memcpy(&host.event[host.event_count++], event, size);
	if (host.on_event)
		host.on_event(event);
	return 0;
}

/* A map is a variable whose type says all of it. */
#define __uint(name, number) int(*name)[number]
#define __type(name, of)     __typeof__(of) *name
#define __array(name, of)    __typeof__(of) *(*name)[]
#define SEC(name)

/* What a map of maps has at a place is a map of buckets or of details, known by that place. */
struct host_buckets {
	int (*type)[BPF_MAP_TYPE_ARRAY];
	__u32 *key;
	struct ct_bucket *value;
};
struct host_details {
	int (*type)[BPF_MAP_TYPE_ARRAY];
	__u32 *key;
	struct ct_details *value;
};
#define HOST_IS(map, type) __builtin_types_compatible_p(__typeof__(map), type)
#define HOST_SHAPE(map)                                                                                      \
	__builtin_choose_expr(                                                                               \
		HOST_IS(map, void *), (struct host_buckets *)0,                                              \
		__builtin_choose_expr(HOST_IS(map, struct details_chunk *), (struct host_details *)0, map))

#define bpf_map_lookup_elem(map, k)                                                                          \
	host_lookup(map, k, sizeof(*HOST_SHAPE(map)->key), sizeof(*HOST_SHAPE(map)->value),                  \
		    sizeof(*HOST_SHAPE(map)->type) == sizeof(int[BPF_MAP_TYPE_ARRAY]))
#define bpf_map_update_elem(map, k, v, flags)                                                                \
	host_update(map, k, v, flags, sizeof(*(map)->key), sizeof(*(map)->value))
#define bpf_map_delete_elem(map, k)      host_delete(map, k, sizeof(*(map)->key))
#define bpf_map_pop_elem(map, v)         (host.pushed_count ? (*(v) = host.pushed[--host.pushed_count], 0) : -ENOENT)
#define bpf_map_push_elem(map, v, flags) (host.pushed[host.pushed_count++] = *(v))

#define bpf_loop(count, step, context, flags)                                                                \
	do {                                                                                                 \
		assert((count) <= 1 << 23); /* the most that the kernel does */                              \
		for (__u32 round_ = 0; round_ < (count) && !step(round_, context); round_++)                 \
			;                                                                                    \
	} while (0)

#define bpf_find_vma(task, address, callback, context, flags)                                                \
	({                                                                                                   \
		struct vm_area_struct *vma_ = NULL;                                                          \
		long result_ = host_find_vma(address, &vma_);                                                \
		if (!result_)                                                                                \
			callback(task, vma_, context);                                                       \
		result_;                                                                                     \
	})

#define bpf_probe_read_user(to, size, from)             host_read_user(to, size, (__u64)(from))
#define bpf_probe_read_kernel(to, size, from)           host_read_kernel(to, size, from)
#define bpf_get_prandom_u32()                           ((__u32)random())
#define bpf_get_current_comm(to, size)                  memcpy(to, "host", 5)
#define bpf_get_current_task_btf()                      (&host.task)
#define bpf_get_current_pid_tgid()                      ((__u64)host.task.tgid << 32 | (__u32)host.task.pid)
#define bpf_ktime_get_ns()                              host_clock()
#define bpf_ringbuf_output(buffer, record, size, flags) host_tell(record, size)
#define bpf_seq_write(file, record, size)               host_tell(record, size)

/* Reads that may fail, then of zero, as libbpf's are. */
#define HOST_READ(from, field)                                                                               \
	({                                                                                                   \
		__typeof__((from)->field) value_;                                                            \
		host_read_kernel(&value_, sizeof(value_),                                                    \
				 (const char *)(from) + offsetof(__typeof__(*(from)), field));               \
		value_;                                                                                      \
	})
#define HOST_READ_2(from, a, b)       HOST_READ(HOST_READ(from, a), b)
#define HOST_READ_3(from, a, b, c)    HOST_READ(HOST_READ_2(from, a, b), c)
#define HOST_PICK(a, b, c, name, ...) name
#define BPF_CORE_READ(from, ...)                                                                             \
	HOST_PICK(__VA_ARGS__, HOST_READ_3, HOST_READ_2, HOST_READ)(from, __VA_ARGS__)

#define bpf_core_field_offset(type, field) offsetof(type, field)
#define bpf_core_type_exists(type)         1
#define barrier_var(variable)              __asm__ volatile("" : "+r"(variable))

#define PT_REGS_IP(registers) ((registers)->ip)
#define PT_REGS_SP(registers) ((registers)->sp)
#define PT_REGS_FP(registers) ((registers)->bp)

#undef __always_inline
#undef __noinline
#define __always_inline inline __attribute__((always_inline))
#define __noinline      __attribute__((noinline))

/* --- the kernel half --- */

#define const /* the loader sets max_depth and patience_ns before it loads; the tests at any time */
#include "../../bpf/maps.h"
#undef const
#include "../../bpf/details.h"
#include "../../bpf/growth.h"
#include "../../bpf/thread.h"
#include "../../bpf/accounting.h"
#include "../../bpf/vma.h"
#include "../../bpf/code.h"
#include "../../bpf/unwind.h"
#include "../../bpf/stack.h"
#include "../../bpf/blocks.h"

#pragma GCC diagnostic pop

/* --- what tests fill in --- */

enum { HOST_DEVICE = 8 << 20 | 1 };

/* A mapping of a file; inode 0: of none. */
static inline struct host_vma *host_map(__u64 start, __u64 size, __u64 flags, __u64 inode, __u64 offset)
{
	assert(host.vma_count < HOST_VMAS);
	struct host_vma *made = &host.vmas[host.vma_count++];
	made->disk.s_dev = HOST_DEVICE;
	made->inode = (struct inode){.i_sb = &made->disk, .i_ino = inode};
	made->file.f_inode = &made->inode;
	made->vma = (struct vm_area_struct){.vm_start = start,
					    .vm_end = start + size,
					    .vm_mm = &host.mm,
					    .vm_flags = flags,
					    .vm_pgoff = offset >> PAGE_SHIFT,
					    .vm_file = inode ? &made->file : NULL};
	if (flags & VM_EXEC)
		host.mm.exec_vm += size >> PAGE_SHIFT;
	return made;
}

static inline void host_add_memory(__u64 start, const void *bytes, __u64 size)
{
	assert(host.memory_count < HOST_MEMORIES && start % PAGE_BYTES == 0 && size % PAGE_BYTES == 0);
	host.memories[host.memory_count++] = (struct host_memory){start, size, bytes};
}

/* The loader's part: rows as a tree of chunks, see records.h. */
static void host_build_tree(const __u64 *rows, size_t count, struct ct_object *object)
{
	static __u32 last_chunk;
	__u64 *words = malloc((count + 1) * sizeof(*words));
	assert(words && count);
	memcpy(words, rows, count * sizeof(*words));
	object->levels = 0;
	do {
		size_t chunk_count = 0;
		for (size_t done = 0; done < count; done += CT_CHUNK_WORDS) {
			struct ct_chunk chunk;
			size_t taken = count - done < CT_CHUNK_WORDS ? count - done : CT_CHUNK_WORDS;
			memset(&chunk, 0xff, sizeof(chunk));
			memcpy(chunk.word, words + done, taken * sizeof(*words));
			object->root = ++last_chunk;
			bpf_map_update_elem(&chunks, &object->root, &chunk, BPF_ANY);
			words[chunk_count++] = CT_ROW(CT_ROW_START(words[done]), 0, 0, 0) | object->root;
		}
		count = chunk_count;
		object->levels++;
	} while (count > 1);
	free(words);
}

/* Gives a known object its state; and an unknown one the number. */
static inline void host_set_object(const struct ct_object_key *key, __u32 id, enum ct_object_state state,
				   const __u64 *rows, size_t count)
{
	struct ct_object object = {.id = id};
	const struct ct_object *known = bpf_map_lookup_elem(&objects, key);
	if (known)
		object = *known;
	object.state = state;
	if (count)
		host_build_tree(rows, count, &object);
	bpf_map_update_elem(&objects, key, &object, BPF_ANY);
}

#endif
