// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What a check found, for people, for CI that reads JUnit's XML, and for annotations on GitHub. */
#include "views_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "captrack/json.h"

enum { SENTENCE_BYTES = 400, MARK = 9 /* columns */ };

static const char *format_value(const struct check_finding *finding, uint64_t value, char out[40])
{
	return finding->measure == CHECK_ALLOCS ? format_count(value, out) : format_bytes(value, out);
}

/* "12.3 MiB (12,897,485 B), 10.0 MiB are allowed: the base's 9.5 MiB and 5%" */
static const char *describe(const struct check_finding *finding, char out[SENTENCE_BYTES])
{
	char value[40], exact[40] = "", limit[40], base[40], all[32];
	if (finding->outcome == CHECK_UNVERIFIED)
		return finding->why;
	format_value(finding, finding->value, value);
	format_value(finding, finding->limit, limit);
	if (finding->measure != CHECK_ALLOCS && finding->value >= 1024)
		snprintf(exact, sizeof(exact), " (%s B)", format_count(finding->value, all));
	int length = snprintf(out, SENTENCE_BYTES, "%s%s; %s allowed", value, exact, limit);
	if (finding->has_base)
		snprintf(out + length, SENTENCE_BYTES - (size_t)length, ": the base's %s and %g%%",
			 format_value(finding, finding->base, base), finding->percent);
	return out;
}

/* "sort (pid 123), " */
static const char *name_process(const struct check_finding *finding, char out[SENTENCE_BYTES])
{
	char safe[128];
	out[0] = '\0';
	if (finding->program)
		format_safe(finding->program, safe, sizeof(safe));
	if (finding->program && finding->n_merged > 1)
		snprintf(out, SENTENCE_BYTES, "%s, merged of %zu processes, ", safe, finding->n_merged);
	else if (finding->program)
		snprintf(out, SENTENCE_BYTES, "%s (pid %d), ", safe, finding->pid);
	return out;
}

static void write_finding(const struct check_finding *finding, const struct style *style, FILE *out)
{
	char safe[4096], text[SENTENCE_BYTES];
	fprintf(out, "%s%s%s  ", style->warn, finding->outcome == CHECK_BROKEN ? "FAILED " : "UNKNOWN",
		style->end);
	int length = fprintf(out, "%s:", format_safe(finding->subject, safe, sizeof(safe)));
	wrapped_write(format_safe(describe(finding, text), safe, sizeof(safe)), MARK + (size_t)length, MARK,
		      out);
	if (finding->most)
		fprintf(out, "%*smost by %s\n", MARK, "", format_safe(finding->most, safe, sizeof(safe)));
	if (!strcmp(finding->profile, "-"))
		return;
	fprintf(out, "%*s%s%s", MARK, "", style->dim, name_process(finding, text));
	fprintf(out, "%s%s\n", format_safe(finding->profile, safe, sizeof(safe)), style->end);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

int check_write_text(const struct check *check, bool color, FILE *out)
{
	const struct style *style = style_of(color);
	for (size_t i = 0; i < check->n; i++)
		if (check->findings[i].outcome != CHECK_KEPT)
			write_finding(&check->findings[i], style, out);
	fprintf(out, "%s%zu check%s of %zu profile%s: %zu kept", style->bold, check->n, plural(check->n),
		check->n_profiles, plural(check->n_profiles), check->n_kept);
	if (check->n_broken)
		fprintf(out, ", %zu broken", check->n_broken);
	if (check->n_unverified)
		fprintf(out, ", %zu that cannot be verified", check->n_unverified);
	fprintf(out, "%s\n", style->end);
	return stream_end(out, 0);
}

/* --- JUnit --- */

static bool is_xml(const char *text, size_t length)
{
	unsigned char first = (unsigned char)*text;
	if (length == 3 && !memcmp(text, "\xef\xbf", 2)) /* U+FFFE and U+FFFF are no characters */
		return (unsigned char)text[2] < 0xbe;
	return first >= 0x20 || first == '\t' || first == '\n';
}

static void write_xml(const char *text, FILE *out)
{
	for (size_t length; *text; text += length ? length : 1) {
		length = text_utf8_length(text);
		if (!length || !is_xml(text, length))
			fputs("\xef\xbf\xbd", out);
		else if (strchr("&<>\"\t\n", *text))
			fprintf(out, "&#%d;", *text);
		else
			fwrite(text, 1, length, out);
	}
}

static void write_attribute(const char *name, const char *text, FILE *out)
{
	fprintf(out, " %s=\"", name);
	write_xml(text, out);
	fputc('"', out);
}

static void write_case(const struct check_finding *finding, FILE *out)
{
	char text[SENTENCE_BYTES];
	const char *element = finding->outcome == CHECK_BROKEN ? "failure" : "error";
	fputs("    <testcase", out);
	write_attribute("classname", finding->program ? finding->program : finding->profile, out);
	write_attribute("name", finding->subject, out);
	if (finding->outcome == CHECK_KEPT) {
		fputs("/>\n", out);
		return;
	}
	fprintf(out, ">\n      <%s", element);
	write_attribute("message", describe(finding, text), out);
	write_attribute("type", finding->outcome == CHECK_BROKEN ? "broken" : "unverified", out);
	fputc('>', out);
	write_xml(finding->profile, out);
	if (finding->most) {
		fputs(": most by ", out);
		write_xml(finding->most, out);
	}
	fprintf(out, "</%s>\n    </testcase>\n", element);
}

int check_write_junit(const struct check *check, FILE *out)
{
	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
		"  <testsuite name=\"captrack-bpf check\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
		"skipped=\"0\">\n",
		check->n, check->n_broken, check->n_unverified);
	for (size_t i = 0; i < check->n; i++)
		write_case(&check->findings[i], out);
	fputs("  </testsuite>\n</testsuites>\n", out);
	return stream_end(out, 0);
}

/* --- GitHub --- */

/* Workflow commands end with the line; in a property, a comma or a colon end it, too. */
static void write_escaped(const char *text, bool property, FILE *out)
{
	for (; *text; text++) {
		if (strchr(property ? "%\r\n:," : "%\r\n", *text))
			fprintf(out, "%%%02X", (unsigned char)*text);
		else
			fputc(*text, out);
	}
}

int check_write_github(const struct check *check, FILE *out)
{
	char text[SENTENCE_BYTES], title[SENTENCE_BYTES], process[SENTENCE_BYTES];
	for (size_t i = 0; i < check->n; i++) {
		const struct check_finding *finding = &check->findings[i];
		if (finding->outcome == CHECK_KEPT)
			continue;
		snprintf(title, sizeof(title), "heap budget %s: %s",
			 finding->outcome == CHECK_BROKEN ? "broken" : "not verified", finding->subject);
		fputs("::error title=", out);
		write_escaped(title, true, out);
		fputs("::", out);
		write_escaped(name_process(finding, process), false, out);
		write_escaped(describe(finding, text), false, out);
		if (finding->most) {
			fputs("; most by ", out);
			write_escaped(finding->most, false, out);
		}
		fputc('\n', out);
	}
	return stream_end(out, 0);
}
