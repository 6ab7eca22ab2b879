// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Profiles against budgets: each measure of each profile becomes a finding. */
#include "check_internal.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "captrack/profile.h"
#include "captrack/format.h"

enum { MOST_BYTES = 160, WHY_BYTES = 1200 };

/* A rule while profiles are judged by it. */
struct judged_rule {
	const struct check_rule *rule;
	bool is_for_any; /* profile */
	bool matched;    /* a stack of any */
	char *base_problem;
	char *base_exe;
	struct measured base[CHECK_MEASURES]; /* without `most`, which ends with its profile */
};

/* A profile while it is judged. */
struct judged_profile {
	const char *name;
	const struct calls *calls;
};

/* "peak of stacks with parse_*", "peak"; the caller's. NULL: no memory. */
static char *subject_of(const struct check_rule *rule, const char *measure)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	if (!out)
		return NULL;
	fputs(*measure || rule->n_stacks ? measure : "budget", out);
	for (size_t i = 0; i < rule->n_stacks; i++)
		fprintf(out, "%s%s",
			i          ? ", "
			: *measure ? " of stacks with "
				   : "stacks with ",
			rule->stacks[i]);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

/* Counted, and all of its text there; else NULL: no memory. Takes subject. `of` may be NULL. */
static struct check_finding *add_finding(struct check *check, enum check_outcome outcome, const char *profile,
					 const struct profile *of, char *subject)
{
	struct check_finding *findings = realloc(check->findings, (check->n + 1) * sizeof(*findings));
	check->findings = findings ? findings : check->findings;
	if (!findings) {
		free(subject);
		return NULL;
	}
	struct check_finding *finding = &findings[check->n++];
	*finding = (struct check_finding){
		.outcome = outcome,
		.profile = strdup(profile),
		.program = of ? strdup(path_basename(of->target.exe)) : NULL,
		.pid = of ? of->target.pid : 0,
		.n_merged = of ? of->n_merged : 0,
		.subject = subject,
	};
	check->n_kept += outcome == CHECK_KEPT;
	check->n_broken += outcome == CHECK_BROKEN;
	check->n_unverified += outcome == CHECK_UNVERIFIED;
	return finding->profile && finding->subject && !of == !finding->program ? finding : NULL;
}

static int add_unverified(struct check *check, const char *profile, const struct profile *of, char *subject,
			  const char *why)
{
	struct check_finding *finding = add_finding(check, CHECK_UNVERIFIED, profile, of, subject);
	if (finding)
		finding->why = strdup(why);
	return finding && finding->why ? 0 : -ENOMEM;
}

/* A limit, with the base that it follows from (NULL: a plain one). */
static int judge_limit(struct check *check, const struct judged_profile *profile,
		       const struct check_rule *rule, enum check_measure what,
		       const struct measured *measured, uint64_t limit, const struct measured *base)
{
	char *subject = subject_of(rule, check_measure_name(what));
	const char *problem = *measured->problem ? measured->problem : NULL;
	char why[WHY_BYTES], most[MOST_BYTES];
	if (base && *base->problem) {
		snprintf(why, sizeof(why), "of the base: %s", base->problem);
		problem = why;
	} else if (base && rule->n_stacks && !measured->matched && !base->matched) {
		problem = "no stack has such a call, neither here nor in the base";
	} else if (!problem && measured->value <= limit && measured->hidden > limit - measured->value) {
		problem = "stacks that are not whole hold so much that the limit may be passed";
	}
	if (problem)
		return add_unverified(check, profile->name, profile->calls->profile, subject, problem);
	bool broken = measured->value > limit;
	struct check_finding *finding = add_finding(check, broken ? CHECK_BROKEN : CHECK_KEPT, profile->name,
						    profile->calls->profile, subject);
	if (!finding)
		return -ENOMEM;
	finding->measure = what;
	finding->value = measured->value;
	finding->limit = limit;
	finding->has_base = base;
	finding->base = base ? base->value : 0;
	finding->percent = base ? rule->percent : 0;
	if (!broken || !measured->most)
		return 0;
	finding->most = strdup(format_chain(profile->calls->profile, measured->most->frames,
					    measured->most->n_frames, most, sizeof(most)));
	return finding->most ? 0 : -ENOMEM;
}

static uint64_t limit_over(uint64_t base, double percent)
{
	long double limit = base + floorl((long double)base * (long double)percent / 100);
	return limit >= 0x1p64L ? UINT64_MAX : (uint64_t)limit;
}

static bool same_program(const char *exe, const char *other)
{
	return exe && other && !strcmp(path_basename(exe), path_basename(other));
}

static int judge_growth(struct check *check, const struct judged_profile *profile,
			const struct judged_rule *judged, enum check_measure what,
			const struct measured *measured)
{
	const struct check_rule *rule = judged->rule;
	const struct measured *base = &judged->base[what];
	char why[WHY_BYTES];
	if (!judged->base_problem && same_program(judged->base_exe, profile->calls->profile->target.exe))
		return judge_limit(check, profile, rule, what, measured,
				   limit_over(base->value, rule->percent), base);
	snprintf(why, sizeof(why), "the base %.500s is of another program, %.200s", rule->base,
		 judged->base_exe ? judged->base_exe : "which is not told");
	return add_unverified(check, profile->name, profile->calls->profile,
			      subject_of(rule, check_measure_name(what)),
			      judged->base_problem ? judged->base_problem : why);
}

/* Of those in a profile, how many a rule is for. */
static size_t count_processes(const struct check_rule *rule, const struct profile *profile)
{
	size_t n = 0;
	if (!rule->exe)
		return profile->n_merged ? profile->n_merged : 1;
	if (!profile->n_merged)
		return pattern_matches(rule->exe, profile->target.exe ? profile->target.exe : "");
	for (size_t i = 0; i < profile->n_merged; i++)
		n += pattern_matches(rule->exe, profile->merged[i].exe ? profile->merged[i].exe : "");
	return n;
}

static int judge_by_rule(struct check *check, const struct judged_profile *profile,
			 struct judged_rule *judged)
{
	const struct check_rule *rule = judged->rule;
	struct asked asked;
	size_t n_for = count_processes(rule, profile->calls->profile);
	if (!n_for)
		return 0;
	judged->is_for_any = true;
	if (n_for < profile->calls->profile->n_merged)
		return add_unverified(check, profile->name, profile->calls->profile, subject_of(rule, ""),
				      "it is merged of other programs, too; check them one by one");
	int result = asked_init(&asked, rule, profile->calls);
	for (int i = 0; i < CHECK_MEASURES && !result; i++) {
		enum check_measure what = (enum check_measure)i;
		struct measured measured;
		if (!rule->has_max[i] && !rule->grows[i])
			continue;
		measure(&asked, what, &measured);
		judged->matched |= measured.matched;
		if (rule->has_max[i])
			result = judge_limit(check, profile, rule, what, &measured, rule->max[i], NULL);
		if (rule->grows[i] && !result)
			result = judge_growth(check, profile, judged, what, &measured);
	}
	asked_deinit(&asked);
	return result;
}

/* -EINVAL with *err: it cannot be read. */
static int open_profile(const char *path, struct profile *profile, struct calls *calls, struct ct_error *err)
{
	int result = profile_read_file(path, profile, err);
	if (result == -EISDIR)
		return ct_fail(err, -EINVAL, "there is no profile-*.json in the folder '%.400s'", path);
	if (result)
		return result == -ENOMEM ? result : -EINVAL;
	result = calls_init(calls, profile, CALLS_BY_FUNCTION);
	if (!result)
		return 0;
	profile_deinit(profile);
	return result == -ENOMEM ? result : ct_fail(err, -EINVAL, "%.400s: %s", path, strerror(-result));
}

static int judge_profile(struct check *check, const char *path, struct judged_rule *rules, size_t n_rules)
{
	struct judged_profile judged = {.name = path};
	struct profile profile;
	struct calls calls;
	struct ct_error err = {""};
	check->n_profiles++;
	int result = open_profile(path, &profile, &calls, &err);
	if (result == -EINVAL)
		return add_unverified(check, path, NULL, strdup("profile"), err.text);
	if (result)
		return result;
	judged.calls = &calls;
	for (size_t i = 0; i < n_rules && !result; i++)
		result = judge_by_rule(check, &judged, &rules[i]);
	calls_deinit(&calls);
	profile_deinit(&profile);
	return result;
}

static int read_base(struct judged_rule *judged)
{
	const struct check_rule *rule = judged->rule;
	struct profile profile;
	struct calls calls;
	struct ct_error err = {""};
	int result = open_profile(rule->base, &profile, &calls, &err);
	if (result == -EINVAL) {
		if (asprintf(&judged->base_problem, "of the base: %s", err.text) < 0)
			judged->base_problem = NULL;
		return judged->base_problem ? 0 : -ENOMEM;
	}
	if (result)
		return result;
	struct asked asked;
	result = asked_init(&asked, rule, &calls);
	for (int i = 0; i < CHECK_MEASURES && !result; i++) {
		measure(&asked, (enum check_measure)i, &judged->base[i]);
		judged->base[i].most = NULL;
	}
	asked_deinit(&asked);
	judged->base_exe = profile.target.exe ? strdup(profile.target.exe) : NULL;
	if (profile.target.exe && !judged->base_exe)
		result = -ENOMEM;
	calls_deinit(&calls);
	profile_deinit(&profile);
	return result;
}

/* A rule that had nothing to judge. */
static int judge_rule(struct check *check, const struct judged_rule *judged)
{
	const struct check_rule *rule = judged->rule;
	/* That it is in neither is told of each profile. */
	bool in_base = !rule->base || (!judged->base_problem && judged->base[0].matched);
	char why[WHY_BYTES];
	if (!judged->is_for_any && rule->exe) {
		snprintf(why, sizeof(why), "no profile is of a program like %.500s", rule->exe);
		return add_unverified(check, "-", NULL, subject_of(rule, ""), why);
	}
	if (judged->is_for_any && rule->n_stacks && !judged->matched && in_base)
		return add_unverified(check, "-", NULL, subject_of(rule, ""),
				      "no stack of any profile has such a call: is the name right?");
	return 0;
}

int check_run(const struct budget *budget, char *const *profiles, size_t n_profiles, struct check *check)
{
	struct judged_rule *rules = calloc(budget->n_rules + 1, sizeof(*rules));
	int result = rules ? 0 : -ENOMEM;
	*check = (struct check){0};
	for (size_t i = 0; i < budget->n_rules && !result; i++) {
		rules[i].rule = &budget->rules[i];
		result = rules[i].rule->base ? read_base(&rules[i]) : 0;
	}
	for (size_t i = 0; i < n_profiles && !result; i++)
		result = judge_profile(check, profiles[i], rules, budget->n_rules);
	for (size_t i = 0; i < budget->n_rules && !result; i++)
		result = judge_rule(check, &rules[i]);
	for (size_t i = 0; rules && i < budget->n_rules; i++) {
		free(rules[i].base_problem);
		free(rules[i].base_exe);
	}
	free(rules);
	if (result)
		check_deinit(check);
	return result;
}

void check_deinit(struct check *check)
{
	for (size_t i = 0; i < check->n; i++) {
		free(check->findings[i].profile);
		free(check->findings[i].program);
		free(check->findings[i].subject);
		free(check->findings[i].why);
		free(check->findings[i].most);
	}
	free(check->findings);
	*check = (struct check){0};
}
