// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "captrack/capture.h"
#include "captrack/cli.h"

const struct command *const commands[] = {&report_command, &export_command, &diff_command, &merge_command,
					  &check_command,  &doctor_command, NULL};

static const struct command *find_command(const char *name)
{
	for (const struct command *const *command = commands; *command; command++)
		if (!strcmp((*command)->name, name))
			return *command;
	return NULL;
}

static int print_help(const char *topic)
{
	const struct command *command = topic ? find_command(topic) : &capture_command;
	if (!command)
		return usage_error(&capture_command, "no subcommand '%s'", topic);
	help_print(command, stdout);
	if (!topic) {
		printf("\nsubcommands (captrack-bpf help NAME): ");
		for (const struct command *const *entry = commands; *entry; entry++)
			printf("%s%s", entry == commands ? "" : ", ", (*entry)->name);
		putchar('\n');
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *first = argc > 1 ? argv[1] : "";
	const struct command *command = find_command(first);
	if (command) {
		argv[1] = argv[0]; /* getopt begins its messages so */
		return command->run(argc - 1, argv + 1);
	}
	if (!strcmp(first, "help"))
		return print_help(argc > 2 ? argv[2] : NULL);
	if (!strcmp(first, "--help") || !strcmp(first, "-h"))
		return print_help(NULL);
	return capture_command.run(argc, argv);
}
