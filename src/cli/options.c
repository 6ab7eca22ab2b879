// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* One table for each command makes its parsing and its help. */
#include "captrack/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "captrack/capture.h"
#include "captrack/format.h"

enum { MAX_OPTIONS = 32 };

/* As getopt has it: no_argument, required_argument, optional_argument. */
static int has_value(const struct command_option *option)
{
	if (!option->value)
		return no_argument;
	return option->value[0] == '[' ? optional_argument : required_argument;
}

/* Whether the word can be a value that may be left out: "auto" of "[auto|never]", a number of "[BYTES]". */
static bool is_value(const char *word, const char *values)
{
	size_t length = strlen(word);
	if (!strchr(values, '|'))
		return word[0] >= '0' && word[0] <= '9';
	for (const char *at = values; length && (at = strstr(at, word)) != NULL; at++)
		if (at > values && strchr("[|", at[-1]) && (at[length] == '|' || at[length] == ']'))
			return true;
	return false;
}

/* getopt itself takes a value that may be left out only in the same word, as --sample=512K. */
static const char *value_of(const struct command *command, int result, int argc, char **argv)
{
	const struct command_option *option = command->options;
	while (option->name && (option->letter ? option->letter : option->id) != result)
		option++;
	bool in_next_word = option->name && has_value(option) == optional_argument && !optarg &&
			    optind < argc && is_value(argv[optind], option->value);
	return in_next_word ? argv[optind++] : optarg;
}

int options_next(const struct command *command, int argc, char **argv, const char **value)
{
	struct option longs[MAX_OPTIONS + 1] = {0};
	/* Of a capture the first word begins the command, and what follows is that one's. */
	char letters[3 * MAX_OPTIONS + 2] = "";
	strcpy(letters, command->name ? "" : "+");
	size_t count = 0;
	for (const struct command_option *option = command->options; option->name && count < MAX_OPTIONS;
	     option++) {
		longs[count++] = (struct option){
			.name = option->name,
			.has_arg = has_value(option),
			.val = option->letter ? option->letter : option->id,
		};
		if (option->letter) {
			size_t length = strlen(letters);
			letters[length++] = option->letter;
			for (int colons = has_value(option); colons > 0; colons--)
				letters[length++] = ':';
			letters[length] = '\0';
		}
	}
	int result = getopt_long(argc, argv, letters, longs, NULL);
	*value = value_of(command, result, argc, argv);
	if (result == '?') {
		usage_error(command, NULL);
		return -1;
	}
	return result == -1 ? 0 : result;
}

bool parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;
	errno = 0;
	uint64_t value = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] < '0' || text[0] > '9' || value < min || value > max)
		return false;
	*out = value;
	return true;
}

/* "-o, --output DIR" */
static int format_option(const struct command_option *option, char out[64])
{
	char letter[] = {'-', option->letter, ',', ' ', 0};
	return snprintf(out, 64, "%s--%s%s%s", option->letter ? letter : "    ", option->name,
			option->value ? " " : "", option->value ? option->value : "");
}

void help_print(const struct command *command, FILE *out)
{
	char text[64];
	int width = 26;
	fprintf(out, "usage: captrack-bpf %s\n%s\n\noptions:\n", command->synopsis, command->summary);
	for (const struct command_option *option = command->options; option->name; option++) {
		int length = format_option(option, text);
		width = length > width ? length : width;
	}
	for (const struct command_option *option = command->options; option->name; option++) {
		format_option(option, text);
		fprintf(out, "  %-*s %s\n", width, text, option->help);
	}
	if (command->help_more)
		command->help_more(out);
}

int usage_error(const struct command *command, const char *format, ...)
{
	if (format) {
		va_list args;
		fputs("captrack-bpf: ", stderr);
		va_start(args, format);
		vfprintf(stderr, format, args);
		va_end(args);
		fputc('\n', stderr);
	}
	fprintf(stderr, "try: captrack-bpf %s%s--help\n", command->name ? command->name : "",
		command->name ? " " : "");
	return EXIT_USAGE;
}

int wrong_value(const struct command *command, const char *option, const char *value, const char *wanted)
{
	return usage_error(command, "%s %s: %s", option, value, wanted);
}

void error_print(const struct ct_error *err)
{
	char text[4 * sizeof(err->text)];
	fprintf(stderr, "captrack-bpf: %s\n", format_safe(err->text, text, sizeof(text)));
}

int take_output(const struct command *command, const char *value, const char **path)
{
	if (!*value)
		return usage_error(command, "-o: the file's name is empty");
	*path = strcmp(value, "-") ? value : NULL;
	return 0;
}

/* $NO_COLOR: https://no-color.org */
bool color_wanted(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && !(term && !strcmp(term, "dumb"));
}
