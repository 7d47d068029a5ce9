// Calls of the system that Swift does not see.
#ifndef SOJOURN_CSYSTEM_H
#define SOJOURN_CSYSTEM_H

#include <stddef.h>
#include <stdint.h>

/// Asks the scheduler for turns of so many nanoseconds for the calling thread. A thread that wants
/// little at a time is let in sooner, before those that compute; its share of the processor stays the
/// same, so nobody's leave is needed. Linux takes notice of it from 6.12 on, 100 us being the least.
/// Returns 0 or an error number.
int sojourn_take_short_turns(uint64_t nanoseconds);

/// Lets the calling thread, for good, compute only what nobody else wants to; where others always do, a three-hundredth
/// of a processor. Returns 0 or an error number.
int sojourn_stand_back(void);

/// Keeps up to `kept_bytes` of freed memory for what is allocated next, asks the system for `growth_bytes`
/// at a time, and gives what is larger than `own_pages_bytes` pages of its own, which go back at once.
void sojourn_keep_freed_memory(int kept_bytes, int growth_bytes, int own_pages_bytes);

#endif
