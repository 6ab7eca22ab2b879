// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What a page says of the profile as a whole: whose it is, how it was captured, totals, warnings. */
#include <string.h>

#include "captrack/cost.h"
#include "html_internal.h"

static const char *format_state(const struct profile *profile, char out[96])
{
	if (profile->state == PROFILE_RUNNING)
		return "still running";
	if (profile->target.has_signal)
		snprintf(out, 96, "killed by signal %d (%s)", profile->target.signal,
			 strsignal(profile->target.signal));
	else if (profile->target.has_exit_status)
		snprintf(out, 96, "exit status %d", profile->target.exit_status);
	else
		return profile->reason == PROFILE_EXIT ? "has ended" : "left running";
	return out;
}

static void put_target(struct json_line *line, const struct profile *profile)
{
	char state[96];
	json_put_open(line, "target", '{');
	json_put_string(line, "command", profile->target.command);
	json_put_string(line, "exe", profile->target.exe);
	json_put_number(line, "pid", (uint64_t)(profile->target.pid > 0 ? profile->target.pid : 0));
	json_put_string(line, "state", format_state(profile, state));
	page_put_number(line, "start_ms", profile->target.start_ms);
	if (profile->target.attached_running)
		json_put_true(line, "attached_running");
	json_put_close(line, '}');
}

static void put_capture(struct json_line *line, const struct profile *profile)
{
	json_put_open(line, "capture", '{');
	json_put_string(line, "tool", "captrack-bpf " CT_VERSION);
	json_put_string(line, "kernel", profile->host.kernel);
	json_put_string(line, "arch", profile->host.arch);
	json_put_string(line, "allocator", profile->capture.allocator);
	page_put_number(line, "duration_ms", profile->capture.duration_ms);
	page_put_number(line, "snapshots", profile->capture.snapshots);
	if (profile->capture.sample_bytes)
		page_put_number(line, "sample_bytes", profile->capture.sample_bytes);
	if (profile->capture.allocs_only)
		json_put_true(line, "allocs_only");
	if (profile->capture.no_details)
		json_put_true(line, "no_details");
	if (profile->capture.free_stacks)
		json_put_true(line, "free_stacks");
	if (profile->capture.by_thread)
		json_put_true(line, "by_thread");
	if (profile->state == PROFILE_RUNNING)
		json_put_true(line, "running");
	json_put_close(line, '}');
}

static void put_knows(struct json_line *line, const struct profile *profile)
{
	static const struct {
		const char *name;
		unsigned int needs;
	} table[] = {
		{"frees", PROFILE_NEEDS_FREES},
		{"all", PROFILE_NEEDS_ALL},
		{"temporary", PROFILE_NEEDS_FREES | PROFILE_NEEDS_ALL},
		{"sizes", PROFILE_NEEDS_ALL | PROFILE_NEEDS_DETAILS},
		{"details", PROFILE_DETAILS},
	};
	json_put_open(line, "knows", '{');
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (profile_knows(profile, table[i].needs))
			json_put_true(line, table[i].name);
	json_put_close(line, '}');
}

static void put_totals(struct json_line *line, const struct profile *profile)
{
	json_put_open(line, "totals", '{');
	for (const struct number_field *field = profile_totals_numbers; field->name; field++)
		if (profile_knows(profile, field->needs))
			page_put_number(line, field->name, *field_in(profile, field));
	json_put_close(line, '}');
}

static void put_cost(struct json_line *line, const struct profile *profile)
{
	double slowdown = profile->cost.slowdown;
	if (!profile->cost.known || !(slowdown > 0))
		return;
	json_put_open(line, "cost", '{');
	page_put_number(line, "events", profile->cost.events);
	if (slowdown >= COST_MOST_SLOWDOWN)
		json_put_decimal(line, "beyond", COST_MOST_SLOWDOWN);
	else
		json_put_decimal(line, "slowdown", slowdown);
	if (profile->cost.traps_only || slowdown >= COST_SURE_SLOWDOWN)
		json_put_true(line, "at_least");
	json_put_close(line, '}');
}

static void put_counter(struct json_line *line, const struct profile *profile, enum profile_integrity which)
{
	json_put_open(line, NULL, '{');
	json_put_string(line, "name", profile_integrity_name(which));
	page_put_number(line, "count", profile->integrity[which]);
	json_put_string(line, "sentence", profile_integrity_sentence(which));
	json_put_close(line, '}');
}

/* Those that call for a warning, and why stacks are not whole. */
static void put_integrity(struct json_line *line, const struct profile *profile)
{
	json_put_open(line, "warnings", '[');
	for (int i = 0; i < INTEGRITY_COUNT; i++)
		if (profile_integrity_warns(profile, (enum profile_integrity)i))
			put_counter(line, profile, (enum profile_integrity)i);
	json_put_close(line, ']');
	json_put_open(line, "reasons", '[');
	for (int i = 0; i < INTEGRITY_COUNT; i++)
		if (profile_is_reason((enum profile_integrity)i))
			put_counter(line, profile, (enum profile_integrity)i);
	json_put_close(line, ']');
	if (profile->target.attached_running && profile_knows_integrity(profile, INTEGRITY_UNMATCHED_FREES))
		page_put_number(line, "unmatched_frees", profile->integrity[INTEGRITY_UNMATCHED_FREES]);
}

void html_put_summary(struct json_line *line, const struct profile *profile)
{
	put_target(line, profile);
	put_capture(line, profile);
	put_knows(line, profile);
	put_totals(line, profile);
	put_cost(line, profile);
	put_integrity(line, profile);
}
