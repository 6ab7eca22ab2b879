// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* perf's PERF_RECORD_MMAP2: the kernel writes one into a ring for each executable
 * mapping, so the map of a process that lives three milliseconds is known after its
 * death. See perf_event_open(2). An inherited event may only be mapped per CPU. */
#include "captrack/target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RING_PAGES = 64 };

struct mapping_news {
	int cpus;
	int *fds;
	struct perf_event_mmap_page **rings;
	size_t page;
	char *record; /* one record, made contiguous */
	uint64_t lost;
};

struct mmap2_record {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t start, length, offset;
	uint32_t major, minor;
	uint64_t inode, inode_generation;
	uint32_t prot, flags;
	char path[];
};

void mapping_news_free(struct mapping_news *news)
{
	if (!news)
		return;
	for (int i = 0; i < news->cpus; i++) {
		if (news->rings && news->rings[i])
			munmap(news->rings[i], (RING_PAGES + 1) * news->page);
		if (news->fds && news->fds[i] >= 0)
			close(news->fds[i]);
	}
	free(news->rings);
	free(news->fds);
	free(news->record);
	free(news);
}

static int news_open_cpu(struct mapping_news *news, pid_t pid, int cpu, int slot)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.size = sizeof(attr),
		.mmap = 1,
		.mmap2 = 1,
		.inherit = 1,
		.watermark = 1,
		.wakeup_watermark = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return errno == ENODEV ? 0 : -errno; /* ENODEV: the CPU is offline */
	news->fds[slot] = fd;
	void *ring = mmap(NULL, (RING_PAGES + 1) * news->page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED)
		return -errno;
	news->rings[slot] = ring;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return 0;
}

int mapping_news_open(pid_t pid, struct mapping_news **out, struct ct_error *err)
{
	struct mapping_news *news = calloc(1, sizeof(*news));
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int result = -ENOMEM;
	if (!news)
		return ct_fail(err, result, "out of memory");
	news->page = (size_t)sysconf(_SC_PAGESIZE);
	news->fds = calloc((size_t)cpus, sizeof(*news->fds));
	news->rings = calloc((size_t)cpus, sizeof(*news->rings));
	news->record = malloc(UINT16_MAX + 1);
	if (!news->fds || !news->rings || !news->record)
		goto fail;
	news->cpus = (int)cpus;
	memset(news->fds, -1, (size_t)cpus * sizeof(*news->fds));
	for (int cpu = 0; cpu < cpus; cpu++) {
		result = news_open_cpu(news, pid, cpu, cpu);
		if (result)
			goto fail;
	}
	*out = news;
	return 0;
fail:
	mapping_news_free(news);
	return ct_fail(err, result, "cannot watch the mappings of process %d: perf_event_open: %s", pid,
		       strerror(-result));
}

int mapping_news_fds(const struct mapping_news *news, const int **fds)
{
	*fds = news->fds;
	return news->cpus;
}

static void copy_out(const struct mapping_news *news, const char *data, uint64_t position, void *to,
		     size_t bytes)
{
	size_t size = RING_PAGES * news->page;
	size_t at = position & (size - 1);
	size_t first = bytes < size - at ? bytes : size - at;
	memcpy(to, data + at, first);
	memcpy((char *)to + first, data, bytes - first);
}

static void take_record(struct mapping_news *news, struct mappings *mappings)
{
	const struct perf_event_header *header = (const void *)news->record;
	if (header->type == PERF_RECORD_LOST) {
		const uint64_t *lost = (const void *)(news->record + sizeof(*header));
		news->lost += lost[1];
		return;
	}
	const struct mmap2_record *map = (const void *)news->record;
	if (header->type != PERF_RECORD_MMAP2 || header->size <= sizeof(*map) || !map->inode)
		return;
	news->record[header->size] = '\0';
	const struct mapping mapping = {
		.pid = (pid_t)map->pid,
		.start = map->start,
		.end = map->start + map->length,
		.device = (uint64_t)map->major << 20 | map->minor,
		.inode = map->inode,
	};
	if (map->path[0] == '/' && strncmp(map->path, "//anon", 6))
		mappings_add(mappings, &mapping, map->path);
}

uint64_t mapping_news_take(struct mapping_news *news, struct mappings *mappings)
{
	for (int i = 0; i < news->cpus; i++) {
		struct perf_event_mmap_page *ring = news->rings[i];
		if (!ring)
			continue;
		uint64_t head = __atomic_load_n(&ring->data_head, __ATOMIC_ACQUIRE);
		uint64_t tail = ring->data_tail;
		const char *data = (const char *)ring + news->page;
		while (head - tail >= sizeof(struct perf_event_header)) {
			struct perf_event_header header;
			copy_out(news, data, tail, &header, sizeof(header));
			if (header.size < sizeof(header) || header.size > head - tail)
				break;
			copy_out(news, data, tail, news->record, header.size);
			take_record(news, mappings);
			tail += header.size;
		}
		__atomic_store_n(&ring->data_tail, head, __ATOMIC_RELEASE);
	}
	return news->lost;
}
