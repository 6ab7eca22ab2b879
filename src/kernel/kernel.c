// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Loading the kernel half and reading its maps. */
#include "kernel_internal.h"

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
	return 0;
}

static int attach_helpers(struct kernel *kernel)
{
	struct captrack *skeleton = kernel->skeleton;
	union bpf_iter_link_info info = {.map.map_fd = (__u32)bpf_map__fd(skeleton->maps.stacks)};
	DECLARE_LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &info, .link_info_len = sizeof(info));

	kernel->stacks_link = bpf_program__attach_iter(skeleton->progs.snapshot_stack, &options);
	if (!kernel->stacks_link)
		return -errno;
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

int kernel_load(const struct kernel_options *options, struct kernel **out, struct ct_error *err)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));
	if (!kernel)
		return ct_fail(err, -ENOMEM, "out of memory");
	libbpf_set_print(options->verbose ? print_warnings : print_nothing);

	struct captrack *skeleton = kernel->skeleton = captrack__open();
	int result = skeleton ? 0 : -errno;
	if (!result) {
		bpf_map__set_max_entries(skeleton->maps.blocks, options->max_live);
		bpf_map__set_max_entries(skeleton->maps.stacks, options->max_stacks);
		bpf_map__set_max_entries(skeleton->maps.stack_frames, options->max_stacks);
		skeleton->rodata->max_depth = options->max_depth;
		/* With one CPU for us we may not be able to read while a thread waits. */
		cpu_set_t ours;
		CPU_ZERO(&ours);
		bool several = sched_getaffinity(0, sizeof(ours), &ours) || CPU_COUNT(&ours) > 1;
		skeleton->rodata->patience_ns = several ? PATIENCE_NS : 0;
		kernel->multi_links = kernel_has_multi_links();
		if (kernel->multi_links)
			kernel_prepare_multi_links(skeleton);
		kernel_prepare_counting(kernel, options->counting);
		result = load_unlimited(skeleton);
	}
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
	bpf_link__destroy(kernel->stacks_link);
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
	__u64 unknown = id; /* the key of the image's [unknown] stack */
	struct ct_stack stack = {.image = id};

	if (id >= CT_MAX_IMAGES)
		return ct_fail(err, -ENOSPC, "more than %d processes in one capture", CT_MAX_IMAGES - 1);
	if (bpf_map_update_elem(bpf_map__fd(skeleton->maps.stacks), &unknown, &stack, BPF_ANY) ||
	    bpf_map_update_elem(bpf_map__fd(skeleton->maps.processes), &process, &id, BPF_ANY))
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

void kernel_drop_stack(struct kernel *kernel, uint64_t stack)
{
	bpf_map_delete_elem(bpf_map__fd(kernel->skeleton->maps.stacks), &stack);
	bpf_map_delete_elem(bpf_map__fd(kernel->skeleton->maps.stack_frames), &stack);
}

void kernel_drop_blocks(struct kernel *kernel, uint32_t image)
{
	int fd = bpf_map__fd(kernel->skeleton->maps.blocks);
	struct ct_block_key key, next;
	bool more = bpf_map_get_next_key(fd, NULL, &next) == 0;
	while (more) { /* the next key is looked up before this one goes */
		key = next;
		more = bpf_map_get_next_key(fd, &key, &next) == 0;
		if (key.image == image)
			bpf_map_delete_elem(fd, &key);
	}
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

int kernel_begin_snapshot(struct kernel *kernel, uint32_t image)
{
	struct {
		__u32 image;
		__u32 done;
	} args = {.image = image};
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &args, .ctx_size_in = sizeof(args));
	int fd = bpf_program__fd(kernel->skeleton->progs.snapshot_begin);
	for (int i = 0; i < LOCK_TRIES; i++) {
		int result = bpf_prog_test_run_opts(fd, &options);
		if (result)
			return result < 0 ? result : -result;
		if (args.done)
			return 0;
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

struct stack_visit {
	int (*visit)(void *context, const struct ct_stack_report *report);
	void *context;
};

static int visit_stack(void *context, const void *record)
{
	const struct stack_visit *stacks = context;
	return stacks->visit(stacks->context, record);
}

int kernel_read_stacks(struct kernel *kernel,
		       int (*visit)(void *context, const struct ct_stack_report *report), void *context)
{
	struct stack_visit stacks = {visit, context};
	/* What a reading that failed did not bring must come with this one. */
	kernel->skeleton->bss->send_all = kernel->incomplete;
	int result = kernel_read_records(kernel->stacks_link, sizeof(struct ct_stack_report), visit_stack,
					 &stacks);
	kernel->incomplete = result != 0;
	return result;
}

int kernel_take_frames(struct kernel *kernel, uint64_t stack, struct ct_frames *out)
{
	int fd = bpf_map__fd(kernel->skeleton->maps.stack_frames);
	return bpf_map_lookup_and_delete_elem(fd, &stack, out) ? -errno : 0;
}
