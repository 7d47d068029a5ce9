// What Swift has no name for: a prefetch hint, the CRC-32C instruction, and wide vectors where the
// processor has them.
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

/// CRC-32C of each of `count` strings of `size` bytes, which stand behind one another at any address.
void sojourn_crc32c_each(const void *bytes, size_t size, size_t count, uint32_t *checksums);

/// SipHash-2-4-128 of `count` keys of 16 bytes each, which stand behind one another at any address.
/// A hash is two words: the first eight bytes of the result and the second, as little-endian numbers.
void sojourn_siphash128(
    uint64_t key0, uint64_t key1, const void *keys, uint64_t *hashes, size_t count);

#endif
