// The two things that Swift has no name for: a prefetch hint and the CRC-32C instruction.
#ifndef SOJOURN_CINTRINSICS_H
#define SOJOURN_CINTRINSICS_H

#include <stddef.h>
#include <stdint.h>

/// Asks the processor to bring the cache line at `address` close. Never faults.
static inline void sojourn_prefetch(const void *address) {
    __builtin_prefetch(address, 1, 3);
}

/// CRC-32C (Castagnoli, reflected, initial value and final xor 0xFFFFFFFF) of `count` bytes.
/// Uses the processor's instruction where there is one, else a table.
uint32_t sojourn_crc32c(const void *bytes, size_t count);

#endif
