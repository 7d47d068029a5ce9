#include "CIntrinsics.h"

#include <string.h>

static uint32_t table[256];

static uint32_t crc32c_table(uint32_t crc, const uint8_t *bytes, size_t count) {
    while (count--) crc = (crc >> 8) ^ table[(crc ^ *bytes++) & 0xFF];
    return crc;
}

// The instruction takes three cycles and one can start in each, so three runs of bytes are summed side by
// side. A sum is moved over the bytes of the next run by what it becomes behind as many zeros, which is
// linear: one table for each of its four bytes.
//
//     | run 0 | run 1 | run 2 |   sum = move(move(crc0) ^ crc1) ^ crc2
enum { LONG_RUN = 1024, SHORT_RUN = 128 };

typedef struct {
    uint32_t of_byte[4][256];
} move_tables;

static uint32_t move(const move_tables *tables, uint32_t crc) {
    return tables->of_byte[0][crc & 0xFF] ^ tables->of_byte[1][crc >> 8 & 0xFF]
        ^ tables->of_byte[2][crc >> 16 & 0xFF] ^ tables->of_byte[3][crc >> 24];
}

static void fill_move_tables(move_tables *tables, size_t run) {
    for (int byte = 0; byte < 4; byte++) {
        uint32_t of_bit[8];
        for (int bit = 0; bit < 8; bit++) {
            uint32_t crc = 1u << (8 * byte + bit);
            for (size_t zero = 0; zero < run; zero++) crc = (crc >> 8) ^ table[crc & 0xFF];
            of_bit[bit] = crc;
        }
        for (int value = 0; value < 256; value++) {
            uint32_t crc = 0;
            for (int bit = 0; bit < 8; bit++) {
                if (value >> bit & 1) crc ^= of_bit[bit];
            }
            tables->of_byte[byte][value] = crc;
        }
    }
}

static move_tables long_moves, short_moves;

__attribute__((constructor)) static void fill_tables(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0x82F63B78u & (0u - (crc & 1)));
        }
        table[i] = crc;
    }
    fill_move_tables(&long_moves, LONG_RUN);
    fill_move_tables(&short_moves, SHORT_RUN);
}

#if defined(__x86_64__)
#include <nmmintrin.h>

#define WITH_CRC __attribute__((target("sse4.2")))
#define ADD_WORD(crc, word) ((uint32_t)_mm_crc32_u64(crc, word))
#define ADD_BYTE(crc, byte) _mm_crc32_u8(crc, byte)
static int has_hardware(void) { return __builtin_cpu_supports("sse4.2"); }
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>

#define WITH_CRC
#define ADD_WORD(crc, word) __crc32cd(crc, word)
#define ADD_BYTE(crc, byte) __crc32cb(crc, byte)
static int has_hardware(void) { return 1; }
#else
#define WITH_CRC
#define ADD_WORD(crc, word) ((void)(word), (crc))
#define ADD_BYTE(crc, byte) ((void)(byte), (crc))
static int has_hardware(void) { return 0; }
#endif

WITH_CRC static inline uint32_t add_word(uint32_t crc, const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    return ADD_WORD(crc, word);
}

WITH_CRC static uint32_t add_runs(
    uint32_t crc, const uint8_t **bytes, size_t *count, size_t run, const move_tables *tables) {
    while (*count >= 3 * run) {
        const uint8_t *at = *bytes;
        uint32_t second = 0, third = 0;
        for (size_t i = 0; i < run; i += 8) {
            crc = add_word(crc, at + i);
            second = add_word(second, at + run + i);
            third = add_word(third, at + 2 * run + i);
        }
        crc = move(tables, move(tables, crc) ^ second) ^ third;
        *bytes += 3 * run;
        *count -= 3 * run;
    }
    return crc;
}

WITH_CRC static uint32_t crc32c_hardware(uint32_t crc, const uint8_t *bytes, size_t count) {
    crc = add_runs(crc, &bytes, &count, LONG_RUN, &long_moves);
    crc = add_runs(crc, &bytes, &count, SHORT_RUN, &short_moves);
    for (; count >= 8; count -= 8, bytes += 8) crc = add_word(crc, bytes);
    while (count--) crc = ADD_BYTE(crc, *bytes++);
    return crc;
}

WITH_CRC static void crc32c_each_of_16(const uint8_t *bytes, size_t count, uint32_t *checksums) {
    for (size_t i = 0; i < count; i++, bytes += 16) {
        checksums[i] = ~add_word(add_word(0xFFFFFFFFu, bytes), bytes + 8);
    }
}

void sojourn_crc32c_each(const void *bytes, size_t size, size_t count, uint32_t *checksums) {
    const uint8_t *at = bytes;
    if (size == 16 && has_hardware()) return crc32c_each_of_16(at, count, checksums);
    for (size_t i = 0; i < count; i++, at += size) checksums[i] = sojourn_crc32c(at, size);
}

uint32_t sojourn_crc32c(const void *bytes, size_t count) {
    uint32_t crc = 0xFFFFFFFFu;
    crc = has_hardware() ? crc32c_hardware(crc, bytes, count) : crc32c_table(crc, bytes, count);
    return crc ^ 0xFFFFFFFFu;
}
