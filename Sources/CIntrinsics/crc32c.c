#include "CIntrinsics.h"

#include <stdatomic.h>
#include <string.h>

static uint32_t table[256];
static atomic_int table_ready;

static void fill_table(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0x82F63B78u & (0u - (crc & 1)));
        }
        table[i] = crc;
    }
    // Two threads may both fill the table: they write the same values.
    atomic_store_explicit(&table_ready, 1, memory_order_release);
}

static uint32_t crc32c_table(uint32_t crc, const uint8_t *bytes, size_t count) {
    if (!atomic_load_explicit(&table_ready, memory_order_acquire)) fill_table();
    while (count--) crc = (crc >> 8) ^ table[(crc ^ *bytes++) & 0xFF];
    return crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2")))
static uint32_t crc32c_hardware(uint32_t crc, const uint8_t *bytes, size_t count) {
    uint64_t wide = crc;
    for (; count >= 8; count -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        wide = _mm_crc32_u64(wide, word);
    }
    crc = (uint32_t)wide;
    while (count--) crc = _mm_crc32_u8(crc, *bytes++);
    return crc;
}

static int has_hardware(void) { return __builtin_cpu_supports("sse4.2"); }
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>

static uint32_t crc32c_hardware(uint32_t crc, const uint8_t *bytes, size_t count) {
    for (; count >= 8; count -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        crc = __crc32cd(crc, word);
    }
    while (count--) crc = __crc32cb(crc, *bytes++);
    return crc;
}

static int has_hardware(void) { return 1; }
#else
static uint32_t crc32c_hardware(uint32_t crc, const uint8_t *bytes, size_t count) {
    return crc32c_table(crc, bytes, count);
}

static int has_hardware(void) { return 0; }
#endif

uint32_t sojourn_crc32c(const void *bytes, size_t count) {
    uint32_t crc = 0xFFFFFFFFu;
    crc = has_hardware() ? crc32c_hardware(crc, bytes, count) : crc32c_table(crc, bytes, count);
    return crc ^ 0xFFFFFFFFu;
}
