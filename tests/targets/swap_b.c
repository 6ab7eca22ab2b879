/* The other of swaps.c.
 * build: -O2 -shared -fPIC -fomit-frame-pointer
 */
#define WORDS 15
#define work work_b
#include "swap_a.c"
