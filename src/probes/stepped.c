// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "captrack/probes.h"

#include <unistd.h>

/* As far as functions begin so: `push reg` and `nop` are emulated. */
bool probes_is_stepped(int fd, const struct probe_site *site)
{
#if defined(__x86_64__)
	unsigned char code[2] = {0};
	if (pread(fd, code, sizeof(code), (off_t)site->file_offset) != sizeof(code))
		return true;
	unsigned char first = (code[0] & 0xf0) == 0x40 ? code[1] : code[0]; /* after a REX prefix */
	return !((first & 0xf8) == 0x50 || code[0] == 0x90);
#else
	(void)fd;
	(void)site;
	return true;
#endif
}
