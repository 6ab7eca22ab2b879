// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A profile from a file. */
#include "captrack/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "captrack/file.h"

int profile_read_file(const char *path, struct profile *profile, struct ct_error *err)
{
	char *text = NULL;
	size_t length = 0;
	memset(profile, 0, sizeof(*profile));
	int result = file_read(path, PROFILE_MOST_BYTES, &text, &length);
	if (result == -EISDIR)
		return ct_fail(err, result, "cannot read '%s': it is a folder; name a profile-*.json in it",
			       path);
	if (result == -EFBIG)
		return ct_fail(err, result, "cannot read '%s': it is larger than a profile may be (1 GiB)",
			       path);
	if (result)
		return ct_fail(err, result, "cannot read '%s': %s", path, strerror(-result));
	struct ct_error why = {0};
	result = profile_read_json(text, length, profile, &why);
	free(text);
	return result ? ct_fail(err, result, "cannot read '%.400s': %.500s", path, why.text) : 0;
}
