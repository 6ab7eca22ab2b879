// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Budgets, and the files that they are kept in. */
#include "captrack/check.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "captrack/file.h"
#include "captrack/size.h"

enum { BUDGET_VERSION = 1, MAX_BUDGET_BYTES = 1 << 20 };

static const struct {
	const char *name; /* for people */
	const char *maximum;
	const char *word; /* in max_growth's "of" */
} measures[CHECK_MEASURES] = {
	[CHECK_PEAK] = {"peak", "max_peak", "peak"},
	[CHECK_LIVE_AT_EXIT] = {"live at exit", "max_live_at_exit", "live_at_exit"},
	[CHECK_ALLOCS] = {"allocations", "max_allocs", "allocs"},
};

const char *check_measure_name(enum check_measure measure)
{
	return measures[measure].name;
}

struct check_rule *budget_add_rule(struct budget *budget)
{
	struct check_rule *rules = realloc(budget->rules, (budget->n_rules + 1) * sizeof(*rules));
	if (!rules)
		return NULL;
	budget->rules = rules;
	rules[budget->n_rules] = (struct check_rule){0};
	return &rules[budget->n_rules++];
}

int check_rule_add_stack(struct check_rule *rule, const char *pattern)
{
	char **stacks = realloc(rule->stacks, (rule->n_stacks + 1) * sizeof(*stacks));
	if (!stacks)
		return -ENOMEM;
	rule->stacks = stacks;
	stacks[rule->n_stacks] = strdup(pattern);
	return stacks[rule->n_stacks++] ? 0 : -ENOMEM;
}

void budget_deinit(struct budget *budget)
{
	for (size_t i = 0; i < budget->n_rules; i++) {
		struct check_rule *rule = &budget->rules[i];
		for (size_t j = 0; j < rule->n_stacks; j++)
			free(rule->stacks[j]);
		free(rule->stacks);
		free(rule->exe);
		free(rule->base);
	}
	free(budget->rules);
	*budget = (struct budget){0};
}

/* A budget file on its way into rules. */
struct reading {
	const char *path;
	size_t index; /* of the rule */
	struct ct_error *err;
};

static int wrong(const struct reading *reading, const char *field, const char *what)
{
	return ct_fail(reading->err, -EINVAL, "%.400s: budgets[%zu]%s%.100s: %s", reading->path,
		       reading->index, field ? "." : "", field ? field : "", what);
}

static int no_memory(const struct reading *reading)
{
	return ct_fail(reading->err, -ENOMEM, "%.400s: out of memory", reading->path);
}

/* A number, or a string such as "64M". */
static int read_size(const struct reading *reading, const cJSON *item, uint64_t *out)
{
	double value = item->valuedouble;
	if (cJSON_IsString(item) && size_parse(item->valuestring, out))
		return 0;
	if (!cJSON_IsNumber(item) || !(value >= 0) || value > 0x1p53 || value != (double)(uint64_t)value)
		return wrong(reading, item->string, "neither a whole number nor a size such as \"64M\"");
	*out = (uint64_t)value;
	return 0;
}

static int read_pattern(const struct reading *reading, const cJSON *item, char **out)
{
	if (!cJSON_IsString(item) || !*item->valuestring)
		return wrong(reading, item->string, "not a pattern of names");
	*out = strdup(item->valuestring);
	return *out ? 0 : no_memory(reading);
}

static int read_stack(const struct reading *reading, const cJSON *item, struct check_rule *rule)
{
	if (!cJSON_IsString(item) || !*item->valuestring)
		return wrong(reading, "stack", "not a pattern of functions' names, nor a list of them");
	return check_rule_add_stack(rule, item->valuestring) ? no_memory(reading) : 0;
}

static int read_stacks(const struct reading *reading, const cJSON *item, struct check_rule *rule)
{
	const cJSON *each;
	int result = 0;
	if (!cJSON_IsArray(item))
		return read_stack(reading, item, rule);
	cJSON_ArrayForEach(each, item)
	{
		if (!result)
			result = read_stack(reading, each, rule);
	}
	return result           ? result
	       : rule->n_stacks ? 0
				: wrong(reading, "stack", "an empty list matches nothing");
}

/* A path that does not begin with a slash is from the budget's folder on. */
static int read_base(const struct reading *reading, const cJSON *item, struct check_rule *rule)
{
	const char *slash = strrchr(reading->path, '/');
	if (!cJSON_IsString(item) || !*item->valuestring)
		return wrong(reading, "max_growth.base", "not the name of a profile");
	int folder = item->valuestring[0] == '/' || !slash ? 0 : (int)(slash - reading->path) + 1;
	free(rule->base);
	if (asprintf(&rule->base, "%.*s%s", folder, reading->path, item->valuestring) < 0)
		rule->base = NULL;
	return rule->base ? 0 : no_memory(reading);
}

static int read_measure(const struct reading *reading, const cJSON *item, struct check_rule *rule)
{
	for (int i = 0; i < CHECK_MEASURES; i++) {
		if (cJSON_IsString(item) && !strcmp(item->valuestring, measures[i].word)) {
			rule->grows[i] = true;
			return 0;
		}
	}
	return wrong(reading, "max_growth.of", "not a list of \"peak\", \"live_at_exit\", \"allocs\"");
}

static int read_measures(const struct reading *reading, const cJSON *list, struct check_rule *rule)
{
	const cJSON *item;
	int result = cJSON_IsArray(list) && cJSON_GetArraySize(list) ? 0 : read_measure(reading, list, rule);
	cJSON_ArrayForEach(item, list)
	{
		if (!result)
			result = read_measure(reading, item, rule);
	}
	return result;
}

/* Readers differ in which of two they take, and a limit that is not looked at would be kept. */
static bool is_double(const cJSON *object, const cJSON *item)
{
	return cJSON_GetObjectItemCaseSensitive(object, item->string) != item;
}

static int read_growth(const struct reading *reading, const cJSON *growth, struct check_rule *rule)
{
	const cJSON *item;
	bool has_percent = false, has_measures = false;
	int result = cJSON_IsObject(growth) ? 0 : wrong(reading, "max_growth", "not an object");
	cJSON_ArrayForEach(item, growth)
	{
		if (result)
			break;
		if (is_double(growth, item)) {
			result = wrong(reading, item->string, "twice in max_growth");
		} else if (!strcmp(item->string, "base")) {
			result = read_base(reading, item, rule);
		} else if (!strcmp(item->string, "percent")) {
			has_percent = true;
			rule->percent = item->valuedouble;
			if (!cJSON_IsNumber(item) || !(rule->percent >= 0) || rule->percent > 1e6)
				result = wrong(reading, "max_growth.percent", "not a number of 0 or more");
		} else if (!strcmp(item->string, "of")) {
			has_measures = true;
			result = read_measures(reading, item, rule);
		} else {
			result = wrong(reading, item->string, "not known in max_growth (base, percent, of)");
		}
	}
	if (!result && (!rule->base || !has_percent))
		result = wrong(reading, "max_growth", "needs both \"base\" and \"percent\"");
	for (int i = 0; i < CHECK_MEASURES && !has_measures; i++)
		rule->grows[i] = true;
	return result;
}

static int read_member(const struct reading *reading, const cJSON *item, struct check_rule *rule)
{
	for (int i = 0; i < CHECK_MEASURES; i++) {
		if (!strcmp(item->string, measures[i].maximum)) {
			rule->has_max[i] = true;
			return read_size(reading, item, &rule->max[i]);
		}
	}
	if (!strcmp(item->string, "max_growth"))
		return read_growth(reading, item, rule);
	if (!strcmp(item->string, "stack"))
		return read_stacks(reading, item, rule);
	if (!strcmp(item->string, "exe")) {
		free(rule->exe);
		return read_pattern(reading, item, &rule->exe);
	}
	if (!strcmp(item->string, "comment"))
		return 0;
	return wrong(reading, item->string,
		     "not known (exe, stack, max_peak, max_live_at_exit, max_allocs, max_growth, comment)");
}

static int read_rule(const struct reading *reading, const cJSON *json, struct budget *budget)
{
	const cJSON *item;
	if (!cJSON_IsObject(json))
		return wrong(reading, NULL, "not an object");
	struct check_rule *rule = budget_add_rule(budget);
	int result = rule ? 0 : no_memory(reading);
	cJSON_ArrayForEach(item, json)
	{
		if (!result)
			result = is_double(json, item) ? wrong(reading, item->string, "given twice")
						       : read_member(reading, item, rule);
	}
	if (result)
		return result;
	bool limits = rule->base != NULL;
	for (int i = 0; i < CHECK_MEASURES; i++)
		limits |= rule->has_max[i];
	return limits ? 0 : wrong(reading, NULL, "limits nothing");
}

static int read_rules(const char *path, const cJSON *root, struct budget *budget, struct ct_error *err)
{
	const cJSON *version = cJSON_GetObjectItemCaseSensitive(root, "version"), *item;
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "budgets");
	struct reading reading = {.path = path, .err = err};
	if (!cJSON_IsNumber(version))
		return ct_fail(err, -EINVAL, "%.400s: not a budget: it has no \"version\": %d", path,
			       BUDGET_VERSION);
	if (version->valuedouble != BUDGET_VERSION)
		return ct_fail(err, -EINVAL, "%.400s: version %g is not known (%d is)", path,
			       version->valuedouble, BUDGET_VERSION);
	cJSON_ArrayForEach(item, root)
	{
		if (strcmp(item->string, "version") && strcmp(item->string, "budgets"))
			return ct_fail(err, -EINVAL, "%.400s: %.100s: not known (version, budgets)", path,
				       item->string);
		if (is_double(root, item))
			return ct_fail(err, -EINVAL, "%.400s: %.100s: given twice", path, item->string);
	}
	if (!cJSON_IsArray(list) || !cJSON_GetArraySize(list))
		return ct_fail(err, -EINVAL, "%.400s: budgets: not a list with at least one budget", path);
	cJSON_ArrayForEach(item, list)
	{
		int result = read_rule(&reading, item, budget);
		if (result)
			return result;
		reading.index++;
	}
	return 0;
}

/* What is wrong with a text that is no JSON, by line as editors count. The error is where the parser stopped.
 */
static int not_json(const char *path, const char *text, size_t length, const char *end, struct ct_error *err)
{
	size_t line = 1;
	if (strlen(text) < length)
		return ct_fail(err, -EINVAL, "%.400s: not JSON: a byte of 0 in it", path);
	for (const char *at = text; at < end; at++)
		line += *at == '\n';
	return ct_fail(err, -EINVAL, "%.400s: not JSON: error in line %zu", path, line);
}

int budget_read_file(const char *path, struct budget *budget, struct ct_error *err)
{
	char *text = NULL;
	size_t length;
	int result = file_read(path, MAX_BUDGET_BYTES, &text, &length);
	if (result)
		return ct_fail(err, result, "cannot read '%.400s': %s", path, strerror(-result));
	/* The NUL after the text is the end that it must come to: more text may be more limits. */
	const char *end = text;
	bool is_text = length && strlen(text) == length;
	cJSON *root = is_text ? cJSON_ParseWithLengthOpts(text, length + 1, &end, true) : NULL;
	if (cJSON_IsObject(root))
		result = read_rules(path, root, budget, err);
	else if (root)
		result = ct_fail(err, -EINVAL, "%.400s: not a JSON object", path);
	else
		result = length ? not_json(path, text, length, end, err)
				: ct_fail(err, -EINVAL, "%.400s: it is empty", path);
	cJSON_Delete(root);
	free(text);
	return result;
}
