// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What a trap costs here, measured: less than 1 us on one machine, 15 us on another.
 *
 * A child that we fork (no exec) puts empty programs on functions of its own and calls them.
 * It does all by itself and tells by a shared page: opening probes waits for the kernel, and
 * taking them out for its grace periods, 0.2 s, which nobody here should wait for. */
#include "captrack/cost.h"

#include <errno.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "captrack/clock.h"
#include "kernel_internal.h"
#include "trap_sites.h"

enum {
	MEMORY = 65536, /* bytes: more than the nearest cache has */
	LEAST_CALLS = 20,
	MOST_CALLS = 100,
	MOST_NS = 1000000, /* of the calls of one site */
	MOST_SECONDS = 10, /* of the child's life before it has measured */
};

struct trap_meter {
	pid_t pid;
	struct shared {
		struct trap_cost cost;
		atomic_bool ready;
	} * shared;
};

/* The place of a function in the file that we run. */
struct place {
	uintptr_t address;
	uint64_t offset;
};

static int find_place(struct dl_phdr_info *info, size_t size, void *data)
{
	struct place *place = data;
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + segment->p_vaddr;
		if (segment->p_type == PT_LOAD && place->address - start < segment->p_filesz)
			place->offset = place->address - start + segment->p_offset;
	}
	return 1; /* the first object is the program */
}

static uint64_t offset_of(void (*function)(void))
{
	struct place place = {.address = (uintptr_t)function};
	dl_iterate_phdr(find_place, &place);
	return place.offset;
}

static int load_empty(enum link_way way)
{
	const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	DECLARE_LIBBPF_OPTS(bpf_prog_load_opts, options,
			    .expected_attach_type = (enum bpf_attach_type)link_attach_type(way));
	return bpf_prog_load(BPF_PROG_TYPE_KPROBE, "captrack_empty", "GPL", nothing, 2, &options);
}

/* The descriptors are left open: the probes stay to the child's end. */
static int probe(enum link_way way, void (*const *functions)(void), size_t count, bool leave)
{
	uint64_t offsets[4];
	int fds[4];
	size_t used;
	int program = load_empty(way);
	if (program < 0)
		return program;
	for (size_t i = 0; i < count; i++)
		offsets[i] = offset_of(functions[i]);
	const struct link_places places = {.pid = getpid(),
					   .path = "/proc/self/exe",
					   .offsets = offsets,
					   .count = count,
					   .leave = leave};
	return link_open(way, program, &places, fds, &used);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* A target does other things between two calls, and finds the kernel's code and data out of the
 * nearest caches; so do we. */
static void walk_memory(void)
{
	static volatile char memory[MEMORY];
	for (size_t i = 0; i < MEMORY; i += 64)
		memory[i]++;
}

/* ns of a call, the median, for what else runs here makes some slower. */
static uint32_t measure(void (*function)(void))
{
	uint64_t taken[MOST_CALLS], begin = clock_monotonic_ns(), now = begin;
	size_t calls = 0;
	while (calls < MOST_CALLS && (calls < LEAST_CALLS || now - begin < MOST_NS)) {
		walk_memory();
		uint64_t start = clock_monotonic_ns();
		function();
		now = clock_monotonic_ns();
		taken[calls++] = now - start;
	}
	qsort(taken, calls, sizeof(*taken), compare);
	return taken[calls / 2] < UINT32_MAX ? (uint32_t)taken[calls / 2] : UINT32_MAX;
}

static void __attribute__((noreturn)) child_main(struct shared *shared, pid_t parent)
{
	void (*const entries[])(void) = {trap_site_emulated, trap_site_stepped, trap_site_both};
	void (*const leaves[])(void) = {trap_site_both};
	void (*const sessions[])(void) = {trap_site_session};
	/* Else a pipe that we were given would stay open after the profiler's end. */
	close_range(0, ~0u, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	alarm(MOST_SECONDS);
	enum link_way best = link_best_way(), way = best == LINK_SESSION ? LINK_MULTI : best;
	if (probe(way, leaves, 1, true) || probe(way, entries, 3, false))
		_exit(1);
	shared->cost.emulated = measure(trap_site_emulated);
	shared->cost.stepped = measure(trap_site_stepped);
	shared->cost.both = measure(trap_site_both);
	if (best == LINK_SESSION && probe(LINK_SESSION, sessions, 1, false) == 0)
		shared->cost.session = measure(trap_site_session);
	atomic_store(&shared->ready, true);
	/* Perf uprobes are taken out under a lock that the profiler's own need: not before it ends. */
	while (way == LINK_PERF) {
		alarm(0);
		pause();
	}
	_exit(0);
}

struct trap_meter *trap_meter_start(void)
{
	struct trap_meter *meter = calloc(1, sizeof(*meter));
	if (!meter)
		return NULL;
	meter->shared =
		mmap(NULL, sizeof(*meter->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (meter->shared == MAP_FAILED) {
		free(meter);
		return NULL;
	}
	pid_t parent = getpid();
	meter->pid = fork();
	if (meter->pid == 0)
		child_main(meter->shared, parent);
	if (meter->pid > 0)
		return meter;
	trap_meter_free(meter);
	return NULL;
}

bool trap_meter_read(const struct trap_meter *meter, struct trap_cost *out)
{
	if (!meter || !atomic_load(&meter->shared->ready))
		return false;
	*out = meter->shared->cost;
	return true;
}

bool trap_meter_wait(const struct trap_meter *meter, unsigned int ms, struct trap_cost *out)
{
	siginfo_t ended = {0};
	for (unsigned int waited = 0; !trap_meter_read(meter, out); waited++) {
		if (!meter || waited == ms ||
		    waitid(P_PID, (id_t)meter->pid, &ended, WEXITED | WNOHANG | WNOWAIT) || ended.si_pid)
			return trap_meter_read(meter, out);
		poll(NULL, 0, 1);
	}
	return true;
}

void trap_meter_free(struct trap_meter *meter)
{
	if (!meter)
		return;
	if (meter->pid > 0) {
		kill(meter->pid, SIGKILL);
		/* Where it is not gone yet, it waits for grace periods: whoever inherits it reaps it. */
		waitpid(meter->pid, NULL, WNOHANG);
	}
	munmap(meter->shared, sizeof(*meter->shared));
	free(meter);
}
