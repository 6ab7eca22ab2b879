// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* $CAPTRACK_PAGER, $PAGER or less. A report begins with what matters most, which would have left the screen
 * by its end. No shell: a pager's words are what is between spaces. Under sudo only the system's less,
 * without its commands: whoever may read profiles as root may not run a shell as root. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "captrack/cli.h"

enum { MOST_WORDS = 16, LONGEST_COMMAND = 512 };

struct command_line {
	char text[LONGEST_COMMAND];
	char *words[MOST_WORDS + 1];
};

static bool is_for_somebody_else(void)
{
	return getenv("SUDO_UID") || getuid() != geteuid();
}

/* false: no pager. */
static bool find_pager(struct command_line *line)
{
	const char *wanted = getenv("CAPTRACK_PAGER"), *term = getenv("TERM");
	size_t n = 0;
	if (!wanted)
		wanted = getenv("PAGER");
	if (!isatty(STDOUT_FILENO) || !term || !strcmp(term, "dumb"))
		return false;
	if (wanted && (!*wanted || !strcmp(wanted, "cat"))) /* also a way to say: none */
		return false;
	if (!wanted || is_for_somebody_else())
		wanted = is_for_somebody_else() ? "/usr/bin/less" : "less";
	if (strlen(wanted) >= sizeof(line->text))
		return false;
	strcpy(line->text, wanted);
	char *rest;
	for (char *word = strtok_r(line->text, " ", &rest); word && n < MOST_WORDS;
	     word = strtok_r(NULL, " ", &rest))
		line->words[n++] = word;
	line->words[n] = NULL;
	return n > 0;
}

/* In the child. Ends where one page is enough, shows colours, leaves the text on the screen. */
static void run_pager(const struct command_line *line, int input, int failed)
{
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	setenv("LESS", "FRX", 0);
	if (is_for_somebody_else()) {
		setenv("LESSSECURE", "1", 1);
		unsetenv("LESSOPEN");
		unsetenv("LESSCLOSE");
	}
	if (dup2(input, STDIN_FILENO) >= 0)
		execvp(line->words[0], line->words);
	(void)!write(failed, "", 1);
	_exit(127);
}

/* Whether the child became the pager: then the pipe closed without a word. */
static bool has_started(int status)
{
	char byte;
	ssize_t got;
	do
		got = read(status, &byte, 1);
	while (got < 0 && errno == EINTR);
	return got == 0;
}

void pager_begin(struct pager *pager)
{
	struct command_line line;
	int text[2], status[2];
	*pager = (struct pager){.pid = -1, .terminal = -1};
	if (!find_pager(&line) || pipe2(text, O_CLOEXEC))
		return;
	if (pipe2(status, O_CLOEXEC)) {
		close(text[0]);
		close(text[1]);
		return;
	}
	fflush(stdout);
	pager->pid = fork();
	if (!pager->pid)
		run_pager(&line, text[0], status[1]);
	close(text[0]);
	close(status[1]);
	bool started = pager->pid > 0 && has_started(status[0]);
	close(status[0]);
	if (pager->pid > 0 && !started)
		waitpid(pager->pid, NULL, 0);
	pager->terminal = started ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3) : -1;
	if (pager->terminal >= 0) {
		dup2(text[1], STDOUT_FILENO);
		signal(SIGPIPE, SIG_IGN);
		signal(SIGINT, SIG_IGN); /* it is the pager's, which outlives us otherwise */
	} else {
		pager->pid = -1;
	}
	close(text[1]);
}

void pager_end(struct pager *pager)
{
	if (pager->pid < 0)
		return;
	fflush(stdout);
	dup2(pager->terminal, STDOUT_FILENO); /* closes the pipe: the end of the text */
	close(pager->terminal);
	while (waitpid(pager->pid, NULL, 0) < 0 && errno == EINTR)
		;
	pager->pid = -1;
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
}
