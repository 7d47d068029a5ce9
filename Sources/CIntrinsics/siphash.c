#include "CIntrinsics.h"

#include <string.h>

// Eight keys at a time, a lane each. The compiler makes of it what the processor has: eight lanes with
// AVX-512, twice four with AVX2, four times two with SSE2 or NEON.
enum { LANES = 8 };
typedef uint64_t lanes __attribute__((vector_size(8 * LANES)));

typedef struct {
    lanes v0, v1, v2, v3;
} state;

// By macros, for a function would have its vectors passed by the caller's conventions.
#define ROTATE(v, bits) ((v) << (bits) | (v) >> (64 - (bits)))
#define ROUND(s)                                                                                 \
    do {                                                                                         \
        s.v0 += s.v1; s.v1 = ROTATE(s.v1, 13); s.v1 ^= s.v0; s.v0 = ROTATE(s.v0, 32);            \
        s.v2 += s.v3; s.v3 = ROTATE(s.v3, 16); s.v3 ^= s.v2;                                     \
        s.v0 += s.v3; s.v3 = ROTATE(s.v3, 21); s.v3 ^= s.v0;                                     \
        s.v2 += s.v1; s.v1 = ROTATE(s.v1, 17); s.v1 ^= s.v2; s.v2 = ROTATE(s.v2, 32);            \
    } while (0)
#define ABSORB(s, word)                                                                          \
    do {                                                                                         \
        s.v3 ^= (word); ROUND(s); ROUND(s); s.v0 ^= (word);                                      \
    } while (0)

static inline __attribute__((always_inline)) void hash_lanes(
    const uint64_t key[2], const uint64_t *words, uint64_t *hashes) {
    lanes first, second;
    for (int lane = 0; lane < LANES; lane++) {
        first[lane] = words[2 * lane];
        second[lane] = words[2 * lane + 1];
    }
    const lanes zero = {0};
    state s = {
        zero + (key[0] ^ 0x736f6d6570736575), zero + (key[1] ^ 0x646f72616e646f6d ^ 0xee),
        zero + (key[0] ^ 0x6c7967656e657261), zero + (key[1] ^ 0x7465646279746573)};
    ABSORB(s, first);
    ABSORB(s, second);
    ABSORB(s, zero + ((uint64_t)16 << 56));
    s.v2 ^= zero + 0xee;
    ROUND(s); ROUND(s); ROUND(s); ROUND(s);
    first = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
    s.v1 ^= zero + 0xdd;
    ROUND(s); ROUND(s); ROUND(s); ROUND(s);
    second = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
    for (int lane = 0; lane < LANES; lane++) {
        hashes[2 * lane] = first[lane];
        hashes[2 * lane + 1] = second[lane];
    }
}

// The same function, compiled for each kind of processor. Chosen by hand, for what the loader would choose
// by is not ready yet where a sanitizer is linked in.
typedef void hash_function(const uint64_t key[2], const uint64_t *words, uint64_t *hashes);

static void hash_plain(const uint64_t key[2], const uint64_t *words, uint64_t *hashes) {
    hash_lanes(key, words, hashes);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void hash_avx2(
    const uint64_t key[2], const uint64_t *words, uint64_t *hashes) {
    hash_lanes(key, words, hashes);
}

__attribute__((target("avx512f"))) static void hash_avx512(
    const uint64_t key[2], const uint64_t *words, uint64_t *hashes) {
    hash_lanes(key, words, hashes);
}

static hash_function *best(void) {
    if (__builtin_cpu_supports("avx512f")) return hash_avx512;
    return __builtin_cpu_supports("avx2") ? hash_avx2 : hash_plain;
}
#else
static hash_function *best(void) { return hash_plain; }
#endif

void sojourn_siphash128(
    uint64_t key0, uint64_t key1, const void *keys, uint64_t *hashes, size_t count) {
    const uint64_t key[2] = {key0, key1};
    hash_function *const hash = best();
    uint64_t words[2 * LANES], rest[2 * LANES];
    for (; count > 0;) {
        size_t taken = count < LANES ? count : LANES;
        // Copied, for keys stand at any address.
        memcpy(words, keys, 16 * taken);
        if (taken == LANES) {
            hash(key, words, hashes);
        } else {
            memset(words + 2 * taken, 0, 16 * (LANES - taken));
            hash(key, words, rest);
            memcpy(hashes, rest, 16 * taken);
        }
        keys = (const char *)keys + 16 * taken;
        hashes += 2 * taken;
        count -= taken;
    }
}
