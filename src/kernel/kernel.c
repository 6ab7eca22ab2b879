// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Loading the kernel half and reading its maps. */
#include "kernel_internal.h"
#include "sampling.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { LOCK_TRIES = 1000, READ_BYTES = 48 << 10, PATIENCE_NS = 100000000 };

static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static int print_warnings(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

static int load_error(int code, struct ct_error *err)
{
	struct utsname host;
	uname(&host);
	if (code == -EPERM || code == -EACCES)
		return ct_fail(err, code,
			       "cannot load BPF programs: %s; this needs root (sudo), or CAP_BPF, "
			       "CAP_PERFMON and CAP_SYS_PTRACE",
			       strerror(-code));
	if (code == -ENOMEM)
		return ct_fail(err, code,
			       "cannot load BPF programs: out of memory; smaller --max-live or --max-stacks "
			       "may help");
	if (code == -EMFILE)
		return ct_fail(err, code,
			       "cannot load BPF programs: %s; raise the limit of open files (ulimit -Hn)",
			       strerror(-code));
	if (code == -ENOSYS)
		return ct_fail(
			err, code,
			"this kernel (%s) has no BPF: it needs Linux 6.1 or later with CONFIG_BPF_SYSCALL",
			host.release);
	if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_loop, NULL) == 0)
		return ct_fail(err, code,
			       "kernel %s is too old (it lacks bpf_loop(), for one); Linux 6.1 or later with "
			       "BTF and uprobes is needed",
			       host.release);
	return ct_fail(err, code,
		       "kernel %s does not accept the BPF programs: %s; Linux 6.1 or later with BTF and "
		       "uprobes is needed (-v shows the kernel's reason)",
		       host.release, strerror(-code));
}

/* Since 5.11 BPF memory is charged to the cgroup; where it is not, this may help, and
 * where it is not allowed, it is not needed. */
static int load_unlimited(struct captrack *skeleton)
{
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	struct rlimit former;
	bool raised = getrlimit(RLIMIT_MEMLOCK, &former) == 0 && setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0;
	int result = captrack__load(skeleton);
	if (raised) /* a command that we start has the limit it would have had */
		setrlimit(RLIMIT_MEMLOCK, &former);
	return result;
}

static int take_event(void *context, void *data, size_t size)
{
	const struct kernel_event_handlers *handlers = ((struct kernel *)context)->handlers;
	const __u32 *kind = data;
	if (!handlers || size < sizeof(*kind))
		return 0;
	if (*kind == CT_EVENT_EXEC && size >= sizeof(struct ct_exec_event))
		handlers->on_exec(handlers->context, data);
	else if (*kind == CT_EVENT_CODE && size >= sizeof(struct ct_code_event))
		handlers->on_code(handlers->context, data);
	else if (*kind == CT_EVENT_BLOCKS && size >= sizeof(struct ct_blocks_event))
		handlers->on_blocks(handlers->context, data);
	else if (*kind == CT_EVENT_DETAILS && size >= sizeof(struct ct_details_event))
		handlers->on_details(handlers->context, data);
	return 0;
}

static int attach_helpers(struct kernel *kernel)
{
	struct captrack *skeleton = kernel->skeleton;

	kernel->exec_link = bpf_program__attach_raw_tracepoint(skeleton->progs.on_exec, "sched_process_exec");
	if (!kernel->exec_link)
		return -errno;
	kernel->fork_link = bpf_program__attach_raw_tracepoint(skeleton->progs.on_fork, "sched_process_fork");
	if (!kernel->fork_link)
		return -errno;
	kernel->exit_link = bpf_program__attach_raw_tracepoint(skeleton->progs.on_exit, "sched_process_exit");
	if (!kernel->exit_link)
		return -errno;
	kernel->events = ring_buffer__new(bpf_map__fd(skeleton->maps.events), take_event, kernel, NULL);
	return kernel->events ? 0 : -errno;
}

/* See bpf/sample.h. */
static void configure_sampling(struct captrack *skeleton, uint64_t bytes)
{
	struct sampling sampling;
	_Static_assert(sizeof(sampling.exp) == sizeof(skeleton->rodata->exp_table), "the same steps");
	sampling_init(&sampling, bytes);
	skeleton->rodata->sampled = true;
	skeleton->rodata->sample_step = sampling.step;
	skeleton->rodata->sample_inverse = sampling.inverse;
	memcpy(skeleton->rodata->exp_table, sampling.exp, sizeof(sampling.exp));
}

/* Before the load. */
static void configure(struct kernel *kernel, const struct kernel_options *options)
{
	struct captrack *skeleton = kernel->skeleton;
	bpf_map__set_max_entries(skeleton->maps.stacks, CT_FIRST_STACK + options->max_stacks);
	bpf_map__set_max_entries(skeleton->maps.stack_ids, options->max_stacks);
	bpf_map__set_max_entries(skeleton->maps.unused_stacks, options->max_stacks);
	bpf_map__set_max_entries(skeleton->maps.stack_frames, options->max_stacks);
	/* 8 KiB each, and of few stacks. */
	bpf_map__set_max_entries(skeleton->maps.growths, options->max_stacks / 4);
	kernel_size_details(kernel, CT_FIRST_STACK + options->max_stacks);
	skeleton->rodata->max_stacks = options->max_stacks;
	skeleton->rodata->max_live = kernel->max_live = options->max_live;
	skeleton->rodata->max_depth = options->max_depth;
	skeleton->rodata->allocs_only = kernel->allocs_only = options->allocs_only;
	skeleton->rodata->no_details = options->no_details;
	skeleton->rodata->free_stacks = options->free_stacks;
	skeleton->rodata->by_thread = options->by_thread;
	if (!options->free_stacks)
		bpf_map__set_max_entries(skeleton->maps.free_pairs, 1);
	if (options->sample_bytes)
		configure_sampling(skeleton, options->sample_bytes);
	/* With one CPU for us we may not be able to read while a thread waits. */
	cpu_set_t ours;
	CPU_ZERO(&ours);
	bool several = sched_getaffinity(0, sizeof(ours), &ours) || CPU_COUNT(&ours) > 1;
	skeleton->rodata->patience_ns = several ? PATIENCE_NS : 0;
	kernel->way = link_best_way();
	kernel_choose_programs(kernel);
	kernel_prepare_counting(kernel, options->counting);
}

int kernel_load(const struct kernel_options *options, struct kernel **out, struct ct_error *err)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));
	if (!kernel)
		return ct_fail(err, -ENOMEM, "out of memory");
	libbpf_set_print(options->verbose ? print_warnings : print_nothing);

	struct captrack *skeleton = kernel->skeleton = captrack__open();
	int result = skeleton ? 0 : -errno;
	if (!result) {
		configure(kernel, options);
		result = load_unlimited(skeleton);
	}
	if (!result)
		result = kernel_open_block_tables(kernel);
	if (!result)
		result = kernel_open_details(kernel);
	if (!result)
		result = attach_helpers(kernel);
	if (result) {
		kernel_free(kernel);
		return load_error(result, err);
	}
	*out = kernel;
	return 0;
}

void kernel_free(struct kernel *kernel)
{
	if (!kernel)
		return;
	kernel_detach(kernel, 0);
	kernel_stop_counting(kernel);
	ring_buffer__free(kernel->events);
	kernel_unmap_stacks(kernel);
	kernel_close_block_tables(kernel);
	kernel_close_details(kernel);
	bpf_link__destroy(kernel->exec_link);
	bpf_link__destroy(kernel->fork_link);
	bpf_link__destroy(kernel->exit_link);
	captrack__destroy(kernel->skeleton);
	free(kernel);
}

int kernel_add_image(struct kernel *kernel, pid_t pid, uint32_t *image, struct ct_error *err)
{
	struct captrack *skeleton = kernel->skeleton;
	__u32 id = __atomic_fetch_add(&skeleton->data->next_image, 1, __ATOMIC_RELAXED);
	__u32 process = (__u32)pid;

	if (id >= CT_MAX_IMAGES)
		return ct_fail(err, -ENOSPC, "more than %d processes in one capture", CT_MAX_IMAGES - 1);
	struct ct_stack *unknown = kernel_find_stack(kernel, id);
	if (!unknown)
		return ct_fail(err, -ENOMEM, "out of memory");
	unknown->image = id;
	if (bpf_map_update_elem(bpf_map__fd(skeleton->maps.processes), &process, &id, BPF_ANY))
		return ct_fail(err, -errno, "cannot enter process %d into the BPF maps: %s", pid,
			       strerror(errno));
	*image = id;
	return 0;
}

void kernel_enable(struct kernel *kernel, bool enabled)
{
	/* For the benchmark: programs that return at once are the floor of what probes cost. */
	kernel->skeleton->bss->enabled = enabled && !getenv("CAPTRACK_FLOOR");
}

void kernel_drop_process(struct kernel *kernel, pid_t pid)
{
	__u32 key = (__u32)pid;
	bpf_map_delete_elem(bpf_map__fd(kernel->skeleton->maps.processes), &key);
}

int kernel_events_fd(const struct kernel *kernel)
{
	return ring_buffer__epoll_fd(kernel->events);
}

int kernel_take_events(struct kernel *kernel, const struct kernel_event_handlers *handlers)
{
	kernel->handlers = handlers;
	int result = ring_buffer__consume(kernel->events);
	kernel->handlers = NULL;
	return result;
}

int64_t kernel_begin_snapshot(struct kernel *kernel, uint32_t image)
{
	struct {
		__u32 image;
		__u32 done;
		__u64 epoch;
	} args = {.image = image};
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &args, .ctx_size_in = sizeof(args));
	int fd = bpf_program__fd(kernel->skeleton->progs.snapshot_begin);
	for (int i = 0; i < LOCK_TRIES; i++) {
		int result = bpf_prog_test_run_opts(fd, &options);
		if (result)
			return result < 0 ? result : -result;
		if (args.done)
			return (int64_t)args.epoch;
		usleep(100); /* the lock's holder was preempted: let it run */
	}
	return -EBUSY;
}

int kernel_read_image(struct kernel *kernel, uint32_t image, struct ct_image *out)
{
	return bpf_map_lookup_elem(bpf_map__fd(kernel->skeleton->maps.images), &image, out) ? -errno : 0;
}

/* A read may end within a record, and may fail where the program found a lock taken. */
int kernel_read_records(struct bpf_link *link, size_t size, int (*visit)(void *context, const void *record),
			void *context)
{
	uint64_t buffer[READ_BYTES / sizeof(uint64_t)];
	char *records = (char *)buffer;
	int busy = 0;
	int fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0)
		return fd;
	int result = 0;
	size_t kept = 0; /* bytes of a record cut by the buffer's end */
	while (!result) {
		ssize_t bytes = read(fd, records + kept, sizeof(buffer) - kept);
		if (bytes < 0 && (errno == EINTR || (errno == EAGAIN && busy++ < LOCK_TRIES))) {
			usleep(errno == EAGAIN ? 100 : 0);
			continue;
		}
		if (bytes <= 0) {
			result = bytes < 0 ? -errno : 0;
			break;
		}
		size_t length = kept + (size_t)bytes, count = length / size;
		for (size_t i = 0; i < count && !result; i++)
			result = visit(context, records + i * size);
		kept = length % size;
		memmove(records, records + count * size, kept);
	}
	close(fd);
	return result;
}
