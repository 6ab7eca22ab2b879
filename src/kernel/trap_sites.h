/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_KERNEL_TRAP_SITES_H
#define CAPTRACK_KERNEL_TRAP_SITES_H

/* They do nothing. */
void trap_site_emulated(void);
void trap_site_stepped(void);
void trap_site_both(void);
void trap_site_session(void);

#endif
