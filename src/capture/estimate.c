// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* --estimate: what a capture would cost, before anybody pays it. Calls are counted for a
 * while, the cost of each is known from children of ours. */
#include "capture_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "captrack/clock.h"
#include "captrack/views.h"

enum { TRAP_WAIT_MS = 1000, CPU_INTERVAL_MS = 100 };

void estimate_prepare(struct capture *capture)
{
	struct cost_basis *basis = &capture->basis;
	int result = capture_calibrate(capture, &basis->program);
	basis->has_program = !result;
	basis->sessions = kernel_has_sessions(capture->kernel);
	if (result)
		capture_say(capture,
			    "warning: cannot measure the time in our programs: %s; it is left out, and "
			    "slowdowns are too low",
			    strerror(-result));
}

/* Of a process that ends and is waited for by others, what was read last stands. */
void estimate_tick(struct capture *capture)
{
	target_cpu_ns(target_pid(capture->targets[0]), &capture->seen_cpu_ns);
}

static int report(struct capture *capture, uint64_t elapsed_ns, uint64_t cpu_ns, struct ct_error *err)
{
	pid_t pid = target_pid(capture->targets[0]);
	struct image *image = snapshots_of_process(capture->snapshots, pid);
	struct estimate estimate = {
		.exe = image ? image->profile.target.exe : NULL,
		.pid = pid,
		.elapsed_ns = elapsed_ns,
		.cpu_ns = cpu_ns,
		.sample_bytes = capture->options->sample_bytes ? capture->options->sample_bytes
							       : DEFAULT_SAMPLE_BYTES,
	};
	int result = kernel_read_counted(capture->kernel, &capture->basis.calls);
	if (result)
		return ct_fail(err, result, "cannot read the counts: %s", strerror(-result));
	if (!trap_meter_wait(capture->trap_meter, TRAP_WAIT_MS, &capture->basis.trap))
		return ct_fail(
			err, -ENODATA,
			"cannot measure what a probe costs here: our own functions could not be probed");
	estimate.basis = capture->basis;
	result = estimate_write(&estimate, stdout);
	return result ? ct_fail(err, result, "cannot write the estimate: %s", strerror(-result)) : 0;
}

int estimate_serve(struct capture *capture, struct ct_error *err)
{
	estimate_tick(capture);
	uint64_t begin_ns = clock_monotonic_ns(), begin_cpu_ns = capture->seen_cpu_ns;
	capture->interval_ms = CPU_INTERVAL_MS;
	capture_start_timers(capture);
	int signal = capture_loop(capture);
	kernel_enable(capture->kernel, false);
	estimate_tick(capture);
	int result =
		report(capture, clock_monotonic_ns() - begin_ns, capture->seen_cpu_ns - begin_cpu_ns, err);
	kernel_stop_counting(capture->kernel);
	int status = capture->options->command ? capture_leave_command(capture, signal) : 0;
	return status || !result ? status : EXIT_CAPTURE;
}
