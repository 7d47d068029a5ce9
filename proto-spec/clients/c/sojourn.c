/*
 * Sojourn: see sojourn.h for what it does. In reading order:
 *
 *     Bytes        little-endian integers, CRC-32C, UTF-8
 *     Names        of results, codes, outcomes
 *     Errors
 *     Values       micro-units
 *     Dictionary   distinct entries, by number
 *     Batch        events as they are gathered, in columns
 *     Plan         how a batch is written: which columns, how wide
 *     Frames       header and requests
 *     Layout       judging a body of columns
 *     Replies      reading them
 *     Client       slots, link, time: the state machine
 *     Calls        what the caller sees of it
 *     Buffer       single events
 */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "sojourn.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

enum {
    HEADER_BYTES = 64,
    DESCRIPTOR_BYTES = 16,
    VERSION = 1,
    FLAG_REPLY = 1,

    HELLO = 1,
    ASSIGN = 2,
    LOOKUP = 3,
    STATUS = 4,
    ERROR = 5,

    COLUMN_TIME = 1,
    COLUMN_KIND = 2,
    COLUMN_VISITOR = 3,
    COLUMN_VISITOR_KEYS = 4,
    COLUMN_NAME = 5,
    COLUMN_TEXTS = 6,
    COLUMN_TEXT_PREFIXES = 7,
    COLUMN_CONTEXT = 8,
    COLUMN_CONTEXTS = 9,
    COLUMN_VALUE = 10,
    COLUMN_EVENT_ID = 11,
    REQUEST_COLUMNS = 12,

    CONTEXT_CELLS = 9,
    COLUMNS_MAX = 64,
    EVENTS_MAX = 65535,
    ENTRIES_MAX = 65535,
    KEY_BYTES_MAX = 128,
    TEXT_BYTES_MAX = 2048,
    TEXTS_BYTES_MAX = 8388608,
    MESSAGE_BYTES_MAX = 4194304,
    NAME_BYTES_MAX = 255,
    PREFIX_MAX = 255,
    SCALE_MAX = 9,
    CREDIT_MAX = 64,
    Z85_KEY = 40
};

#define EVENT_TIME_END ((int64_t)1 << 48)
#define NO_FAULT_OFFSET SOJOURN_NO_OFFSET

/* Codes of the registry that this file gives out itself. */
enum {
    TRUNCATED_HEADER = 2,
    BAD_MAGIC = 3,
    BAD_VERSION = 4,
    BAD_HEADER_CHECKSUM = 5,
    UNEXPECTED_REPLY = 6,
    UNKNOWN_OPERATION = 7,
    UNKNOWN_FLAGS = 8,
    RESERVED_NOT_ZERO = 9,
    MESSAGE_TOO_LARGE = 10,
    BAD_BODY_LENGTH = 11,
    BAD_BODY_CHECKSUM = 12,
    WRONG_DEPLOYMENT = 13,
    DRAINING = 21,
    TRUNCATED_BODY = 30,
    BODY_RESERVED_NOT_ZERO = 31,
    BAD_EVENT_COUNT = 32,
    BAD_COLUMN_COUNT = 33,
    BAD_COLUMN_ORDER = 34,
    COLUMN_MISALIGNED = 35,
    COLUMN_OVERLAP = 36,
    COLUMN_GAP = 37,
    COLUMN_OUT_OF_BOUNDS = 38,
    TRAILING_BYTES = 39,
    PADDING_NOT_ZERO = 40,
    MISSING_COLUMN = 41,
    BAD_COLUMN_WIDTH = 42,
    BAD_ELEMENT_COUNT = 43,
    BAD_COLUMN_LENGTH = 44,
    BAD_KEY_LENGTH = 45,
    BAD_TEXT_LENGTH = 46,
    TEXTS_TOO_LARGE = 47,
    BAD_UTF8 = 48,
    INDEX_OUT_OF_RANGE = 50
};

/* ==== Bytes ================================================================================ */

static uint32_t load16(const uint8_t *at) { return (uint32_t)at[0] | (uint32_t)at[1] << 8; }

static uint32_t load32(const uint8_t *at) { return load16(at) | load16(at + 2) << 16; }

static uint64_t load64(const uint8_t *at) {
    return (uint64_t)load32(at) | (uint64_t)load32(at + 4) << 32;
}

static void store16(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void store32(uint8_t *at, uint32_t value) {
    store16(at, value);
    store16(at + 2, value >> 16);
}

static void store64(uint8_t *at, uint64_t value) {
    store32(at, (uint32_t)value);
    store32(at + 4, (uint32_t)(value >> 32));
}

static uint64_t load_integer(const uint8_t *at, unsigned width) {
    switch (width) {
    case 1: return *at;
    case 2: return load16(at);
    case 4: return load32(at);
    default: return load64(at);
    }
}

static void store_integer(uint8_t *at, unsigned width, uint64_t value) {
    switch (width) {
    case 1: *at = (uint8_t)value; return;
    case 2: store16(at, (uint32_t)value); return;
    case 4: store32(at, (uint32_t)value); return;
    default: store64(at, value); return;
    }
}

static uint64_t align8(uint64_t value) { return (value + 7) & ~(uint64_t)7; }

/*
 * CRC-32C, eight bytes a step. A table entry is the exclusive or of the entries of its bits, so
 * that the compiler makes the tables out of eight words each.
 */
#define CRC_ENTRY(n, a, b, c, d, e, f, g, h)                                                      \
    (((n) & 1 ? a : 0u) ^ ((n) & 2 ? b : 0u) ^ ((n) & 4 ? c : 0u) ^ ((n) & 8 ? d : 0u)            \
     ^ ((n) & 16 ? e : 0u) ^ ((n) & 32 ? f : 0u) ^ ((n) & 64 ? g : 0u) ^ ((n) & 128 ? h : 0u))
#define CRC_FOUR(n, ...)                                                                          \
    CRC_ENTRY(n, __VA_ARGS__), CRC_ENTRY(n + 1, __VA_ARGS__), CRC_ENTRY(n + 2, __VA_ARGS__),      \
        CRC_ENTRY(n + 3, __VA_ARGS__)
#define CRC_16(n, ...)                                                                            \
    CRC_FOUR(n, __VA_ARGS__), CRC_FOUR(n + 4, __VA_ARGS__), CRC_FOUR(n + 8, __VA_ARGS__),         \
        CRC_FOUR(n + 12, __VA_ARGS__)
#define CRC_64(n, ...)                                                                            \
    CRC_16(n, __VA_ARGS__), CRC_16(n + 16, __VA_ARGS__), CRC_16(n + 32, __VA_ARGS__),             \
        CRC_16(n + 48, __VA_ARGS__)
#define CRC_SLICE(...)                                                                            \
    { CRC_64(0, __VA_ARGS__), CRC_64(64, __VA_ARGS__), CRC_64(128, __VA_ARGS__),                  \
      CRC_64(192, __VA_ARGS__) }

static const uint32_t CRC_TABLES[8][256] = {
    CRC_SLICE(0xF26B8303, 0xE13B70F7, 0xC79A971F, 0x8AD958CF,
              0x105EC76F, 0x20BD8EDE, 0x417B1DBC, 0x82F63B78),
    CRC_SLICE(0x13A29877, 0x274530EE, 0x4E8A61DC, 0x9D14C3B8,
              0x3FC5F181, 0x7F8BE302, 0xFF17C604, 0xFBC3FAF9),
    CRC_SLICE(0xA541927E, 0x4F6F520D, 0x9EDEA41A, 0x38513EC5,
              0x70A27D8A, 0xE144FB14, 0xC76580D9, 0x8B277743),
    CRC_SLICE(0xDD45AAB8, 0xBF672381, 0x7B2231F3, 0xF64463E6,
              0xE964B13D, 0xD725148B, 0xABA65FE7, 0x52A0C93F),
    CRC_SLICE(0x38116FAC, 0x7022DF58, 0xE045BEB0, 0xC5670B91,
              0x8F2261D3, 0x1BA8B557, 0x37516AAE, 0x6EA2D55C),
    CRC_SLICE(0xEF306B19, 0xDB8CA0C3, 0xB2F53777, 0x6006181F,
              0xC00C303E, 0x85F4168D, 0x0E045BEB, 0x1C08B7D6),
    CRC_SLICE(0x68032CC8, 0xD0065990, 0xA5E0C5D1, 0x4E2DFD53,
              0x9C5BFAA6, 0x3D5B83BD, 0x7AB7077A, 0xF56E0EF4),
    CRC_SLICE(0x493C7D27, 0x9278FA4E, 0x211D826D, 0x423B04DA,
              0x847609B4, 0x0D006599, 0x1A00CB32, 0x34019664)};

static uint32_t crc32c_tables(uint32_t crc, const uint8_t *at, size_t size) {
    for (; size >= 8; at += 8, size -= 8) {
        uint32_t low = load32(at) ^ crc;
        uint32_t high = load32(at + 4);
        crc = CRC_TABLES[7][low & 255] ^ CRC_TABLES[6][low >> 8 & 255]
            ^ CRC_TABLES[5][low >> 16 & 255] ^ CRC_TABLES[4][low >> 24]
            ^ CRC_TABLES[3][high & 255] ^ CRC_TABLES[2][high >> 8 & 255]
            ^ CRC_TABLES[1][high >> 16 & 255] ^ CRC_TABLES[0][high >> 24];
    }
    for (; size > 0; at++, size--) crc = crc >> 8 ^ CRC_TABLES[0][(crc ^ *at) & 255];
    return crc;
}

#if defined(__x86_64__) && defined(__GNUC__)
#define CRC_HARDWARE 1
__attribute__((target("sse4.2"))) static uint32_t crc32c_hardware(
    uint32_t crc, const uint8_t *at, size_t size) {
    uint64_t wide = crc;
    for (; size >= 8; at += 8, size -= 8) wide = __builtin_ia32_crc32di(wide, load64(at));
    crc = (uint32_t)wide;
    for (; size > 0; at++, size--) crc = __builtin_ia32_crc32qi(crc, *at);
    return crc;
}

static bool has_crc_hardware(void) { return __builtin_cpu_supports("sse4.2") != 0; }
#elif defined(__ARM_FEATURE_CRC32)
#define CRC_HARDWARE 1
#include <arm_acle.h>
static uint32_t crc32c_hardware(uint32_t crc, const uint8_t *at, size_t size) {
    for (; size >= 8; at += 8, size -= 8) crc = __crc32cd(crc, load64(at));
    for (; size > 0; at++, size--) crc = __crc32cb(crc, *at);
    return crc;
}

static bool has_crc_hardware(void) { return true; }
#endif

static uint32_t crc32c(const uint8_t *at, size_t size) {
#ifdef CRC_HARDWARE
    if (has_crc_hardware()) return ~crc32c_hardware(UINT32_MAX, at, size);
#endif
    return ~crc32c_tables(UINT32_MAX, at, size);
}

/* Bytes of the character that begins here; 0 when it is not UTF-8. */
static size_t utf8_character(const uint8_t *at, size_t size) {
    uint8_t first = at[0];
    if (first < 0x80) return 1;
    size_t length = first >= 0xC2 && first < 0xE0 ? 2 : first >= 0xE0 && first < 0xF0 ? 3
        : first >= 0xF0 && first < 0xF5 ? 4 : 0;
    if (length == 0 || length > size) return 0;
    /* What the second byte may be keeps out long forms, surrogates, and what is above 10FFFF. */
    uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (at[1] < low || at[1] > high) return 0;
    for (size_t i = 2; i < length; i++)
        if (at[i] < 0x80 || at[i] > 0xBF) return 0;
    return length;
}

static bool is_utf8(const uint8_t *at, size_t size) {
    while (size > 0) {
        if (size >= 8 && (load64(at) & 0x8080808080808080u) == 0) {
            at += 8;
            size -= 8;
            continue;
        }
        size_t length = utf8_character(at, size);
        if (length == 0) return false;
        at += length;
        size -= length;
    }
    return true;
}

/* ==== Names ================================================================================ */

struct name {
    int code;
    const char *text;
};

static const struct name RESULT_NAMES[] = {
    {SOJOURN_OK, "ok"},
    {SOJOURN_PENDING, "pending"},
    {SOJOURN_BUSY, "busy"},
    {SOJOURN_INVALID_ARGUMENT, "invalidArgument"},
    {SOJOURN_INVALID_EVENT, "invalidEvent"},
    {SOJOURN_EMPTY_BATCH, "emptyBatch"},
    {SOJOURN_BATCH_TOO_LARGE, "batchTooLarge"},
    {SOJOURN_UNREACHABLE, "unreachable"},
    {SOJOURN_TIMED_OUT, "timedOut"},
    {SOJOURN_UNKNOWN_OUTCOME, "unknownOutcome"},
    {SOJOURN_REFUSED, "refused"},
    {SOJOURN_WRONG_DEPLOYMENT, "wrongDeployment"},
    {SOJOURN_UNSUPPORTED_VERSION, "unsupportedVersion"},
    {SOJOURN_MALFORMED_REPLY, "malformedReply"},
    {SOJOURN_CLOSED, "closed"},
    {SOJOURN_NO_CURVE, "noCurve"},
    {SOJOURN_TRANSPORT, "transport"},
    {SOJOURN_OUT_OF_MEMORY, "outOfMemory"},
    {-1, NULL}};

static const struct name CODE_NAMES[] = {
    {1, "badFraming"}, {2, "truncatedHeader"}, {3, "badMagic"}, {4, "unsupportedVersion"},
    {5, "badHeaderChecksum"}, {6, "unexpectedReply"}, {7, "unknownOperation"},
    {8, "unknownFlags"}, {9, "reservedNotZero"}, {10, "messageTooLarge"}, {11, "badBodyLength"},
    {12, "badBodyChecksum"}, {13, "wrongDeployment"}, {14, "unknownProperty"}, {15, "noArchive"},
    {20, "overloaded"}, {21, "draining"}, {22, "deadlineExpired"}, {23, "journalUnavailable"},
    {24, "archiveUnavailable"},
    {30, "truncatedBody"}, {31, "bodyReservedNotZero"}, {32, "badEventCount"},
    {33, "badColumnCount"}, {34, "badColumnOrder"}, {35, "columnMisaligned"},
    {36, "columnOverlap"}, {37, "columnGap"}, {38, "columnOutOfBounds"}, {39, "trailingBytes"}, {40, "paddingNotZero"},
    {41, "missingColumn"}, {42, "badColumnWidth"}, {43, "badElementCount"},
    {44, "badColumnLength"}, {45, "badKeyLength"}, {46, "badTextLength"}, {47, "textsTooLarge"},
    {48, "badUTF8"}, {49, "badKind"}, {50, "indexOutOfRange"}, {51, "timeOutOfRange"},
    {52, "badScale"}, {53, "badName"}, {54, "badLookup"}, {55, "badReport"}, {56, "reportTooLong"}, {60, "sequenceTooOld"},
    {61, "sequenceGap"}, {62, "sequenceReused"}, {90, "internal"}, {-1, NULL}};

static const struct name OUTCOME_NAMES[] = {
    {SOJOURN_NEW, "new"},
    {SOJOURN_EXTENDED, "extended"},
    {SOJOURN_LATE_JOINED, "lateJoined"},
    {SOJOURN_MERGED, "merged"},
    {SOJOURN_TOO_LATE, "tooLate"},
    {SOJOURN_DUPLICATE, "duplicate"},
    {SOJOURN_REJECTED_NO_SESSION, "rejectedNoSession"},
    {SOJOURN_REJECTED_CLOCK_SKEW, "rejectedClockSkew"},
    {SOJOURN_REJECTED_VISITOR_LIMIT, "rejectedVisitorLimit"},
    {SOJOURN_REJECTED_SESSION_LIMIT, "rejectedSessionLimit"},
    {-1, NULL}};

static const struct name BOUNDARY_NAMES[] = {
    {SOJOURN_BOUNDARY_FIRST, "first"},
    {SOJOURN_BOUNDARY_IDLE, "idle"},
    {SOJOURN_BOUNDARY_MAX_DURATION, "maxDuration"},
    {SOJOURN_BOUNDARY_MAX_EVENTS, "maxEvents"},
    {SOJOURN_BOUNDARY_CAMPAIGN, "campaign"},
    {SOJOURN_BOUNDARY_MIDNIGHT, "midnight"},
    {SOJOURN_BOUNDARY_EXPLICIT, "explicit"},
    {-1, NULL}};

static const struct name KIND_NAMES[] = {
    {SOJOURN_VIEW, "view"}, {SOJOURN_ACTION, "action"}, {SOJOURN_CONVERSION, "conversion"},
    {SOJOURN_HEARTBEAT, "heartbeat"}, {SOJOURN_START, "start"}, {SOJOURN_END, "end"}, {-1, NULL}};

static const char *name_of(const struct name *names, int code) {
    for (; names->text != NULL; names++)
        if (names->code == code) return names->text;
    return NULL;
}

const char *sojourn_result_name(sojourn_result result) {
    const char *name = name_of(RESULT_NAMES, (int)result);
    return name != NULL ? name : "unknown";
}

const char *sojourn_code_name(uint16_t code) {
    const char *name = name_of(CODE_NAMES, code);
    return name != NULL ? name : "unknown";
}

const char *sojourn_outcome_name(uint8_t outcome) { return name_of(OUTCOME_NAMES, outcome); }

const char *sojourn_boundary_name(uint8_t boundary) { return name_of(BOUNDARY_NAMES, boundary); }

const char *sojourn_cause_name(uint8_t cause) {
    return cause == SOJOURN_CAUSE_BRIDGE ? "bridge" : NULL;
}

uint8_t sojourn_kind_code(const char *name) {
    for (const struct name *at = KIND_NAMES; name != NULL && at->text != NULL; at++)
        if (strcmp(at->text, name) == 0) return (uint8_t)at->code;
    return 0;
}

sojourn_bytes sojourn_string(const char *text) {
    sojourn_bytes bytes = {text, text == NULL ? 0 : strlen(text)};
    return bytes;
}

void sojourn_uuid_text(const sojourn_uuid *uuid, char text[SOJOURN_UUID_TEXT]) {
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *text++ = '-';
        *text++ = digits[uuid->bytes[i] >> 4];
        *text++ = digits[uuid->bytes[i] & 15];
    }
    *text = 0;
}

static int hex_digit(char character) {
    if (character >= '0' && character <= '9') return character - '0';
    if (character >= 'a' && character <= 'f') return character - 'a' + 10;
    if (character >= 'A' && character <= 'F') return character - 'A' + 10;
    return -1;
}

bool sojourn_uuid_parse(const char *text, sojourn_uuid *uuid) {
    if (text == NULL || strlen(text) != SOJOURN_UUID_TEXT - 1) return false;
    for (int i = 0; i < 16; i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-') return false;
        int high = hex_digit(text[0]), low = hex_digit(text[1]);
        if (high < 0 || low < 0) return false;
        uuid->bytes[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    return true;
}

/* ==== Errors =============================================================================== */

static void clear_error(sojourn_error *error) {
    memset(error, 0, sizeof *error);
    error->offset = SOJOURN_NO_OFFSET;
}

/* Fills in the error, if there is one to fill in, and returns the result. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static sojourn_result fail(sojourn_error *error, sojourn_result result, const char *format, ...);

static sojourn_result fail(sojourn_error *error, sojourn_result result, const char *format, ...) {
    if (error == NULL) return result;
    clear_error(error);
    error->result = result;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return result;
}

static sojourn_result succeed(sojourn_error *error) {
    if (error != NULL) clear_error(error);
    return SOJOURN_OK;
}

static sojourn_result out_of_memory(sojourn_error *error) {
    return fail(error, SOJOURN_OUT_OF_MEMORY, "there is no memory left");
}

/* ==== Values =============================================================================== */

sojourn_result sojourn_value_from_double(double units, int64_t *micro, sojourn_error *error) {
    if (micro == NULL) return fail(error, SOJOURN_INVALID_ARGUMENT, "there is no place for it");
    if (units != units) return fail(error, SOJOURN_INVALID_EVENT, "a value is not a number");
    double scaled = units * 1e6;
    if (!(scaled > -9223372036854775808.0 && scaled < 9223372036854775807.0))
        return fail(error, SOJOURN_INVALID_EVENT, "a value of %g does not fit", units);
    /* Behind 2^53 a double has no halves left to round. */
    double half = scaled < 0 ? -0.5 : 0.5;
    bool has_halves = scaled > -9007199254740992.0 && scaled < 9007199254740992.0;
    int64_t nearest = (int64_t)(has_halves ? scaled + half : scaled);
    if ((double)nearest / 1e6 != units)
        return fail(error, SOJOURN_INVALID_EVENT, "%.17g has more than six decimals", units);
    *micro = nearest;
    return succeed(error);
}

sojourn_result sojourn_value_from_text(const char *text, int64_t *micro, sojourn_error *error) {
    if (text == NULL || micro == NULL)
        return fail(error, SOJOURN_INVALID_ARGUMENT, "there is no text, or no place for its value");
    const char *at = text;
    bool negative = *at == '-';
    if (*at == '-' || *at == '+') at++;
    /* Reckoned below zero, where there is one number more. */
    int64_t value = 0;
    int digits = 0, decimals = -1;
    for (; *at != 0; at++) {
        if (*at == '.' && decimals < 0) {
            decimals = 0;
            continue;
        }
        if (*at < '0' || *at > '9')
            return fail(error, SOJOURN_INVALID_EVENT, "'%.40s' is no decimal number", text);
        int digit = *at - '0';
        if (decimals >= 6) {
            if (digit != 0)
                return fail(
                    error, SOJOURN_INVALID_EVENT, "%.40s has more than six decimals", text);
            continue;
        }
        if (value < (INT64_MIN + digit) / 10)
            return fail(error, SOJOURN_INVALID_EVENT, "a value of %.40s does not fit", text);
        value = value * 10 - digit;
        digits++;
        if (decimals >= 0) decimals++;
    }
    if (digits == 0)
        return fail(error, SOJOURN_INVALID_EVENT, "'%.40s' is no decimal number", text);
    for (int i = decimals < 0 ? 0 : decimals; i < 6; i++) {
        if (value < INT64_MIN / 10)
            return fail(error, SOJOURN_INVALID_EVENT, "a value of %.40s does not fit", text);
        value *= 10;
    }
    if (!negative && value == INT64_MIN)
        return fail(error, SOJOURN_INVALID_EVENT, "a value of %.40s does not fit", text);
    *micro = negative ? value : -value;
    return succeed(error);
}

/* ==== Dictionary =========================================================================== */

/* Open addressing. A cell of an earlier generation is empty, so that clearing costs nothing. */
struct cell {
    uint32_t generation;
    uint32_t hash;
    uint32_t entry;
};

/* Distinct entries, numbered in the order in which they came, their bytes behind one another. */
struct dictionary {
    uint8_t *bytes;
    size_t size;
    size_t bytes_capacity;
    uint32_t *ends;
    uint32_t count;
    uint32_t ends_capacity;
    struct cell *cells;
    uint32_t cell_count; /* power of two */
    uint32_t generation;
    uint64_t seed;
};

#define NO_ENTRY UINT32_MAX

static void dictionary_free(struct dictionary *dictionary) {
    free(dictionary->bytes);
    free(dictionary->ends);
    free(dictionary->cells);
}

static void dictionary_clear(struct dictionary *dictionary) {
    dictionary->size = 0;
    dictionary->count = 0;
    if (++dictionary->generation == 0) {
        if (dictionary->cells != NULL)
            memset(dictionary->cells, 0, dictionary->cell_count * sizeof *dictionary->cells);
        dictionary->generation = 1;
    }
}

static uint32_t entry_start(const struct dictionary *dictionary, uint32_t entry) {
    return entry == 0 ? 0 : dictionary->ends[entry - 1];
}

static uint32_t entry_size(const struct dictionary *dictionary, uint32_t entry) {
    return dictionary->ends[entry] - entry_start(dictionary, entry);
}

static uint32_t hash_bytes(const uint8_t *at, size_t size, uint64_t seed) {
    const uint64_t factor = 0x9E3779B97F4A7C15u;
    uint64_t hash = (seed ^ size) * factor;
    for (; size >= 8; at += 8, size -= 8) {
        hash = (hash ^ load64(at)) * factor;
        hash ^= hash >> 32;
    }
    uint64_t rest = 0;
    for (size_t i = 0; i < size; i++) rest |= (uint64_t)at[i] << 8 * i;
    hash = (hash ^ rest) * factor;
    hash ^= hash >> 29;
    return (uint32_t)(hash * factor >> 32);
}

/* Grows an array to hold at least `needed` elements. */
static bool grow(void *array, size_t *capacity, size_t needed, size_t element) {
    if (needed <= *capacity) return true;
    size_t larger = *capacity < 16 ? 16 : *capacity * 2;
    if (larger < needed) larger = needed;
    /* Copied, because `array` is a pointer to a pointer of some type. */
    void *old, *moved;
    memcpy(&old, array, sizeof old);
    moved = realloc(old, larger * element);
    if (moved == NULL) return false;
    memcpy(array, &moved, sizeof moved);
    *capacity = larger;
    return true;
}

static bool dictionary_grow_cells(struct dictionary *dictionary) {
    uint32_t larger = dictionary->cell_count == 0 ? 64 : dictionary->cell_count * 2;
    struct cell *cells = calloc(larger, sizeof *cells);
    if (cells == NULL) return false;
    for (uint32_t i = 0; i < dictionary->count; i++) {
        uint32_t start = entry_start(dictionary, i);
        uint32_t hash =
            hash_bytes(dictionary->bytes + start, dictionary->ends[i] - start, dictionary->seed);
        uint32_t at = hash & (larger - 1);
        while (cells[at].generation != 0) at = (at + 1) & (larger - 1);
        cells[at] = (struct cell){dictionary->generation, hash, i};
    }
    free(dictionary->cells);
    dictionary->cells = cells;
    dictionary->cell_count = larger;
    return true;
}

/* The cell of these bytes, or the empty one where they belong. */
static struct cell *dictionary_find(
    const struct dictionary *dictionary, const uint8_t *at, size_t size, uint32_t hash) {
    uint32_t mask = dictionary->cell_count - 1;
    for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
        struct cell *cell = &dictionary->cells[i];
        if (cell->generation != dictionary->generation) return cell;
        if (cell->hash == hash && entry_size(dictionary, cell->entry) == size
            && memcmp(dictionary->bytes + entry_start(dictionary, cell->entry), at, size) == 0)
            return cell;
    }
}

/* The number of an entry, which is added if it is new; NO_ENTRY when there is no memory. */
static uint32_t dictionary_intern(struct dictionary *dictionary, const void *data, size_t size) {
    if (dictionary->count * 2 >= dictionary->cell_count && !dictionary_grow_cells(dictionary))
        return NO_ENTRY;
    uint32_t hash = hash_bytes(data, size, dictionary->seed);
    struct cell *cell = dictionary_find(dictionary, data, size, hash);
    if (cell->generation == dictionary->generation) return cell->entry;
    size_t ends_capacity = dictionary->ends_capacity;
    if (!grow(&dictionary->bytes, &dictionary->bytes_capacity, dictionary->size + size, 1)
        || !grow(&dictionary->ends, &ends_capacity, dictionary->count + 1u, sizeof(uint32_t)))
        return NO_ENTRY;
    dictionary->ends_capacity = (uint32_t)ends_capacity;
    memcpy(dictionary->bytes + dictionary->size, data, size);
    dictionary->size += size;
    dictionary->ends[dictionary->count] = (uint32_t)dictionary->size;
    *cell = (struct cell){dictionary->generation, hash, dictionary->count};
    return dictionary->count++;
}

/* Takes back the entries from `count` on. The last entry's cell is the end of its chain, so it can
 * be emptied. */
static void dictionary_truncate(struct dictionary *dictionary, uint32_t count) {
    while (dictionary->count > count) {
        uint32_t entry = dictionary->count - 1;
        uint32_t start = entry_start(dictionary, entry), size = entry_size(dictionary, entry);
        const uint8_t *at = dictionary->bytes + start;
        dictionary_find(dictionary, at, size, hash_bytes(at, size, dictionary->seed))
            ->generation = dictionary->generation - 1;
        dictionary->size = start;
        dictionary->count = entry;
    }
}

/* ==== Batch ================================================================================ */

#define NO_RANK UINT32_MAX

struct sojourn_batch {
    uint32_t count;
    uint32_t capacity;
    int64_t *times;
    uint8_t *kinds;
    uint32_t *visitors; /* entries of `keys` */
    uint32_t *names;    /* rank plus one */
    uint32_t *contexts; /* entries of `rows` plus one */
    int64_t *values;
    uint64_t *ids;

    struct dictionary keys;
    struct dictionary texts;
    struct dictionary rows; /* CONTEXT_CELLS words: texts plus one, and flags */

    /* Where each text stands on the wire: names first, in the order of their first use, so that
     * pages stand beside pages and share prefixes; then what only contexts say. */
    uint32_t *ranks; /* by text; NO_RANK until it is used as a name, or ordered */
    size_t ranks_capacity;
    uint32_t *order; /* texts by rank; the first `name_count` are names */
    size_t order_capacity;
    uint32_t name_count;
    uint8_t *prefixes; /* by rank */
    size_t prefixes_capacity;
    uint32_t prefixes_total;

    bool has_values;
    bool has_ids;
};

sojourn_batch *sojourn_batch_new(void) {
    sojourn_batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL) return NULL;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    /* So that nobody can know in advance which keys collide. */
    uint64_t seed = (uint64_t)now.tv_nsec * 0x9E3779B97F4A7C15u ^ (uint64_t)(uintptr_t)batch;
    batch->keys.seed = batch->texts.seed = batch->rows.seed = seed;
    batch->keys.generation = batch->texts.generation = batch->rows.generation = 1;
    return batch;
}

void sojourn_batch_free(sojourn_batch *batch) {
    if (batch == NULL) return;
    free(batch->times);
    free(batch->kinds);
    free(batch->visitors);
    free(batch->names);
    free(batch->contexts);
    free(batch->values);
    free(batch->ids);
    dictionary_free(&batch->keys);
    dictionary_free(&batch->texts);
    dictionary_free(&batch->rows);
    free(batch->ranks);
    free(batch->order);
    free(batch->prefixes);
    free(batch);
}

size_t sojourn_batch_count(const sojourn_batch *batch) { return batch == NULL ? 0 : batch->count; }

void sojourn_batch_clear(sojourn_batch *batch) {
    if (batch == NULL) return;
    batch->count = 0;
    batch->name_count = 0;
    batch->has_values = false;
    batch->has_ids = false;
    dictionary_clear(&batch->keys);
    dictionary_clear(&batch->texts);
    dictionary_clear(&batch->rows);
}

static bool batch_reserve(sojourn_batch *batch) {
    if (batch->count < batch->capacity) return true;
    struct {
        void *array;
        size_t element;
    } columns[] = {
        {&batch->times, sizeof *batch->times},       {&batch->kinds, sizeof *batch->kinds},
        {&batch->visitors, sizeof *batch->visitors}, {&batch->names, sizeof *batch->names},
        {&batch->contexts, sizeof *batch->contexts}, {&batch->values, sizeof *batch->values},
        {&batch->ids, sizeof *batch->ids}};
    size_t capacity = batch->capacity;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        capacity = batch->capacity;
        if (!grow(columns[i].array, &capacity, batch->count + 1u, columns[i].element)) return false;
    }
    batch->capacity = (uint32_t)capacity;
    return true;
}

/* What an event may not be, before anything is kept of it. */
static sojourn_result check_event(
    const sojourn_batch *batch, const sojourn_event *event, sojourn_error *error) {
    if (batch->count >= EVENTS_MAX)
        return fail(error, SOJOURN_BATCH_TOO_LARGE, "a batch has at most %d events", EVENTS_MAX);
    if (event->time < 0 || event->time >= EVENT_TIME_END)
        return fail(
            error, SOJOURN_INVALID_EVENT,
            "an event's time is from 0 up to 2^48 - 1 ms; this is %lld", (long long)event->time);
    if (event->kind < SOJOURN_VIEW || event->kind > SOJOURN_END)
        return fail(error, SOJOURN_INVALID_EVENT, "there is no event of kind %d", event->kind);
    if (event->visitor.data == NULL || event->visitor.size == 0)
        return fail(error, SOJOURN_INVALID_EVENT, "an event's visitor key is empty");
    if (event->visitor.size > KEY_BYTES_MAX)
        return fail(
            error, SOJOURN_INVALID_EVENT, "a visitor key has at most %d bytes; this has %zu",
            KEY_BYTES_MAX, event->visitor.size);
    return SOJOURN_OK;
}

static sojourn_result intern_text(
    sojourn_batch *batch, sojourn_bytes text, uint32_t *entry, sojourn_error *error) {
    if (text.size > TEXT_BYTES_MAX || text.data == NULL)
        return fail(
            error, SOJOURN_INVALID_EVENT, "a text has at most %d bytes; this has %zu",
            TEXT_BYTES_MAX, text.size);
    uint32_t before = batch->texts.count;
    *entry = dictionary_intern(&batch->texts, text.data, text.size);
    if (*entry == NO_ENTRY) return out_of_memory(error);
    if (batch->texts.count == before) return SOJOURN_OK;
    /* A text is judged when it is new. */
    if (!is_utf8(text.data, text.size))
        return fail(error, SOJOURN_INVALID_EVENT, "a text is not UTF-8");
    if (batch->texts.count > ENTRIES_MAX)
        return fail(error, SOJOURN_BATCH_TOO_LARGE, "a batch has at most %d texts", ENTRIES_MAX);
    if (batch->texts.size > TEXTS_BYTES_MAX)
        return fail(
            error, SOJOURN_BATCH_TOO_LARGE, "the texts of a batch have at most %d bytes",
            TEXTS_BYTES_MAX);
    if (!grow(&batch->ranks, &batch->ranks_capacity, batch->texts.count, sizeof(uint32_t)))
        return out_of_memory(error);
    batch->ranks[*entry] = NO_RANK;
    return SOJOURN_OK;
}

static sojourn_result intern_context(
    sojourn_batch *batch, const sojourn_context *context, uint32_t *row, sojourn_error *error) {
    uint32_t cells[CONTEXT_CELLS] = {0};
    for (int i = 0; i < SOJOURN_ATTRIBUTES; i++) {
        if (context->attributes[i].size == 0) continue;
        uint32_t entry = 0;
        sojourn_result result = intern_text(batch, context->attributes[i], &entry, error);
        if (result != SOJOURN_OK) return result;
        cells[i] = entry + 1;
    }
    cells[SOJOURN_ATTRIBUTES] = context->known_bot ? 1 : 0;
    *row = dictionary_intern(&batch->rows, cells, sizeof cells);
    if (*row == NO_ENTRY) return out_of_memory(error);
    if (batch->rows.count > ENTRIES_MAX)
        return fail(
            error, SOJOURN_BATCH_TOO_LARGE, "a batch has at most %d contexts", ENTRIES_MAX);
    return SOJOURN_OK;
}

/* The rank of a text that is used as a name. */
static uint32_t name_rank(sojourn_batch *batch, uint32_t text) {
    if (batch->ranks[text] == NO_RANK || batch->ranks[text] >= batch->name_count
        || batch->order[batch->ranks[text]] != text) {
        if (!grow(&batch->order, &batch->order_capacity, batch->name_count + 1u, sizeof(uint32_t)))
            return NO_RANK;
        batch->order[batch->name_count] = text;
        batch->ranks[text] = batch->name_count++;
    }
    return batch->ranks[text];
}

static sojourn_result intern_event(
    sojourn_batch *batch, const sojourn_event *event, sojourn_error *error) {
    uint32_t visitor = dictionary_intern(&batch->keys, event->visitor.data, event->visitor.size);
    if (visitor == NO_ENTRY) return out_of_memory(error);
    uint32_t name = 0, context = 0;
    if (event->context != NULL) {
        sojourn_result result = intern_context(batch, event->context, &context, error);
        if (result != SOJOURN_OK) return result;
        context++;
    }
    /* Last, because the rank of a name is not taken back. */
    if (event->name.size > 0) {
        uint32_t text = 0;
        sojourn_result result = intern_text(batch, event->name, &text, error);
        if (result != SOJOURN_OK) return result;
        name = name_rank(batch, text);
        if (name == NO_RANK) return out_of_memory(error);
        name++;
    }
    uint32_t at = batch->count++;
    batch->times[at] = event->time;
    batch->kinds[at] = event->kind;
    batch->visitors[at] = visitor;
    batch->names[at] = name;
    batch->contexts[at] = context;
    batch->values[at] = event->value;
    batch->ids[at] = event->id;
    batch->has_values |= event->value != 0;
    batch->has_ids |= event->id != 0;
    return SOJOURN_OK;
}

sojourn_result sojourn_batch_add(
    sojourn_batch *batch, const sojourn_event *event, sojourn_error *error) {
    if (batch == NULL || event == NULL)
        return fail(error, SOJOURN_INVALID_ARGUMENT, "there is no batch, or no event");
    sojourn_result result = check_event(batch, event, error);
    if (result != SOJOURN_OK) return result;
    if (!batch_reserve(batch)) return out_of_memory(error);
    uint32_t keys = batch->keys.count, texts = batch->texts.count, rows = batch->rows.count;
    result = intern_event(batch, event, error);
    if (result != SOJOURN_OK) {
        dictionary_truncate(&batch->keys, keys);
        dictionary_truncate(&batch->texts, texts);
        dictionary_truncate(&batch->rows, rows);
    }
    return result;
}

/* Finds what neighbours share, for texts that are ordered. */
static void batch_find_prefixes(sojourn_batch *batch) {
    const uint8_t *before = NULL;
    uint32_t before_size = 0;
    batch->prefixes_total = 0;
    for (uint32_t i = 0; i < batch->texts.count; i++) {
        const uint8_t *text = batch->texts.bytes + entry_start(&batch->texts, batch->order[i]);
        uint32_t size = entry_size(&batch->texts, batch->order[i]), shared = 0;
        uint32_t most = size < before_size ? size : before_size;
        if (most > PREFIX_MAX) most = PREFIX_MAX;
        while (shared < most && text[shared] == before[shared]) shared++;
        batch->prefixes[i] = (uint8_t)shared;
        batch->prefixes_total += shared;
        before = text;
        before_size = size;
    }
}

/* Gives the texts that are no names their ranks. */
static bool batch_order_texts(sojourn_batch *batch) {
    uint32_t count = batch->texts.count, rank = batch->name_count;
    if (!grow(&batch->order, &batch->order_capacity, count, sizeof(uint32_t))
        || !grow(&batch->prefixes, &batch->prefixes_capacity, count, 1))
        return false;
    for (uint32_t text = 0; text < count && rank < count; text++) {
        uint32_t old = batch->ranks[text];
        if (old < batch->name_count && batch->order[old] == text) continue;
        batch->order[rank] = text;
        batch->ranks[text] = rank++;
    }
    batch_find_prefixes(batch);
    return true;
}

/* ==== Plan ================================================================================= */

/* Which columns a batch is written as, and how; by column. */
struct plan {
    bool present[REQUEST_COLUMNS];
    uint8_t width[REQUEST_COLUMNS];
    uint16_t parameter[REQUEST_COLUMNS];
    int64_t base_time;
};

static uint8_t index_width(uint64_t greatest) {
    return greatest <= UINT8_MAX ? 1 : greatest <= UINT16_MAX ? 2 : 4;
}

static void plan_column(struct plan *plan, int column, unsigned width, unsigned parameter) {
    plan->present[column] = true;
    plan->width[column] = (uint8_t)width;
    plan->parameter[column] = (uint16_t)parameter;
}

static const int64_t POWERS[SCALE_MAX + 1] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};

static unsigned signed_width(int64_t least, int64_t greatest) {
    if (least >= INT8_MIN && greatest <= INT8_MAX) return 1;
    if (least >= INT16_MIN && greatest <= INT16_MAX) return 2;
    if (least >= INT32_MIN && greatest <= INT32_MAX) return 4;
    return 8;
}

/* The narrowest width, and the smallest scale that allows it. */
static void plan_values(struct plan *plan, const sojourn_batch *batch) {
    int64_t least = 0, greatest = 0;
    int scale_max = SCALE_MAX;
    for (uint32_t i = 0; i < batch->count; i++) {
        int64_t value = batch->values[i];
        if (value < least) least = value;
        if (value > greatest) greatest = value;
        while (value % POWERS[scale_max] != 0) scale_max--;
    }
    unsigned width = signed_width(least, greatest), scale = 0;
    for (int i = 1; i <= scale_max; i++) {
        unsigned narrower = signed_width(least / POWERS[i], greatest / POWERS[i]);
        if (narrower < width) {
            width = narrower;
            scale = (unsigned)i;
        }
    }
    plan_column(plan, COLUMN_VALUE, width, scale);
}

static void plan_dictionary(struct plan *plan, int column, const struct dictionary *dictionary) {
    uint32_t first = entry_size(dictionary, 0);
    bool one_size = (uint64_t)first * dictionary->count == dictionary->size;
    for (uint32_t i = 1; one_size && i < dictionary->count; i++)
        one_size = entry_size(dictionary, i) == first;
    if (one_size) plan_column(plan, column, 0, first);
    else plan_column(plan, column, dictionary->size <= UINT16_MAX ? 2 : 4, 0);
}

/* Chooses for a batch with at least one event, whose texts are ordered. */
static void plan_batch(struct plan *plan, const sojourn_batch *batch) {
    memset(plan, 0, sizeof *plan);
    int64_t first = batch->times[0], last = first;
    for (uint32_t i = 1; i < batch->count; i++) {
        if (batch->times[i] < first) first = batch->times[i];
        if (batch->times[i] > last) last = batch->times[i];
    }
    plan->base_time = first;
    plan_column(plan, COLUMN_TIME, last - first <= (int64_t)UINT32_MAX ? 4 : 8, 0);
    plan_column(plan, COLUMN_KIND, 1, 0);
    plan_column(plan, COLUMN_VISITOR, index_width(batch->keys.count - 1), 0);
    plan_dictionary(plan, COLUMN_VISITOR_KEYS, &batch->keys);
    if (batch->name_count > 0) plan_column(plan, COLUMN_NAME, index_width(batch->name_count), 0);
    if (batch->texts.count > 0) {
        /* A column more costs its bytes, its descriptor, and what aligns the next. */
        bool prefixes =
            batch->prefixes_total > align8(batch->texts.count) + DESCRIPTOR_BYTES;
        size_t own = batch->texts.size - (prefixes ? batch->prefixes_total : 0);
        plan_column(plan, COLUMN_TEXTS, own <= UINT16_MAX ? 2 : 4, 0);
        if (prefixes) plan_column(plan, COLUMN_TEXT_PREFIXES, 1, 0);
    }
    if (batch->rows.count > 0) {
        plan_column(plan, COLUMN_CONTEXT, index_width(batch->rows.count), 0);
        plan_column(plan, COLUMN_CONTEXTS, index_width(batch->texts.count), CONTEXT_CELLS);
    }
    if (batch->has_values) plan_values(plan, batch);
    if (batch->has_ids) plan_column(plan, COLUMN_EVENT_ID, 8, 0);
}

static uint32_t column_count(const sojourn_batch *batch, const struct plan *plan, int column) {
    switch (column) {
    case COLUMN_VISITOR_KEYS: return batch->keys.count;
    case COLUMN_TEXTS:
    case COLUMN_TEXT_PREFIXES: return batch->texts.count;
    case COLUMN_CONTEXTS: return batch->rows.count * plan->parameter[COLUMN_CONTEXTS];
    default: return batch->count;
    }
}

static size_t column_size(const sojourn_batch *batch, const struct plan *plan, int column) {
    size_t size = (size_t)column_count(batch, plan, column) * plan->width[column];
    if (column == COLUMN_VISITOR_KEYS) return size + batch->keys.size;
    if (column == COLUMN_TEXTS)
        return size + batch->texts.size
            - (plan->present[COLUMN_TEXT_PREFIXES] ? batch->prefixes_total : 0);
    return size;
}

static uint8_t *write_indexes(
    uint8_t *at, unsigned width, const uint32_t *indexes, uint32_t count) {
    switch (width) {
    case 1:
        for (uint32_t i = 0; i < count; i++) at[i] = (uint8_t)indexes[i];
        break;
    case 2:
        for (uint32_t i = 0; i < count; i++) store16(at + 2 * (size_t)i, indexes[i]);
        break;
    default:
        for (uint32_t i = 0; i < count; i++) store32(at + 4 * (size_t)i, indexes[i]);
        break;
    }
    return at + (size_t)count * width;
}

static uint8_t *write_keys(uint8_t *at, unsigned width, const struct dictionary *keys) {
    if (width != 0) at = write_indexes(at, width, keys->ends, keys->count);
    memcpy(at, keys->bytes, keys->size);
    return at + keys->size;
}

static uint8_t *write_texts(
    uint8_t *at, unsigned width, const sojourn_batch *batch, const uint8_t *prefixes) {
    uint8_t *begin = at + (size_t)batch->texts.count * width, *to = begin;
    for (uint32_t i = 0; i < batch->texts.count; i++) {
        uint32_t text = batch->order[i], shared = prefixes == NULL ? 0 : prefixes[i];
        uint32_t own = entry_size(&batch->texts, text) - shared;
        memcpy(to, batch->texts.bytes + entry_start(&batch->texts, text) + shared, own);
        to += own;
        if (width != 0) {
            store_integer(at, width, (uint64_t)(to - begin));
            at += width;
        }
    }
    return to;
}

static uint8_t *write_contexts(
    uint8_t *at, unsigned width, unsigned cells, const sojourn_batch *batch) {
    for (uint32_t row = 0; row < batch->rows.count; row++) {
        uint32_t texts[CONTEXT_CELLS];
        memcpy(texts, batch->rows.bytes + row * sizeof texts, sizeof texts);
        for (unsigned i = 0; i < cells; i++, at += width) {
            uint32_t cell = i < CONTEXT_CELLS ? texts[i] : 0;
            bool is_text = i < SOJOURN_ATTRIBUTES && cell != 0;
            store_integer(at, width, is_text ? batch->ranks[cell - 1] + 1 : cell);
        }
    }
    return at;
}

/* Writes a column's elements; returns where they end. */
static uint8_t *write_column(
    uint8_t *at, const sojourn_batch *batch, const struct plan *plan, int column) {
    unsigned width = plan->width[column];
    uint32_t count = batch->count;
    switch (column) {
    case COLUMN_TIME:
        for (uint32_t i = 0; i < count; i++, at += width)
            store_integer(at, width, (uint64_t)batch->times[i] - (uint64_t)plan->base_time);
        return at;
    case COLUMN_KIND: memcpy(at, batch->kinds, count); return at + count;
    case COLUMN_VISITOR: return write_indexes(at, width, batch->visitors, count);
    case COLUMN_VISITOR_KEYS: return write_keys(at, width, &batch->keys);
    case COLUMN_NAME: return write_indexes(at, width, batch->names, count);
    case COLUMN_TEXTS:
        return write_texts(
            at, width, batch, plan->present[COLUMN_TEXT_PREFIXES] ? batch->prefixes : NULL);
    case COLUMN_TEXT_PREFIXES:
        if (batch->texts.count > 0) memcpy(at, batch->prefixes, batch->texts.count);
        return at + batch->texts.count;
    case COLUMN_CONTEXT: return write_indexes(at, width, batch->contexts, count);
    case COLUMN_CONTEXTS:
        return write_contexts(at, width, plan->parameter[COLUMN_CONTEXTS], batch);
    case COLUMN_VALUE:
        for (uint32_t i = 0; i < count; i++, at += width)
            store_integer(
                at, width, (uint64_t)(batch->values[i] / POWERS[plan->parameter[column]]));
        return at;
    default:
        for (uint32_t i = 0; i < count; i++, at += 8) store64(at, batch->ids[i]);
        return at;
    }
}

static void write_descriptor(
    uint8_t *at, unsigned column, unsigned width, unsigned parameter, uint32_t count,
    uint64_t offset, size_t length) {
    at[0] = (uint8_t)column;
    at[1] = (uint8_t)width;
    store16(at + 2, parameter);
    store32(at + 4, count);
    store32(at + 8, (uint32_t)offset);
    store32(at + 12, (uint32_t)length);
}

enum { ASSIGN_FIXED_BYTES = 16 };

static size_t body_size(const sojourn_batch *batch, const struct plan *plan) {
    size_t columns = 0;
    for (int column = 1; column < REQUEST_COLUMNS; column++) columns += plan->present[column];
    uint64_t end = ASSIGN_FIXED_BYTES + columns * DESCRIPTOR_BYTES;
    for (int column = 1; column < REQUEST_COLUMNS; column++)
        if (plan->present[column]) end = align8(end) + column_size(batch, plan, column);
    return (size_t)end;
}

/* Writes the body, of `body_size` bytes. */
static void write_body(uint8_t *body, const sojourn_batch *batch, const struct plan *plan) {
    unsigned columns = 0;
    for (int column = 1; column < REQUEST_COLUMNS; column++) columns += plan->present[column];
    store32(body, batch->count);
    store16(body + 4, columns);
    store16(body + 6, 0);
    store64(body + 8, (uint64_t)plan->base_time);
    uint8_t *descriptor = body + ASSIGN_FIXED_BYTES;
    size_t end = ASSIGN_FIXED_BYTES + columns * DESCRIPTOR_BYTES;
    for (int column = 1; column < REQUEST_COLUMNS; column++) {
        if (!plan->present[column]) continue;
        size_t begin = (size_t)align8(end);
        memset(body + end, 0, begin - end);
        end = (size_t)(write_column(body + begin, batch, plan, column) - body);
        write_descriptor(
            descriptor, (unsigned)column, plan->width[column], plan->parameter[column],
            column_count(batch, plan, column), begin, end - begin);
        descriptor += DESCRIPTOR_BYTES;
    }
}

/* ==== Frames =============================================================================== */

struct header {
    uint8_t version;
    uint8_t operation;
    uint16_t flags;
    uint64_t correlation;
    uint64_t producer;
    uint64_t sequence;
    uint32_t deadline;
    uint32_t property;
    uint64_t deployment;
};

/* Writes the header in front of a body that is there already. */
static void seal_frame(uint8_t *frame, size_t body_bytes, const struct header *header) {
    memcpy(frame, "SOJN", 4);
    frame[4] = header->version;
    frame[5] = header->operation;
    store16(frame + 6, header->flags);
    store64(frame + 8, header->correlation);
    store64(frame + 16, header->producer);
    store64(frame + 24, header->sequence);
    store32(frame + 32, header->deadline);
    store32(frame + 36, header->property);
    store64(frame + 40, header->deployment);
    store32(frame + 48, (uint32_t)body_bytes);
    store32(frame + 52, crc32c(frame + HEADER_BYTES, body_bytes));
    store32(frame + 56, 0);
    store32(frame + 60, crc32c(frame, 60));
}

enum { HELLO_FIXED_BYTES = 24, LOOKUP_FIXED_BYTES = 8 };

static size_t write_hello(
    uint8_t *body, uint8_t lowest, uint8_t highest, uint32_t features,
    const sojourn_uuid *deployment, const void *name, size_t name_size) {
    body[0] = lowest;
    body[1] = highest;
    store16(body + 2, (uint32_t)name_size);
    store32(body + 4, features);
    memset(body + 8, 0, 16);
    if (deployment != NULL) memcpy(body + 8, deployment->bytes, 16);
    if (name_size > 0) memcpy(body + HELLO_FIXED_BYTES, name, name_size);
    return HELLO_FIXED_BYTES + name_size;
}

static size_t write_lookup(uint8_t *body, uint8_t by, const void *key, size_t key_size) {
    memset(body, 0, LOOKUP_FIXED_BYTES);
    body[0] = by;
    store16(body + 2, (uint32_t)key_size);
    memcpy(body + LOOKUP_FIXED_BYTES, key, key_size);
    return LOOKUP_FIXED_BYTES + key_size;
}

/* What is wrong with a frame; code 0 for nothing. */
struct fault {
    uint16_t code;
    uint32_t offset;
};

static bool fault_at(struct fault *fault, unsigned code, uint64_t offset) {
    fault->code = (uint16_t)code;
    fault->offset = (uint32_t)offset;
    return false;
}

/* Keeps the lowest code, and of that the lowest offset. */
static void note_fault(struct fault *fault, unsigned code, uint64_t offset) {
    if (fault->code == 0 || code < fault->code
        || (code == fault->code && offset < fault->offset))
        fault_at(fault, code, offset);
}

/* Judges a header and what it promises of the body. A reply may be larger than any request. */
static bool read_header(
    const uint8_t *frame, size_t size, bool is_reply, struct header *header, struct fault *fault) {
    if (size < HEADER_BYTES) return fault_at(fault, TRUNCATED_HEADER, NO_FAULT_OFFSET);
    header->version = frame[4];
    header->operation = frame[5];
    header->flags = (uint16_t)load16(frame + 6);
    header->correlation = load64(frame + 8);
    header->producer = load64(frame + 16);
    header->sequence = load64(frame + 24);
    header->deadline = load32(frame + 32);
    header->property = load32(frame + 36);
    header->deployment = load64(frame + 40);
    if (memcmp(frame, "SOJN", 4) != 0) return fault_at(fault, BAD_MAGIC, NO_FAULT_OFFSET);
    if (header->version != VERSION) return fault_at(fault, BAD_VERSION, 4);
    if (load32(frame + 60) != crc32c(frame, 60)) return fault_at(fault, BAD_HEADER_CHECKSUM, 60);
    if (((header->flags & FLAG_REPLY) != 0) != is_reply
        || (!is_reply && header->operation == ERROR))
        return fault_at(fault, UNEXPECTED_REPLY, NO_FAULT_OFFSET);
    if (header->operation < HELLO || header->operation > ERROR)
        return fault_at(fault, UNKNOWN_OPERATION, 5);
    if (header->flags > FLAG_REPLY) return fault_at(fault, UNKNOWN_FLAGS, 6);
    if (load32(frame + 56) != 0) return fault_at(fault, RESERVED_NOT_ZERO, 56);
    if (!is_reply && size > MESSAGE_BYTES_MAX)
        return fault_at(fault, MESSAGE_TOO_LARGE, NO_FAULT_OFFSET);
    if (load32(frame + 48) != size - HEADER_BYTES) return fault_at(fault, BAD_BODY_LENGTH, 48);
    if (load32(frame + 52) != crc32c(frame + HEADER_BYTES, size - HEADER_BYTES))
        return fault_at(fault, BAD_BODY_CHECKSUM, 52);
    return true;
}

/* ==== Layout =============================================================================== */

enum form_kind { INTEGERS, SCALED, CELLS, RECORDS, DICTIONARY };

/* What a column of some message may look like. */
struct form {
    uint8_t column;
    uint8_t kind; /* form_kind */
    uint16_t widths; /* bit n: n bytes an element */
    uint8_t record_bytes;
};

enum {
    W0 = 1 << 0, W1 = 1 << 1, W2 = 1 << 2, W4 = 1 << 4, W8 = 1 << 8,
    FORMS_MAX = 12
};
#define ANY_COUNT UINT64_MAX

/* A column that was found; `data` is NULL when it is missing. */
struct column {
    const uint8_t *data;
    uint8_t width;
    uint16_t parameter;
    uint32_t count;
    uint32_t length;
    uint32_t descriptor; /* in the frame */
    uint32_t start;      /* in the frame */
};

static const struct form *find_form(const struct form *forms, size_t count, unsigned column) {
    for (size_t i = 0; i < count; i++)
        if (forms[i].column == column) return &forms[i];
    return NULL;
}

static bool allows_parameter(const struct form *form, unsigned width) {
    return form->kind == SCALED || form->kind == CELLS || form->kind == RECORDS
        || (form->kind == DICTIONARY && width == 0);
}

/* Padding stands between the end of what came before and the begin of a column. */
static bool check_padding(
    const uint8_t *frame, size_t fixed_bytes, uint32_t columns, struct fault *fault) {
    const uint8_t *body = frame + HEADER_BYTES;
    uint64_t end = fixed_bytes + (uint64_t)columns * DESCRIPTOR_BYTES;
    for (uint32_t i = 0; i < columns; i++) {
        const uint8_t *at = body + fixed_bytes + (size_t)i * DESCRIPTOR_BYTES;
        uint64_t begin = load32(at + 8);
        for (; end < begin; end++)
            if (body[end] != 0) return fault_at(fault, PADDING_NOT_ZERO, HEADER_BYTES + end);
        end = begin + load32(at + 12);
    }
    return true;
}

/*
 * Judges the fixed part and the directory, trailing bytes and padding; finds the known columns.
 *
 * events_max: the first field is a number of events, from 1 to this; 0 when it is not.
 */
static bool check_layout(
    const uint8_t *frame, size_t size, size_t fixed_bytes, const struct form *forms,
    size_t form_count, uint32_t events_max, struct column *columns, struct fault *fault) {
    const uint8_t *body = frame + HEADER_BYTES;
    uint64_t body_bytes = size - HEADER_BYTES;
    memset(columns, 0, form_count * sizeof *columns);
    memset(fault, 0, sizeof *fault);
    if (body_bytes < fixed_bytes) return fault_at(fault, TRUNCATED_BODY, size);
    uint32_t count = load16(body + 4);
    uint64_t end = fixed_bytes + (uint64_t)count * DESCRIPTOR_BYTES;
    if (body_bytes < end) return fault_at(fault, TRUNCATED_BODY, size);

    if (load16(body + 6) != 0) note_fault(fault, BODY_RESERVED_NOT_ZERO, HEADER_BYTES + 6);
    if (events_max != 0 && (load32(body) == 0 || load32(body) > events_max))
        note_fault(fault, BAD_EVENT_COUNT, HEADER_BYTES);
    if (count > COLUMNS_MAX) note_fault(fault, BAD_COLUMN_COUNT, HEADER_BYTES + 4);
    int before = -1;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t d = HEADER_BYTES + fixed_bytes + (uint64_t)i * DESCRIPTOR_BYTES;
        const uint8_t *at = frame + d;
        uint32_t offset = load32(at + 8), length = load32(at + 12);
        const struct form *form = find_form(forms, form_count, at[0]);
        if (form != NULL && load16(at + 2) != 0 && !allows_parameter(form, at[1]))
            note_fault(fault, BODY_RESERVED_NOT_ZERO, d + 2);
        if (at[0] <= before) note_fault(fault, BAD_COLUMN_ORDER, d);
        if (offset % 8 != 0) note_fault(fault, COLUMN_MISALIGNED, d + 8);
        if (offset < end) note_fault(fault, COLUMN_OVERLAP, d + 8);
        if (offset > align8(end)) note_fault(fault, COLUMN_GAP, d + 8);
        end = (uint64_t)offset + length;
        if (end > body_bytes) note_fault(fault, COLUMN_OUT_OF_BOUNDS, d + 8);
        before = at[0];
        if (form == NULL) continue;
        columns[form - forms] = (struct column){
            .data = body + offset, .width = at[1], .parameter = (uint16_t)load16(at + 2),
            .count = load32(at + 4), .length = length, .descriptor = (uint32_t)d,
            .start = HEADER_BYTES + offset};
    }
    if (fault->code != 0) return false;
    if (end != body_bytes) return fault_at(fault, TRAILING_BYTES, HEADER_BYTES + end);
    return check_padding(frame, fixed_bytes, count, fault);
}

static uint64_t end_of_entry(const struct column *column, uint32_t entry) {
    if (column->width == 0) return ((uint64_t)entry + 1) * column->parameter;
    return load_integer(column->data + (size_t)entry * column->width, column->width);
}

static uint64_t expected_length(const struct column *column, const struct form *form) {
    if (form->kind == RECORDS || (form->kind == DICTIONARY && column->width == 0))
        return (uint64_t)column->count * column->parameter;
    uint64_t length = (uint64_t)column->count * column->width;
    if (form->kind == DICTIONARY && column->count > 0 && column->length >= length)
        length += end_of_entry(column, column->count - 1);
    return length;
}

/*
 * Judges widths, numbers of elements and lengths, each over all columns before the next.
 *
 * counts: how many elements each column must have, or ANY_COUNT; maxima likewise, at most.
 */
static bool check_columns(
    const struct column *columns, const struct form *forms, size_t form_count,
    const uint64_t *counts, const uint64_t *maxima, struct fault *fault) {
    for (size_t i = 0; i < form_count; i++) {
        const struct column *column = &columns[i];
        if (column->data == NULL) continue;
        if (column->width > 8 || (forms[i].widths >> column->width & 1) == 0
            || (forms[i].kind == RECORDS && column->parameter < forms[i].record_bytes))
            return fault_at(fault, BAD_COLUMN_WIDTH, column->descriptor + 1);
    }
    for (size_t i = 0; i < form_count; i++) {
        const struct column *column = &columns[i];
        if (column->data == NULL) continue;
        uint64_t rows = column->count;
        bool is_good = true;
        if (forms[i].kind == CELLS) {
            is_good = column->parameter >= CONTEXT_CELLS && rows % column->parameter == 0;
            if (is_good) rows /= column->parameter;
        }
        if (!is_good || (counts[i] != ANY_COUNT && rows != counts[i]) || rows > maxima[i])
            return fault_at(fault, BAD_ELEMENT_COUNT, column->descriptor + 4);
    }
    for (size_t i = 0; i < form_count; i++)
        if (columns[i].data != NULL && columns[i].length != expected_length(&columns[i], &forms[i]))
            return fault_at(fault, BAD_COLUMN_LENGTH, columns[i].descriptor + 12);
    return true;
}

/* Judges the lengths of keys or texts; `prefixes` is what each shares with the one before, or
 * NULL. `total` gets the sum of the lengths. */
static bool check_lengths(
    const struct column *column, unsigned code, uint32_t most, const uint8_t *prefixes,
    uint64_t *total, struct fault *fault) {
    uint64_t start = 0;
    *total = 0;
    for (uint32_t i = 0; i < column->count; i++) {
        uint64_t end = end_of_entry(column, i);
        uint64_t length = end - start + (prefixes == NULL ? 0 : prefixes[i]);
        if (end < start || length < 1 || length > most)
            return fault_at(
                fault, code,
                column->width == 0 ? column->descriptor + 2
                                   : column->start + (uint64_t)i * column->width);
        start = end;
        *total += length;
    }
    return true;
}

static const uint8_t *entries_of(const struct column *column) {
    return column->data + (size_t)column->count * column->width;
}

static sojourn_bytes entry_of(const struct column *column, uint32_t entry) {
    uint64_t start = entry == 0 ? 0 : end_of_entry(column, entry - 1);
    sojourn_bytes bytes = {
        entries_of(column) + start, (size_t)(end_of_entry(column, entry) - start)};
    return bytes;
}

/* Judges texts without prefixes. */
static bool check_texts(const struct column *column, struct fault *fault) {
    uint64_t total = 0;
    if (column->data == NULL) return true;
    if (!check_lengths(column, BAD_TEXT_LENGTH, TEXT_BYTES_MAX, NULL, &total, fault)) return false;
    if (total > TEXTS_BYTES_MAX) return fault_at(fault, TEXTS_TOO_LARGE, NO_FAULT_OFFSET);
    for (uint32_t i = 0; i < column->count; i++) {
        sojourn_bytes text = entry_of(column, i);
        if (!is_utf8(text.data, text.size))
            return fault_at(
                fault, BAD_UTF8,
                column->start + (uint64_t)((const uint8_t *)text.data - column->data));
    }
    return true;
}

/* ==== Replies ============================================================================== */

/* A reply with columns: the message, and what was found in it. */
struct reply {
    zmq_msg_t message;
    const uint8_t *frame;
    size_t size;
    struct header header;
    uint32_t count; /* first field: events, sessions or gauges */
    uint32_t sessions;
    uint32_t revisions;
    int64_t clock;
    struct column columns[FORMS_MAX];
};

struct sojourn_answer { struct reply reply; };
struct sojourn_found { struct reply reply; };
struct sojourn_gauges { struct reply reply; };

enum {
    ANSWER_ID,
    ANSWER_SHIFT,
    ANSWER_ORDINAL,
    ANSWER_STATE,
    ANSWER_SESSION,
    ANSWER_POSITION,
    ANSWER_OUTCOME,
    ANSWER_REVISION_NUMBER,
    ANSWER_REVISION_FROM,
    ANSWER_REVISION_INTO,
    ANSWER_REVISION_CAUSE,
    ANSWER_REVISION_PARTITION,
    ANSWER_FORMS
};

static const struct form ANSWER_FORM[ANSWER_FORMS] = {
    {32, RECORDS, W0, 16},
    {33, INTEGERS, W1 | W2 | W4 | W8, 0},
    {34, INTEGERS, W1 | W2 | W4, 0},
    {35, INTEGERS, W1, 0},
    {36, INTEGERS, W1 | W2 | W4, 0},
    {37, INTEGERS, W1 | W2 | W4, 0},
    {38, INTEGERS, W1, 0},
    {39, INTEGERS, W8, 0},
    {40, RECORDS, W0, 16},
    {41, RECORDS, W0, 16},
    {42, INTEGERS, W1, 0},
    {43, INTEGERS, W2, 0}};

enum { FOUND_TEXTS, FOUND_SESSIONS, FOUND_PATH, FOUND_FORMS };

static const struct form FOUND_FORM[FOUND_FORMS] = {
    {COLUMN_TEXTS, DICTIONARY, W0 | W2 | W4, 0}, {64, RECORDS, W0, 128}, {65, RECORDS, W0, 8}};

enum { GAUGES_TEXTS, GAUGES_VALUES, GAUGES_FORMS };

static const struct form GAUGES_FORM[GAUGES_FORMS] = {
    {COLUMN_TEXTS, DICTIONARY, W0 | W2 | W4, 0}, {96, INTEGERS, W8, 0}};

static uint64_t element(const struct column *column, uint32_t row) {
    if (column->data == NULL) return 0;
    return load_integer(column->data + (size_t)row * column->width, column->width);
}

static const uint8_t *record(const struct column *column, uint32_t row) {
    return column->data + (size_t)row * column->parameter;
}

static bool read_answer(struct reply *reply, struct fault *fault) {
    if (!check_layout(
            reply->frame, reply->size, 24, ANSWER_FORM, ANSWER_FORMS, 0, reply->columns, fault))
        return false;
    const uint8_t *body = reply->frame + HEADER_BYTES;
    reply->count = load32(body);
    reply->sessions = load32(body + 8);
    reply->revisions = load32(body + 12);
    reply->clock = (int64_t)load64(body + 16);
    uint64_t counts[ANSWER_FORMS], maxima[ANSWER_FORMS];
    for (int i = 0; i < ANSWER_FORMS; i++) {
        counts[i] = i >= ANSWER_REVISION_NUMBER ? reply->revisions
            : i >= ANSWER_SESSION ? reply->count : reply->sessions;
        maxima[i] = ANY_COUNT;
        if (counts[i] > 0 && i != ANSWER_SHIFT && reply->columns[i].data == NULL)
            return fault_at(fault, MISSING_COLUMN, NO_FAULT_OFFSET);
    }
    if (!check_columns(reply->columns, ANSWER_FORM, ANSWER_FORMS, counts, maxima, fault))
        return false;
    const struct column *session = &reply->columns[ANSWER_SESSION];
    for (uint32_t i = 0; session->data != NULL && i < session->count; i++)
        if (element(session, i) > reply->sessions)
            return fault_at(
                fault, INDEX_OUT_OF_RANGE, session->start + (uint64_t)i * session->width);
    return true;
}

enum { RECORD_CONTEXT = 72, RECORD_LANDING = 104, RECORD_EXIT = 108, RECORD_PATH = 112 };

static bool read_found(struct reply *reply, struct fault *fault) {
    if (!check_layout(
            reply->frame, reply->size, 16, FOUND_FORM, FOUND_FORMS, 0, reply->columns, fault))
        return false;
    const uint8_t *body = reply->frame + HEADER_BYTES;
    reply->count = load32(body);
    reply->clock = (int64_t)load64(body + 8);
    const struct column *texts = &reply->columns[FOUND_TEXTS];
    const struct column *sessions = &reply->columns[FOUND_SESSIONS];
    const struct column *path = &reply->columns[FOUND_PATH];
    if (reply->count > 0 && sessions->data == NULL)
        return fault_at(fault, MISSING_COLUMN, NO_FAULT_OFFSET);
    const uint64_t counts[FOUND_FORMS] = {ANY_COUNT, reply->count, ANY_COUNT};
    const uint64_t maxima[FOUND_FORMS] = {ENTRIES_MAX, ANY_COUNT, ANY_COUNT};
    if (!check_columns(reply->columns, FOUND_FORM, FOUND_FORMS, counts, maxima, fault)
        || !check_texts(texts, fault))
        return false;
    for (uint32_t i = 0; i < reply->count; i++) {
        const uint8_t *at = record(sessions, i);
        uint64_t start = sessions->start + (uint64_t)i * sessions->parameter;
        for (unsigned cell = RECORD_CONTEXT; cell < RECORD_PATH; cell += 4)
            if (load32(at + cell) > texts->count)
                note_fault(fault, INDEX_OUT_OF_RANGE, start + cell);
        if ((uint64_t)load32(at + RECORD_PATH) + load32(at + RECORD_PATH + 4) > path->count)
            note_fault(fault, INDEX_OUT_OF_RANGE, start + RECORD_PATH);
    }
    for (uint32_t i = 0; i < path->count; i++)
        if (load32(record(path, i) + 4) > texts->count)
            note_fault(
                fault, INDEX_OUT_OF_RANGE, path->start + (uint64_t)i * path->parameter + 4);
    return fault->code == 0;
}

static bool read_gauges(struct reply *reply, struct fault *fault) {
    if (!check_layout(
            reply->frame, reply->size, 16, GAUGES_FORM, GAUGES_FORMS, 0, reply->columns, fault))
        return false;
    const uint8_t *body = reply->frame + HEADER_BYTES;
    reply->count = load32(body);
    reply->clock = (int64_t)load64(body + 8);
    const uint64_t counts[GAUGES_FORMS] = {reply->count, reply->count};
    const uint64_t maxima[GAUGES_FORMS] = {ENTRIES_MAX, ANY_COUNT};
    for (int i = 0; i < GAUGES_FORMS; i++)
        if (reply->count > 0 && reply->columns[i].data == NULL)
            return fault_at(fault, MISSING_COLUMN, NO_FAULT_OFFSET);
    return check_columns(reply->columns, GAUGES_FORM, GAUGES_FORMS, counts, maxima, fault)
        && check_texts(&reply->columns[GAUGES_TEXTS], fault);
}

enum { HELLO_REPLY_BYTES = 72 };

static void copy_text(char *to, size_t capacity, const uint8_t *text, size_t size) {
    if (size >= capacity) size = capacity - 1;
    memcpy(to, text, size);
    to[size] = 0;
}

static bool read_hello(
    const uint8_t *frame, size_t size, sojourn_server *server, struct fault *fault) {
    const uint8_t *body = frame + HEADER_BYTES;
    size_t body_bytes = size - HEADER_BYTES;
    if (body_bytes < HELLO_REPLY_BYTES) return fault_at(fault, TRUNCATED_BODY, size);
    size_t name = load16(body + 64), version = load16(body + 66);
    size_t end = HELLO_REPLY_BYTES + name + version;
    if (body_bytes < end) return fault_at(fault, TRUNCATED_BODY, size);
    if ((load32(body) & 0xFFFFFF00u) != 0)
        return fault_at(fault, BODY_RESERVED_NOT_ZERO, HEADER_BYTES + 1);
    if (load32(body + 68) != 0) return fault_at(fault, BODY_RESERVED_NOT_ZERO, HEADER_BYTES + 68);
    if (body_bytes > end) return fault_at(fault, TRAILING_BYTES, HEADER_BYTES + end);
    const uint8_t *text = body + HELLO_REPLY_BYTES;
    if (!is_utf8(text, name)) return fault_at(fault, BAD_UTF8, HEADER_BYTES + HELLO_REPLY_BYTES);
    if (!is_utf8(text + name, version))
        return fault_at(fault, BAD_UTF8, HEADER_BYTES + HELLO_REPLY_BYTES + name);
    server->version = body[0];
    server->features = load32(body + 4);
    memcpy(server->deployment.bytes, body + 8, 16);
    server->server_time = (int64_t)load64(body + 24);
    server->message_bytes = load32(body + 32);
    server->batch_events = load32(body + 36);
    server->visitor_key_bytes = (uint16_t)load16(body + 40);
    server->text_bytes = (uint16_t)load16(body + 42);
    server->batch_texts = load32(body + 44);
    server->batch_contexts = load32(body + 48);
    server->credit = load32(body + 52);
    server->producer_window = load32(body + 56);
    server->partitions = load32(body + 60);
    copy_text(server->name, sizeof server->name, text, name);
    copy_text(server->server_version, sizeof server->server_version, text + name, version);
    return true;
}

/* An ERROR. */
struct refusal {
    uint16_t code;
    bool is_retriable;
    uint32_t retry_after;
    uint32_t offset;
    uint8_t lowest_version;
    uint8_t highest_version;
    char message[1025];
};

static bool read_refusal(
    const uint8_t *frame, size_t size, struct refusal *refusal, struct fault *fault) {
    const uint8_t *body = frame + HEADER_BYTES;
    size_t body_bytes = size - HEADER_BYTES;
    if (body_bytes < 16) return fault_at(fault, TRUNCATED_BODY, size);
    size_t end = 16 + load16(body + 14);
    if (body_bytes < end) return fault_at(fault, TRUNCATED_BODY, size);
    if (body[3] != 0) return fault_at(fault, BODY_RESERVED_NOT_ZERO, HEADER_BYTES + 3);
    if (body_bytes > end) return fault_at(fault, TRAILING_BYTES, HEADER_BYTES + end);
    if (!is_utf8(body + 16, end - 16)) return fault_at(fault, BAD_UTF8, HEADER_BYTES + 16);
    refusal->code = (uint16_t)load16(body);
    refusal->is_retriable = (body[2] & 1) != 0;
    refusal->retry_after = load32(body + 4);
    refusal->offset = load32(body + 8);
    refusal->lowest_version = body[12];
    refusal->highest_version = body[13];
    copy_text(refusal->message, sizeof refusal->message, body + 16, end - 16);
    return true;
}

/* ---- What the caller sees of replies */

static void free_reply(struct reply *reply) {
    if (reply == NULL) return;
    zmq_msg_close(&reply->message);
    free(reply);
}

void sojourn_answer_free(sojourn_answer *answer) { free_reply((struct reply *)answer); }

void sojourn_found_free(sojourn_found *found) { free_reply((struct reply *)found); }

void sojourn_gauges_free(sojourn_gauges *gauges) { free_reply((struct reply *)gauges); }

size_t sojourn_answer_count(const sojourn_answer *answer) { return answer->reply.count; }

size_t sojourn_answer_session_count(const sojourn_answer *answer) { return answer->reply.sessions; }

size_t sojourn_answer_revision_count(const sojourn_answer *answer) {
    return answer->reply.revisions;
}

int64_t sojourn_answer_clock(const sojourn_answer *answer) { return answer->reply.clock; }

uint64_t sojourn_answer_producer(const sojourn_answer *answer) {
    return answer->reply.header.producer;
}

uint64_t sojourn_answer_sequence(const sojourn_answer *answer) {
    return answer->reply.header.sequence;
}

static int64_t uuid_time(const uint8_t *id) {
    uint64_t time = 0;
    for (int i = 0; i < 6; i++) time = time << 8 | id[i];
    return (int64_t)time;
}

static void fill_session(const struct reply *reply, uint32_t row, sojourn_session *session) {
    const struct column *columns = reply->columns;
    memcpy(session->id.bytes, record(&columns[ANSWER_ID], row), 16);
    /* Beyond 64 bits it wraps rather than being undefined. */
    session->start = (int64_t)((uint64_t)uuid_time(session->id.bytes)
                               - element(&columns[ANSWER_SHIFT], row));
    session->ordinal = (uint32_t)element(&columns[ANSWER_ORDINAL], row);
    uint8_t state = columns[ANSWER_STATE].data[row];
    session->boundary = state & 7;
    session->flags = state & 0xF8;
}

bool sojourn_answer_session(const sojourn_answer *answer, size_t row, sojourn_session *session) {
    if (row >= answer->reply.sessions) return false;
    fill_session(&answer->reply, (uint32_t)row, session);
    return true;
}

bool sojourn_answer_get(
    const sojourn_answer *answer, size_t event, sojourn_assignment *assignment) {
    const struct reply *reply = &answer->reply;
    if (event >= reply->count) return false;
    uint32_t row = (uint32_t)event;
    uint32_t session = (uint32_t)element(&reply->columns[ANSWER_SESSION], row);
    assignment->position = (uint32_t)element(&reply->columns[ANSWER_POSITION], row);
    assignment->outcome = reply->columns[ANSWER_OUTCOME].data[row];
    if (session == 0) {
        assignment->session_row = SOJOURN_NO_SESSION;
        memset(&assignment->session, 0, sizeof assignment->session);
    } else {
        assignment->session_row = session - 1;
        fill_session(reply, session - 1, &assignment->session);
    }
    return true;
}

bool sojourn_answer_revision(
    const sojourn_answer *answer, size_t index, sojourn_revision *revision) {
    const struct reply *reply = &answer->reply;
    if (index >= reply->revisions) return false;
    const struct column *columns = reply->columns;
    uint32_t row = (uint32_t)index;
    revision->number = element(&columns[ANSWER_REVISION_NUMBER], row);
    memcpy(revision->from.bytes, record(&columns[ANSWER_REVISION_FROM], row), 16);
    memcpy(revision->into.bytes, record(&columns[ANSWER_REVISION_INTO], row), 16);
    revision->cause = columns[ANSWER_REVISION_CAUSE].data[row];
    revision->partition = (uint16_t)element(&columns[ANSWER_REVISION_PARTITION], row);
    return true;
}

size_t sojourn_found_count(const sojourn_found *found) { return found->reply.count; }

int64_t sojourn_found_clock(const sojourn_found *found) { return found->reply.clock; }

static sojourn_bytes text_plus_one(const struct column *texts, uint32_t index) {
    sojourn_bytes none = {NULL, 0};
    return index == 0 ? none : entry_of(texts, index - 1);
}

bool sojourn_found_get(const sojourn_found *found, size_t row, sojourn_details *details) {
    if (row >= found->reply.count) return false;
    const struct column *texts = &found->reply.columns[FOUND_TEXTS];
    const uint8_t *at = record(&found->reply.columns[FOUND_SESSIONS], (uint32_t)row);
    memcpy(details->id.bytes, at, 16);
    details->first_event = (int64_t)load64(at + 16);
    details->last_event = (int64_t)load64(at + 24);
    details->value = (int64_t)load64(at + 32);
    details->engaged_ms = (int64_t)load64(at + 40);
    details->ordinal = load32(at + 48);
    details->events = load32(at + 52);
    details->views = load32(at + 56);
    details->actions = load32(at + 60);
    details->conversions = load32(at + 64);
    details->boundary = at[68] & 7;
    details->flags = at[68] & 0xF8;
    details->boundary_out = at[69];
    for (unsigned i = 0; i < SOJOURN_ATTRIBUTES; i++)
        details->attributes[i] = text_plus_one(texts, load32(at + RECORD_CONTEXT + 4 * i));
    details->landing_page = text_plus_one(texts, load32(at + RECORD_LANDING));
    details->exit_page = text_plus_one(texts, load32(at + RECORD_EXIT));
    details->path_length = load32(at + RECORD_PATH + 4);
    details->finishes = (int64_t)load64(at + 120);
    return true;
}

bool sojourn_found_step(const sojourn_found *found, size_t row, size_t step, sojourn_step *out) {
    if (row >= found->reply.count) return false;
    const uint8_t *session = record(&found->reply.columns[FOUND_SESSIONS], (uint32_t)row);
    if (step >= load32(session + RECORD_PATH + 4)) return false;
    const uint8_t *at = record(
        &found->reply.columns[FOUND_PATH], load32(session + RECORD_PATH) + (uint32_t)step);
    out->after_ms = load32(at);
    out->page = text_plus_one(&found->reply.columns[FOUND_TEXTS], load32(at + 4));
    return true;
}

size_t sojourn_gauges_count(const sojourn_gauges *gauges) { return gauges->reply.count; }

int64_t sojourn_gauges_time(const sojourn_gauges *gauges) { return gauges->reply.clock; }

bool sojourn_gauges_get(const sojourn_gauges *gauges, size_t index, sojourn_gauge *gauge) {
    if (index >= gauges->reply.count) return false;
    gauge->name = entry_of(&gauges->reply.columns[GAUGES_TEXTS], (uint32_t)index);
    gauge->value = (int64_t)element(&gauges->reply.columns[GAUGES_VALUES], (uint32_t)index);
    return true;
}

/* ==== Client =============================================================================== */

/*
 * A request goes this way:
 *
 *     FREE -> WAITING -> IN_FLIGHT -> DONE -> FREE
 *                ^           |          ^ answered, or failed for good
 *                +-----------+ refused for now; no answer in time; connection lost
 *
 * and the connection this way:
 *
 *     DOWN -> GREETING -> UP -> (LEAVING) -> GREETING at the next endpoint
 *
 * All of it is moved on by `pump`, whenever a function of the client runs.
 */
enum stage { FREE, WAITING, IN_FLIGHT, DONE };
enum link { LINK_DOWN, LINK_GREETING, LINK_UP, LINK_LEAVING };

/* Why a request ends without an answer. */
enum end { END_REFUSED, END_DEADLINE, END_ATTEMPTS, END_CLOSED };

struct slot {
    enum stage stage;
    uint8_t operation;
    uint64_t correlation;
    uint64_t producer;
    uint64_t sequence;
    uint32_t events;
    uint8_t *frame;
    size_t frame_size;
    size_t frame_capacity;
    int64_t deadline;
    int64_t until; /* of this attempt */
    uint32_t sends;
    uint32_t unanswered; /* sends that may have been applied, for all that is known */
    uint32_t attempts;
    bool has_refusal;
    struct refusal refusal;
    const void *owner; /* the buffer whose batch it is, or NULL */
    struct reply *reply;
    sojourn_error error;
    uint64_t finished; /* the n-th to be done */
};

struct sojourn_client {
    char *endpoint_text;
    char **endpoints;
    uint32_t endpoint_count;
    sojourn_options options;
    char name[NAME_BYTES_MAX + 1];
    char curve_server_key[Z85_KEY + 1];
    char curve_public_key[Z85_KEY + 1];
    char curve_secret_key[Z85_KEY + 1];
    bool has_deployment;
    sojourn_uuid deployment;
    bool is_closed;

    void *context;
    void *socket;
    void *monitor;
    uint32_t monitor_number;

    enum link link;
    uint32_t endpoint;
    int64_t link_until;
    uint64_t hello_correlation;
    uint32_t greeting_failures; /* since the last success */
    uint32_t permanent_failures;
    sojourn_error link_error;
    sojourn_server server;
    int64_t paused_until;
    uint32_t refusal_streak;
    bool is_blocked; /* the socket takes nothing more for now */

    uint64_t next_correlation;
    uint64_t producer;
    uint64_t next_sequence;
    bool chose_producer; /* itself, so that it may choose another */
    bool has_applied;
    uint64_t applied_sequence;
    uint64_t finished;
    uint32_t slot_count;
    struct slot slots[CREDIT_MAX];
};

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint64_t random_producer(const void *salt) {
    uint64_t number = 0;
    FILE *file = fopen("/dev/urandom", "rb");
    if (file != NULL) {
        if (fread(&number, sizeof number, 1, file) != 1) number = 0;
        fclose(file);
    }
    if (number != 0) return number;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    number = ((uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec) * 0x9E3779B97F4A7C15u
        ^ (uint64_t)(uintptr_t)salt;
    return number != 0 ? number : 1;
}

/* ---- Ends of requests */

static void finish(sojourn_client *client, struct slot *slot) {
    slot->stage = DONE;
    slot->finished = ++client->finished;
}

static void copy_refusal(sojourn_error *error, const struct refusal *refusal) {
    error->code = refusal->code;
    error->offset = refusal->offset;
    error->retry_after_ms = refusal->retry_after;
}

static sojourn_result refusal_result(uint16_t code) {
    return code == WRONG_DEPLOYMENT ? SOJOURN_WRONG_DEPLOYMENT
        : code == BAD_VERSION ? SOJOURN_UNSUPPORTED_VERSION : SOJOURN_REFUSED;
}

static void describe_end(
    const sojourn_client *client, const struct slot *slot, enum end end, sojourn_error *error) {
    const char *where = client->endpoints[client->endpoint];
    bool may_have_been_applied = slot->operation == ASSIGN && slot->unanswered > 0;
    if (end == END_CLOSED)
        fail(error, SOJOURN_CLOSED, "the client was closed before an answer came");
    else if (may_have_been_applied)
        fail(
            error, SOJOURN_UNKNOWN_OUTCOME,
            "no answer from %s to a batch that was sent %u times; it was applied once or not at "
            "all%s%.900s", where, (unsigned)slot->sends,
            slot->has_refusal ? "; the last attempt was refused: " : "",
            slot->has_refusal ? slot->refusal.message : "");
    else if (slot->has_refusal && slot->unanswered == 0)
        fail(
            error, refusal_result(slot->refusal.code), "%s refused: %s (%s)", where,
            slot->refusal.message, sojourn_code_name(slot->refusal.code));
    else if (slot->sends > 0)
        fail(
            error, SOJOURN_TIMED_OUT, "no answer from %s, which was asked %u times", where,
            (unsigned)slot->sends);
    else if (client->link == LINK_UP)
        fail(
            error, SOJOURN_TIMED_OUT, "not sent within %u ms: %s took no more",
            (unsigned)client->options.timeout_ms, where);
    else if (client->link_error.result != SOJOURN_OK)
        *error = client->link_error;
    else
        fail(error, SOJOURN_UNREACHABLE, "no server answered the greeting; last tried: %s", where);
    if (slot->has_refusal) copy_refusal(error, &slot->refusal);
    error->may_have_been_applied = may_have_been_applied;
    error->sends = slot->sends;
}

static void finish_with_error(sojourn_client *client, struct slot *slot, enum end end) {
    describe_end(client, slot, end, &slot->error);
    finish(client, slot);
}

static void finish_malformed(
    sojourn_client *client, struct slot *slot, const struct fault *fault) {
    fail(
        &slot->error, SOJOURN_MALFORMED_REPLY, "%s sent a reply that breaks the protocol: %s",
        client->endpoints[client->endpoint], sojourn_code_name(fault->code));
    slot->error.code = fault->code;
    slot->error.offset = fault->offset;
    slot->error.may_have_been_applied = slot->operation == ASSIGN;
    slot->error.sends = slot->sends;
    finish(client, slot);
}

static uint32_t in_flight(const sojourn_client *client) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < client->slot_count; i++) count += client->slots[i].stage == IN_FLIGHT;
    return count;
}

/* ---- Link */

static void close_socket(sojourn_client *client) {
    if (client->socket == NULL) return;
    zmq_socket_monitor(client->socket, NULL, 0);
    zmq_close(client->socket);
    client->socket = NULL;
    if (client->monitor != NULL) zmq_close(client->monitor);
    client->monitor = NULL;
}

static void set_option(void *socket, int option, int value) {
    zmq_setsockopt(socket, option, &value, sizeof value);
}

/* A libzmq that cannot watch a socket leaves lost connections to the time-out. */
static void watch_socket(sojourn_client *client) {
    char name[64];
    snprintf(name, sizeof name, "inproc://monitor-%u", (unsigned)client->monitor_number++);
    if (zmq_socket_monitor(client->socket, name, ZMQ_EVENT_DISCONNECTED) != 0) return;
    client->monitor = zmq_socket(client->context, ZMQ_PAIR);
    if (client->monitor == NULL) return;
    set_option(client->monitor, ZMQ_LINGER, 0);
    if (zmq_connect(client->monitor, name) != 0) {
        zmq_close(client->monitor);
        client->monitor = NULL;
    }
}

static void send_hello(sojourn_client *client) {
    uint8_t frame[HEADER_BYTES + HELLO_FIXED_BYTES + NAME_BYTES_MAX];
    size_t size = write_hello(
        frame + HEADER_BYTES, VERSION, VERSION, 0,
        client->has_deployment ? &client->deployment : NULL, client->name, strlen(client->name));
    struct header header = {
        .version = VERSION, .operation = HELLO, .correlation = client->next_correlation++};
    client->hello_correlation = header.correlation;
    seal_frame(frame, size, &header);
    zmq_send(client->socket, frame, HEADER_BYTES + size, ZMQ_DONTWAIT);
}

static bool open_socket(sojourn_client *client) {
    client->socket = zmq_socket(client->context, ZMQ_DEALER);
    if (client->socket == NULL) return false;
    set_option(client->socket, ZMQ_LINGER, 0);
    set_option(client->socket, ZMQ_SNDHWM, 1000);
    set_option(client->socket, ZMQ_RECONNECT_IVL_MAX, 1000);
    set_option(client->socket, ZMQ_TCP_KEEPALIVE, 1);
    if (client->options.curve_server_key != NULL
        && (zmq_setsockopt(
                client->socket, ZMQ_CURVE_SERVERKEY, client->curve_server_key, Z85_KEY + 1) != 0
            || zmq_setsockopt(
                   client->socket, ZMQ_CURVE_PUBLICKEY, client->curve_public_key, Z85_KEY + 1) != 0
            || zmq_setsockopt(
                   client->socket, ZMQ_CURVE_SECRETKEY, client->curve_secret_key, Z85_KEY + 1)
                != 0))
        return false;
    watch_socket(client);
    return zmq_connect(client->socket, client->endpoints[client->endpoint]) == 0;
}

static void greeting_failed(sojourn_client *client, int64_t now, bool is_permanent);

/* Opens a connection to this endpoint and greets the server there. */
static void greet(sojourn_client *client, uint32_t endpoint, int64_t now) {
    close_socket(client);
    client->endpoint = endpoint;
    client->is_blocked = false;
    client->link = LINK_GREETING;
    client->link_until = now + client->options.attempt_timeout_ms;
    if (open_socket(client)) {
        send_hello(client);
        return;
    }
    fail(
        &client->link_error, SOJOURN_TRANSPORT, "cannot connect to %s: %s",
        client->endpoints[endpoint], zmq_strerror(zmq_errno()));
    greeting_failed(client, now, true);
}

static uint32_t next_endpoint(const sojourn_client *client) {
    return (client->endpoint + 1) % client->endpoint_count;
}

/* One more attempt of this request is over. */
static void end_attempt(sojourn_client *client, struct slot *slot) {
    if (slot->attempts >= client->options.attempts)
        finish_with_error(client, slot, END_ATTEMPTS);
    else slot->stage = WAITING;
}

/* The connection is dead: another, to the next endpoint, and everything is sent again. */
static void lose_link(sojourn_client *client, int64_t now) {
    for (uint32_t i = 0; i < client->slot_count; i++)
        if (client->slots[i].stage == IN_FLIGHT) end_attempt(client, &client->slots[i]);
    greet(client, next_endpoint(client), now);
}

static void greeting_failed(sojourn_client *client, int64_t now, bool is_permanent) {
    client->greeting_failures++;
    client->permanent_failures = is_permanent ? client->permanent_failures + 1 : 0;
    for (uint32_t i = 0; i < client->slot_count; i++) {
        struct slot *slot = &client->slots[i];
        if (slot->stage != WAITING) continue;
        slot->attempts++;
        end_attempt(client, slot);
    }
    close_socket(client);
    /* When all have been tried there is a pause, at the next endpoint as at the first. */
    uint32_t rounds = client->greeting_failures / client->endpoint_count;
    bool is_round = client->greeting_failures % client->endpoint_count == 0;
    client->link = LINK_DOWN;
    client->link_until = now + (is_round ? 50 << (rounds > 5 ? 5 : rounds) : 0);
    if (client->paused_until > client->link_until) client->link_until = client->paused_until;
}

static void greeted(sojourn_client *client, const uint8_t *frame, size_t size, int64_t now) {
    const char *where = client->endpoints[client->endpoint];
    sojourn_error *error = &client->link_error;
    struct fault fault = {0, 0};
    sojourn_server server;
    if (frame[5] == ERROR) {
        struct refusal refusal;
        if (!read_refusal(frame, size, &refusal, &fault)) return;
        fail(
            error, refusal_result(refusal.code), "%s refused: %s (%s)", where, refusal.message,
            sojourn_code_name(refusal.code));
        copy_refusal(error, &refusal);
        if (refusal.is_retriable) client->paused_until = now + refusal.retry_after;
        greeting_failed(client, now, !refusal.is_retriable);
    } else if (!read_hello(frame, size, &server, &fault)) {
        fail(
            error, SOJOURN_MALFORMED_REPLY, "%s does not speak the protocol: %s", where,
            sojourn_code_name(fault.code));
        error->code = fault.code;
        error->offset = fault.offset;
        greeting_failed(client, now, true);
    } else if (server.version != VERSION) {
        fail(
            error, SOJOURN_UNSUPPORTED_VERSION, "%s chose version %d of the protocol", where,
            server.version);
        greeting_failed(client, now, true);
    } else if (
        client->has_deployment
        && memcmp(server.deployment.bytes, client->deployment.bytes, 16) != 0) {
        fail(error, SOJOURN_WRONG_DEPLOYMENT, "%s belongs to another deployment", where);
        greeting_failed(client, now, true);
    } else {
        client->server = server;
        if (server.credit < 1) client->server.credit = 1;
        client->deployment = server.deployment;
        client->has_deployment = true;
        client->link = LINK_UP;
        client->greeting_failures = client->permanent_failures = 0;
        clear_error(error);
    }
}

/* ---- Answers */

/* How long to wait after a refusal: what the server asks for, else 10 ms and longer each time. */
static int64_t pause_after(sojourn_client *client, const struct refusal *refusal) {
    client->refusal_streak++;
    if (refusal->retry_after > 0) return refusal->retry_after;
    uint32_t doublings = client->refusal_streak - 1;
    if (refusal->code == DRAINING && client->refusal_streak < client->endpoint_count) return 0;
    return (int64_t)10 << (doublings > 6 ? 6 : doublings);
}

static void refused(
    sojourn_client *client, struct slot *slot, const uint8_t *frame, size_t size, int64_t now) {
    struct fault fault = {0, 0};
    if (!read_refusal(frame, size, &slot->refusal, &fault)) {
        finish_malformed(client, slot, &fault);
        return;
    }
    slot->has_refusal = true;
    slot->unanswered--;
    slot->attempts--;
    if (!slot->refusal.is_retriable) {
        finish_with_error(client, slot, END_REFUSED);
        return;
    }
    int64_t pause = pause_after(client, &slot->refusal);
    if (now + pause >= slot->deadline) {
        finish_with_error(client, slot, END_REFUSED);
        return;
    }
    slot->stage = WAITING;
    if (client->paused_until < now + pause) client->paused_until = now + pause;
    if (slot->refusal.code == DRAINING && client->endpoint_count > 1
        && client->link == LINK_UP) {
        client->link = LINK_LEAVING;
        client->link_until = now + client->options.attempt_timeout_ms;
    }
}

static void answered(sojourn_client *client, struct slot *slot, zmq_msg_t *message) {
    struct reply *reply = calloc(1, sizeof *reply);
    if (reply == NULL) {
        out_of_memory(&slot->error);
        slot->error.may_have_been_applied = slot->operation == ASSIGN;
        finish(client, slot);
        return;
    }
    zmq_msg_init(&reply->message);
    zmq_msg_move(&reply->message, message);
    reply->frame = zmq_msg_data(&reply->message);
    reply->size = zmq_msg_size(&reply->message);
    struct fault fault = {0, 0};
    read_header(reply->frame, reply->size, true, &reply->header, &fault);
    bool is_good = slot->operation == ASSIGN ? read_answer(reply, &fault)
        : slot->operation == LOOKUP ? read_found(reply, &fault) : read_gauges(reply, &fault);
    if (is_good && slot->operation == ASSIGN && reply->count != slot->events)
        is_good = fault_at(&fault, BAD_EVENT_COUNT, HEADER_BYTES);
    client->refusal_streak = 0;
    if (slot->operation == ASSIGN && slot->producer == client->producer
        && (!client->has_applied || slot->sequence > client->applied_sequence)) {
        client->has_applied = true;
        client->applied_sequence = slot->sequence;
    }
    if (!is_good) {
        free_reply(reply);
        finish_malformed(client, slot, &fault);
        return;
    }
    slot->reply = reply;
    slot->error.result = SOJOURN_OK;
    finish(client, slot);
}

/* What cannot be read, or was not asked for, is ignored: the time-out settles it. */
static void receive(sojourn_client *client, zmq_msg_t *message, int64_t now) {
    const uint8_t *frame = zmq_msg_data(message);
    size_t size = zmq_msg_size(message);
    struct header header;
    struct fault fault = {0, 0};
    if (!read_header(frame, size, true, &header, &fault)) return;
    if (client->link == LINK_GREETING) {
        if (header.correlation == client->hello_correlation
            && (header.operation == HELLO || header.operation == ERROR))
            greeted(client, frame, size, now);
        return;
    }
    for (uint32_t i = 0; i < client->slot_count; i++) {
        struct slot *slot = &client->slots[i];
        if (slot->stage != IN_FLIGHT || slot->correlation != header.correlation) continue;
        if (header.operation == ERROR) refused(client, slot, frame, size, now);
        else if (header.operation == slot->operation) answered(client, slot, message);
        return;
    }
}

static void receive_all(sojourn_client *client, int64_t now) {
    while (client->socket != NULL) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        if (zmq_msg_recv(&message, client->socket, ZMQ_DONTWAIT) < 0) {
            int reason = zmq_errno();
            zmq_msg_close(&message);
            if (reason == EINTR) continue;
            return;
        }
        if (!zmq_msg_more(&message)) {
            receive(client, &message, now);
            zmq_msg_close(&message);
            continue;
        }
        /* A reply has one frame. */
        bool more = true;
        while (more && zmq_msg_recv(&message, client->socket, ZMQ_DONTWAIT) >= 0)
            more = zmq_msg_more(&message) != 0;
        zmq_msg_close(&message);
    }
}

static bool was_disconnected(sojourn_client *client) {
    bool found = false;
    while (client->monitor != NULL) {
        uint8_t event[512];
        if (zmq_recv(client->monitor, event, sizeof event, ZMQ_DONTWAIT) < 0) return found;
        uint16_t number; /* in the order of this machine */
        memcpy(&number, event, sizeof number);
        if (number == ZMQ_EVENT_DISCONNECTED) found = true;
        zmq_recv(client->monitor, event, sizeof event, ZMQ_DONTWAIT);
    }
    return found;
}

/* ---- Time */

static void tick(sojourn_client *client, int64_t now) {
    bool is_dead = false;
    for (uint32_t i = 0; i < client->slot_count; i++) {
        struct slot *slot = &client->slots[i];
        if (slot->stage != WAITING && slot->stage != IN_FLIGHT) continue;
        if (slot->stage == IN_FLIGHT && slot->until <= now) is_dead = true;
        if (slot->deadline <= now) finish_with_error(client, slot, END_DEADLINE);
    }
    bool is_time = client->link_until <= now;
    if (client->link == LINK_DOWN && is_time) {
        greet(client, client->greeting_failures == 0 ? client->endpoint : next_endpoint(client),
              now);
    } else if (client->link == LINK_GREETING && is_time) {
        fail(
            &client->link_error, SOJOURN_UNREACHABLE,
            "no answer from %s within %u ms; is a server running there?",
            client->endpoints[client->endpoint], (unsigned)client->options.attempt_timeout_ms);
        greeting_failed(client, now, false);
    } else if (client->link == LINK_LEAVING && (is_time || in_flight(client) == 0)) {
        lose_link(client, now);
    } else if (is_dead && (client->link == LINK_UP || client->link == LINK_LEAVING)) {
        lose_link(client, now);
    }
}

/* When `tick` has something to do next. */
static int64_t next_timer(const sojourn_client *client) {
    int64_t next = INT64_MAX;
    bool has_to_send = false;
    for (uint32_t i = 0; i < client->slot_count; i++) {
        const struct slot *slot = &client->slots[i];
        if (slot->stage != WAITING && slot->stage != IN_FLIGHT) continue;
        if (slot->deadline < next) next = slot->deadline;
        if (slot->stage == IN_FLIGHT && slot->until < next) next = slot->until;
        has_to_send |= slot->stage == WAITING;
    }
    if (client->link != LINK_UP && client->link_until < next) next = client->link_until;
    if (has_to_send && client->paused_until > now_ms() && client->paused_until < next)
        next = client->paused_until;
    return next;
}

static struct slot *next_to_send(sojourn_client *client) {
    struct slot *first = NULL;
    for (uint32_t i = 0; i < client->slot_count; i++) {
        struct slot *slot = &client->slots[i];
        if (slot->stage == WAITING && (first == NULL || slot->correlation < first->correlation))
            first = slot;
    }
    return first;
}

static void send_all(sojourn_client *client, int64_t now) {
    client->is_blocked = false;
    while (client->link == LINK_UP && client->paused_until <= now
           && in_flight(client) < client->server.credit) {
        struct slot *slot = next_to_send(client);
        if (slot == NULL) return;
        if (zmq_send(client->socket, slot->frame, slot->frame_size, ZMQ_DONTWAIT) < 0) {
            if (zmq_errno() == EINTR) continue;
            client->is_blocked = true;
            return;
        }
        slot->stage = IN_FLIGHT;
        slot->until = now + client->options.attempt_timeout_ms;
        slot->sends++;
        slot->unanswered++;
        slot->attempts++;
    }
}

/* Does all that can be done now. */
static void pump(sojourn_client *client) {
    if (client->is_closed) return;
    int64_t now = now_ms();
    receive_all(client, now);
    if (was_disconnected(client) && client->link != LINK_DOWN) {
        if (client->link == LINK_GREETING) {
            /* libzmq connects again by itself; the greeting may have been lost. */
            send_hello(client);
        } else {
            lose_link(client, now);
        }
    }
    tick(client, now);
    send_all(client, now);
}

/* Sleeps until something happens, or a timer is due, or `until`. */
static void wait_for_socket(sojourn_client *client, int64_t until) {
    int64_t timer = next_timer(client);
    if (timer < until) until = timer;
    int64_t wait = until == INT64_MAX ? 60000 : until - now_ms();
    if (wait < 0) wait = 0;
    if (wait > 60000) wait = 60000;
    zmq_pollitem_t items[2] = {
        {client->socket, 0, (short)(ZMQ_POLLIN | (client->is_blocked ? ZMQ_POLLOUT : 0)), 0},
        {client->monitor, 0, ZMQ_POLLIN, 0}};
    zmq_poll(items, client->socket == NULL ? 0 : client->monitor == NULL ? 1 : 2, (long)wait);
}

/* ==== Calls ================================================================================ */

void sojourn_options_init(sojourn_options *options) {
    memset(options, 0, sizeof *options);
    options->timeout_ms = 30000;
    options->attempt_timeout_ms = 5000;
    options->attempts = 3;
    options->in_flight_max = 16;
    options->first_sequence = 1;
    options->name = "sojourn-c/" SOJOURN_CLIENT_VERSION;
}

/* ---- Connecting */

static bool is_endpoint(const char *text) {
    if (strncmp(text, "ipc://", 6) == 0) return text[6] != 0;
    if (strncmp(text, "inproc://", 9) == 0) return text[9] != 0;
    if (strncmp(text, "tcp://", 6) != 0) return false;
    const char *colon = strrchr(text + 6, ':');
    if (colon == NULL || colon == text + 6) return false;
    long port = 0;
    for (const char *at = colon + 1; *at != 0; at++) {
        if (*at < '0' || *at > '9' || port > 65535) return false;
        port = port * 10 + (*at - '0');
    }
    return port >= 1 && port <= 65535;
}

static sojourn_result check_options(const sojourn_options *options, sojourn_error *error) {
    const uint32_t day = 86400000;
    if (options->timeout_ms < 1 || options->timeout_ms > day || options->attempt_timeout_ms < 1
        || options->attempt_timeout_ms > day)
        return fail(error, SOJOURN_INVALID_ARGUMENT, "a time-out must be from 1 ms to a day");
    if (options->attempts < 1)
        return fail(error, SOJOURN_INVALID_ARGUMENT, "a message must be sent at least once");
    if (options->in_flight_max < 1 || options->in_flight_max > CREDIT_MAX)
        return fail(
            error, SOJOURN_INVALID_ARGUMENT, "in_flight_max must be from 1 to %d", CREDIT_MAX);
    if (options->name != NULL
        && (strlen(options->name) > NAME_BYTES_MAX
            || !is_utf8((const uint8_t *)options->name, strlen(options->name))))
        return fail(
            error, SOJOURN_INVALID_ARGUMENT, "a client's name has at most %d bytes of UTF-8",
            NAME_BYTES_MAX);
    const char *keys[] = {
        options->curve_server_key, options->curve_public_key, options->curve_secret_key};
    if (keys[0] == NULL && keys[1] == NULL && keys[2] == NULL) return SOJOURN_OK;
    if (!zmq_has("curve"))
        return fail(error, SOJOURN_NO_CURVE, "this libzmq was built without CURVE");
    for (int i = 0; i < 3; i++) {
        uint8_t binary[32];
        if (keys[i] == NULL || strlen(keys[i]) != Z85_KEY
            || zmq_z85_decode(binary, keys[i]) == NULL)
            return fail(
                error, SOJOURN_INVALID_ARGUMENT,
                "CURVE needs three keys of %d characters of Z85 each", Z85_KEY);
    }
    return SOJOURN_OK;
}

static char *copy_string(const char *text) {
    char *copy = malloc(strlen(text) + 1);
    if (copy != NULL) strcpy(copy, text);
    return copy;
}

static sojourn_result split_endpoints(
    sojourn_client *client, const char *endpoints, sojourn_error *error) {
    size_t commas = 0;
    for (const char *at = endpoints; *at != 0; at++) commas += *at == ',';
    client->endpoint_text = copy_string(endpoints);
    client->endpoints = calloc(commas + 1, sizeof *client->endpoints);
    if (client->endpoint_text == NULL || client->endpoints == NULL) return out_of_memory(error);
    char *at = client->endpoint_text;
    for (size_t i = 0; i <= commas; i++) {
        char *comma = strchr(at, ',');
        if (comma != NULL) *comma = 0;
        if (!is_endpoint(at))
            return fail(
                error, SOJOURN_INVALID_ARGUMENT,
                "'%.200s' is no endpoint; one looks like tcp://127.0.0.1:5571", at);
        client->endpoints[client->endpoint_count++] = at;
        if (comma != NULL) at = comma + 1;
    }
    return SOJOURN_OK;
}

static sojourn_result greet_first(sojourn_client *client, sojourn_error *error) {
    int64_t deadline = now_ms() + client->options.timeout_ms;
    uint32_t tries = client->options.attempts;
    if (tries < client->endpoint_count) tries = client->endpoint_count;
    greet(client, 0, now_ms());
    for (;;) {
        pump(client);
        if (client->link == LINK_UP) return succeed(error);
        bool is_over = now_ms() >= deadline || client->greeting_failures >= tries
            || client->permanent_failures >= client->endpoint_count;
        if (is_over) break;
        wait_for_socket(client, deadline);
    }
    if (client->link_error.result == SOJOURN_OK)
        return fail(
            error, SOJOURN_UNREACHABLE,
            "no answer from %s within %u ms; is a server running there?",
            client->endpoints[client->endpoint], (unsigned)client->options.timeout_ms);
    if (error != NULL) *error = client->link_error;
    return client->link_error.result;
}

static void take_options(sojourn_client *client, const sojourn_options *options) {
    client->options = *options;
    client->slot_count = options->in_flight_max;
    copy_text(
        client->name, sizeof client->name, (const uint8_t *)(options->name ? options->name : ""),
        options->name ? strlen(options->name) : 0);
    if (options->curve_server_key != NULL) {
        memcpy(client->curve_server_key, options->curve_server_key, Z85_KEY + 1);
        memcpy(client->curve_public_key, options->curve_public_key, Z85_KEY + 1);
        memcpy(client->curve_secret_key, options->curve_secret_key, Z85_KEY + 1);
    }
    client->has_deployment = options->deployment != NULL;
    if (options->deployment != NULL) client->deployment = *options->deployment;
    client->chose_producer = options->producer == 0;
    client->producer = client->chose_producer ? random_producer(client) : options->producer;
    client->next_sequence = options->first_sequence;
    client->next_correlation = 1;
    clear_error(&client->link_error);
}

sojourn_result sojourn_connect(
    sojourn_client **out, const char *endpoints, const sojourn_options *options,
    sojourn_error *error) {
    if (out == NULL) return fail(error, SOJOURN_INVALID_ARGUMENT, "there is no place for a client");
    *out = NULL;
    if (endpoints == NULL)
        return fail(error, SOJOURN_INVALID_ARGUMENT, "there is no endpoint to connect to");
    sojourn_options defaults;
    sojourn_options_init(&defaults);
    if (options == NULL) options = &defaults;
    sojourn_result result = check_options(options, error);
    if (result != SOJOURN_OK) return result;
    sojourn_client *client = calloc(1, sizeof *client);
    if (client == NULL) return out_of_memory(error);
    take_options(client, options);
    result = split_endpoints(client, endpoints, error);
    if (result == SOJOURN_OK) {
        client->context = zmq_ctx_new();
        result = client->context == NULL ? out_of_memory(error) : greet_first(client, error);
    }
    if (result != SOJOURN_OK) {
        sojourn_free(client);
        return result;
    }
    *out = client;
    return SOJOURN_OK;
}

void sojourn_close(sojourn_client *client) {
    if (client == NULL || client->is_closed) return;
    client->is_closed = true;
    for (uint32_t i = 0; i < client->slot_count; i++) {
        struct slot *slot = &client->slots[i];
        if (slot->stage == WAITING || slot->stage == IN_FLIGHT)
            finish_with_error(client, slot, END_CLOSED);
    }
    close_socket(client);
    if (client->context != NULL) zmq_ctx_term(client->context);
    client->context = NULL;
}

void sojourn_free(sojourn_client *client) {
    if (client == NULL) return;
    sojourn_close(client);
    for (uint32_t i = 0; i < client->slot_count; i++) {
        free(client->slots[i].frame);
        free_reply(client->slots[i].reply);
    }
    free(client->endpoints);
    free(client->endpoint_text);
    free(client);
}

const sojourn_server *sojourn_server_info(const sojourn_client *client) { return &client->server; }

uint64_t sojourn_producer(const sojourn_client *client) { return client->producer; }

uint64_t sojourn_next_sequence(const sojourn_client *client) { return client->next_sequence; }

void sojourn_set_next_sequence(sojourn_client *client, uint64_t sequence) {
    client->next_sequence = sequence;
    client->chose_producer = false;
}

size_t sojourn_credit(const sojourn_client *client) {
    return client->server.credit < client->options.in_flight_max ? client->server.credit
                                                                  : client->options.in_flight_max;
}

size_t sojourn_under_way(const sojourn_client *client) {
    size_t count = 0;
    for (uint32_t i = 0; i < client->slot_count; i++)
        count += client->slots[i].stage != FREE && client->slots[i].owner == NULL;
    return count;
}

/* ---- Requests */

static sojourn_result check_open(const sojourn_client *client, sojourn_error *error) {
    if (client == NULL) return fail(error, SOJOURN_INVALID_ARGUMENT, "there is no client");
    if (client->is_closed) return fail(error, SOJOURN_CLOSED, "the client is closed");
    return SOJOURN_OK;
}

/* A slot with room for a frame; NULL with the reason in `result`. */
static struct slot *take_slot(
    sojourn_client *client, size_t frame_size, sojourn_result *result, sojourn_error *error) {
    size_t used = 0;
    struct slot *slot = NULL;
    for (uint32_t i = 0; i < client->slot_count; i++) {
        if (client->slots[i].stage != FREE) used++;
        else if (slot == NULL) slot = &client->slots[i];
    }
    if (slot == NULL || used >= sojourn_credit(client)) {
        *result = fail(
            error, SOJOURN_BUSY, "%zu requests are under way; collect one first", used);
        return NULL;
    }
    if (!grow(&slot->frame, &slot->frame_capacity, frame_size, 1)) {
        *result = out_of_memory(error);
        return NULL;
    }
    slot->frame_size = frame_size;
    return slot;
}

static void release(struct slot *slot) {
    free_reply(slot->reply);
    slot->reply = NULL;
    slot->stage = FREE;
}

static uint64_t deployment_tag(const sojourn_client *client) {
    uint64_t tag = 0;
    for (int i = 8; i < 16; i++) tag = tag << 8 | client->deployment.bytes[i];
    return tag;
}

/* Seals the frame, whose body is written, and lets it be sent. */
static void start_request(
    sojourn_client *client, struct slot *slot, uint8_t operation, uint32_t property,
    uint64_t producer, uint64_t sequence, const void *owner) {
    struct header header = {
        .version = VERSION, .operation = operation, .correlation = client->next_correlation++,
        .producer = producer, .sequence = sequence,
        .deadline = client->options.attempt_timeout_ms, .property = property,
        .deployment = deployment_tag(client)};
    seal_frame(slot->frame, slot->frame_size - HEADER_BYTES, &header);
    slot->operation = operation;
    slot->correlation = header.correlation;
    slot->producer = producer;
    slot->sequence = sequence;
    slot->deadline = now_ms() + client->options.timeout_ms;
    slot->sends = slot->unanswered = slot->attempts = 0;
    slot->has_refusal = false;
    slot->owner = owner;
    slot->stage = WAITING;
}

/*
 * A server remembers so many batches behind its highest, and takes so many beyond it: a batch that
 * may have to be sent again must not fall out of that window, and batches that were refused, which
 * leave holes, must not carry the numbers beyond it.
 */
static bool may_number(sojourn_client *client) {
    uint64_t window = client->server.producer_window;
    bool has_unsettled = false;
    for (uint32_t i = 0; i < client->slot_count; i++) {
        const struct slot *slot = &client->slots[i];
        if ((slot->stage != WAITING && slot->stage != IN_FLIGHT) || slot->operation != ASSIGN
            || slot->producer != client->producer)
            continue;
        has_unsettled = true;
        if (client->next_sequence > slot->sequence
            && client->next_sequence - slot->sequence >= window)
            return false;
    }
    if (client->chose_producer && client->has_applied
        && client->next_sequence > client->applied_sequence + window) {
        if (has_unsettled) return false;
        client->producer = random_producer(client);
        client->next_sequence = 1;
        client->has_applied = false;
    }
    return true;
}

static sojourn_result submit(
    sojourn_client *client, uint32_t property, sojourn_batch *batch, const void *owner,
    struct slot **out, sojourn_error *error) {
    sojourn_result result = check_open(client, error);
    if (result != SOJOURN_OK) return result;
    if (batch == NULL) return fail(error, SOJOURN_INVALID_ARGUMENT, "there is no batch");
    if (batch->count == 0)
        return fail(error, SOJOURN_EMPTY_BATCH, "there is no event in the batch");
    if (batch->count > client->server.batch_events)
        return fail(
            error, SOJOURN_BATCH_TOO_LARGE, "the server takes at most %u events at once",
            (unsigned)client->server.batch_events);
    if (!batch_order_texts(batch)) return out_of_memory(error);
    struct plan plan;
    plan_batch(&plan, batch);
    size_t size = HEADER_BYTES + body_size(batch, &plan);
    if (size > client->server.message_bytes)
        return fail(
            error, SOJOURN_BATCH_TOO_LARGE,
            "the server takes at most %u bytes at once; the batch has %zu",
            (unsigned)client->server.message_bytes, size);
    pump(client);
    if (!may_number(client))
        return fail(error, SOJOURN_BUSY, "an earlier batch must be settled first");
    struct slot *slot = take_slot(client, size, &result, error);
    if (slot == NULL) return result;
    write_body(slot->frame + HEADER_BYTES, batch, &plan);
    slot->events = batch->count;
    start_request(
        client, slot, ASSIGN, property, client->producer, client->next_sequence++, owner);
    pump(client);
    *out = slot;
    return succeed(error);
}

/* The request of this owner that was done first. */
static struct slot *first_done(sojourn_client *client, const void *owner) {
    struct slot *first = NULL;
    for (uint32_t i = 0; i < client->slot_count; i++) {
        struct slot *slot = &client->slots[i];
        if (slot->stage == DONE && slot->owner == owner
            && (first == NULL || slot->finished < first->finished))
            first = slot;
    }
    return first;
}

static bool has_any(const sojourn_client *client, const void *owner) {
    for (uint32_t i = 0; i < client->slot_count; i++)
        if (client->slots[i].stage != FREE && client->slots[i].owner == owner) return true;
    return false;
}

static struct slot *wait_for_any(sojourn_client *client, const void *owner, int64_t wait_ms) {
    int64_t until = wait_ms < 0 ? INT64_MAX : now_ms() + wait_ms;
    for (;;) {
        pump(client);
        struct slot *slot = first_done(client, owner);
        if (slot != NULL || now_ms() >= until || !has_any(client, owner)) return slot;
        wait_for_socket(client, until);
    }
}

/* Moves the result to the caller and frees the slot. */
static sojourn_result take_result(struct slot *slot, struct reply **reply, sojourn_error *error) {
    sojourn_result result = slot->error.result;
    if (result == SOJOURN_OK) {
        *reply = slot->reply;
        slot->reply = NULL;
        succeed(error);
    } else if (error != NULL) {
        *error = slot->error;
    }
    release(slot);
    return result;
}

static sojourn_result wait_for(
    sojourn_client *client, struct slot *slot, struct reply **reply, sojourn_error *error) {
    while (slot->stage != DONE) {
        wait_for_socket(client, INT64_MAX);
        pump(client);
    }
    return take_result(slot, reply, error);
}

sojourn_result sojourn_assign(
    sojourn_client *client, uint32_t property, sojourn_batch *batch, sojourn_answer **answer,
    sojourn_error *error) {
    if (answer == NULL)
        return fail(error, SOJOURN_INVALID_ARGUMENT, "there is no place for the answer");
    *answer = NULL;
    struct slot *slot = NULL;
    struct reply *reply = NULL;
    sojourn_result result = submit(client, property, batch, NULL, &slot, error);
    if (result == SOJOURN_OK) result = wait_for(client, slot, &reply, error);
    *answer = (sojourn_answer *)reply;
    return result;
}

sojourn_result sojourn_submit(
    sojourn_client *client, uint32_t property, sojourn_batch *batch, uint64_t *ticket,
    sojourn_error *error) {
    struct slot *slot = NULL;
    sojourn_result result = submit(client, property, batch, NULL, &slot, error);
    if (result == SOJOURN_OK && ticket != NULL) *ticket = slot->correlation;
    return result;
}

sojourn_result sojourn_collect(
    sojourn_client *client, int64_t wait_ms, uint64_t *ticket, sojourn_answer **answer,
    sojourn_error *error) {
    if (ticket != NULL) *ticket = 0;
    if (client == NULL || answer == NULL)
        return fail(
            error, SOJOURN_INVALID_ARGUMENT, "there is no client, or no place for the answer");
    *answer = NULL;
    struct slot *slot = wait_for_any(client, NULL, wait_ms);
    if (slot == NULL) {
        if (has_any(client, NULL)) return fail(error, SOJOURN_PENDING, "nothing is answered yet");
        return fail(error, SOJOURN_INVALID_ARGUMENT, "nothing is under way");
    }
    if (ticket != NULL) *ticket = slot->correlation;
    struct reply *reply = NULL;
    sojourn_result result = take_result(slot, &reply, error);
    *answer = (sojourn_answer *)reply;
    return result;
}

/* ---- Questions */

static sojourn_result lookup(
    sojourn_client *client, uint32_t property, uint8_t by, sojourn_bytes key, sojourn_found **found,
    sojourn_error *error) {
    if (found == NULL)
        return fail(error, SOJOURN_INVALID_ARGUMENT, "there is no place for the answer");
    *found = NULL;
    sojourn_result result = check_open(client, error);
    if (result != SOJOURN_OK) return result;
    if (key.data == NULL || key.size == 0 || key.size > KEY_BYTES_MAX)
        return fail(
            error, SOJOURN_INVALID_ARGUMENT, "a visitor key has 1 to %d bytes; this has %zu",
            KEY_BYTES_MAX, key.size);
    struct slot *slot =
        take_slot(client, HEADER_BYTES + LOOKUP_FIXED_BYTES + key.size, &result, error);
    if (slot == NULL) return result;
    write_lookup(slot->frame + HEADER_BYTES, by, key.data, key.size);
    start_request(client, slot, LOOKUP, property, 0, 0, slot);
    pump(client);
    struct reply *reply = NULL;
    result = wait_for(client, slot, &reply, error);
    *found = (sojourn_found *)reply;
    return result;
}

sojourn_result sojourn_lookup_visitor(
    sojourn_client *client, uint32_t property, sojourn_bytes visitor, sojourn_found **found,
    sojourn_error *error) {
    return lookup(client, property, 1, visitor, found, error);
}

sojourn_result sojourn_lookup_session(
    sojourn_client *client, uint32_t property, const sojourn_uuid *id, sojourn_found **found,
    sojourn_error *error) {
    if (id == NULL) return fail(error, SOJOURN_INVALID_ARGUMENT, "there is no id");
    sojourn_bytes key = {id->bytes, sizeof id->bytes};
    return lookup(client, property, 2, key, found, error);
}

sojourn_result sojourn_status(
    sojourn_client *client, sojourn_gauges **gauges, sojourn_error *error) {
    if (gauges == NULL)
        return fail(error, SOJOURN_INVALID_ARGUMENT, "there is no place for the answer");
    *gauges = NULL;
    sojourn_result result = check_open(client, error);
    if (result != SOJOURN_OK) return result;
    struct slot *slot = take_slot(client, HEADER_BYTES, &result, error);
    if (slot == NULL) return result;
    start_request(client, slot, STATUS, 0, 0, 0, slot);
    pump(client);
    struct reply *reply = NULL;
    result = wait_for(client, slot, &reply, error);
    *gauges = (sojourn_gauges *)reply;
    return result;
}

/* ==== Buffer =============================================================================== */

/* A batch that is under way, and what the caller calls its events. */
struct delivery {
    uint64_t ticket; /* 0 when this one is free */
    void **tokens;
    uint32_t count;
};

struct sojourn_buffer {
    sojourn_client *client;
    uint32_t property;
    uint32_t events_max;
    uint32_t delay_ms;
    sojourn_listener listener;
    sojourn_batch *batch;
    void **tokens;
    int64_t first_at; /* when the batch got its first event */
    struct delivery deliveries[CREDIT_MAX];
};

static void free_buffer(sojourn_buffer *buffer) {
    for (int i = 0; i < CREDIT_MAX; i++) free(buffer->deliveries[i].tokens);
    free(buffer->tokens);
    sojourn_batch_free(buffer->batch);
    free(buffer);
}

sojourn_result sojourn_buffer_open(
    sojourn_buffer **out, sojourn_client *client, uint32_t property, uint32_t events_max,
    uint32_t delay_ms, const sojourn_listener *listener, sojourn_error *error) {
    if (out == NULL || listener == NULL || listener->on_event == NULL)
        return fail(error, SOJOURN_INVALID_ARGUMENT, "a buffer needs a listener");
    *out = NULL;
    sojourn_result result = check_open(client, error);
    if (result != SOJOURN_OK) return result;
    if (events_max < 1 || events_max > client->server.batch_events)
        return fail(
            error, SOJOURN_INVALID_ARGUMENT, "events_max must be from 1 to %u",
            (unsigned)client->server.batch_events);
    sojourn_buffer *buffer = calloc(1, sizeof *buffer);
    if (buffer == NULL) return out_of_memory(error);
    buffer->client = client;
    buffer->property = property;
    buffer->events_max = events_max;
    buffer->delay_ms = delay_ms;
    buffer->listener = *listener;
    buffer->batch = sojourn_batch_new();
    buffer->tokens = calloc(events_max, sizeof *buffer->tokens);
    if (buffer->batch == NULL || buffer->tokens == NULL) {
        free_buffer(buffer);
        return out_of_memory(error);
    }
    *out = buffer;
    return succeed(error);
}

static void tell_failure(
    sojourn_buffer *buffer, void **tokens, uint32_t count, const sojourn_error *error) {
    for (uint32_t i = 0; i < count; i++)
        buffer->listener.on_event(buffer->listener.user, tokens[i], NULL, error);
}

static void tell_answer(
    sojourn_buffer *buffer, const struct delivery *delivery, const sojourn_answer *answer) {
    void *user = buffer->listener.user;
    for (uint32_t i = 0; i < delivery->count; i++) {
        sojourn_assignment assignment;
        sojourn_answer_get(answer, i, &assignment);
        buffer->listener.on_event(user, delivery->tokens[i], &assignment, NULL);
    }
    sojourn_revision revision;
    for (size_t i = 0; buffer->listener.on_revision != NULL
         && sojourn_answer_revision(answer, i, &revision); i++)
        buffer->listener.on_revision(user, &revision);
}

/* Tells of one batch that is done, waiting for it so long; false when there is none. */
static bool deliver(sojourn_buffer *buffer, int64_t wait_ms) {
    struct slot *slot = wait_for_any(buffer->client, buffer, wait_ms);
    if (slot == NULL) return false;
    struct delivery *delivery = buffer->deliveries;
    while (delivery->ticket != slot->correlation) delivery++;
    struct reply *reply = NULL;
    sojourn_error error;
    if (take_result(slot, &reply, &error) == SOJOURN_OK)
        tell_answer(buffer, delivery, (sojourn_answer *)reply);
    else
        tell_failure(buffer, delivery->tokens, delivery->count, &error);
    sojourn_answer_free((sojourn_answer *)reply);
    delivery->ticket = 0;
    return true;
}

/* Sends what was gathered, once there is room. What cannot be sent at all is told as failed. */
static sojourn_result send_batch(sojourn_buffer *buffer, sojourn_error *error) {
    uint32_t count = buffer->batch->count;
    if (count == 0) return succeed(error);
    struct delivery *delivery = buffer->deliveries;
    while (delivery->ticket != 0 && delivery < buffer->deliveries + CREDIT_MAX - 1) delivery++;
    if (delivery->tokens == NULL)
        delivery->tokens = calloc(buffer->events_max, sizeof *delivery->tokens);
    if (delivery->tokens == NULL) return out_of_memory(error);
    sojourn_error reason;
    struct slot *slot = NULL;
    sojourn_result result =
        submit(buffer->client, buffer->property, buffer->batch, buffer, &slot, &reason);
    if (result == SOJOURN_BUSY) {
        if (deliver(buffer, -1)) return send_batch(buffer, error);
        if (error != NULL) *error = reason;
        return result;
    }
    if (result == SOJOURN_OK) {
        void **tokens = delivery->tokens;
        delivery->tokens = buffer->tokens;
        buffer->tokens = tokens;
        delivery->ticket = slot->correlation;
        delivery->count = count;
    } else {
        tell_failure(buffer, buffer->tokens, count, &reason);
    }
    sojourn_batch_clear(buffer->batch);
    if (error != NULL) *error = reason;
    return result;
}

static bool is_due(const sojourn_buffer *buffer) {
    if (buffer->batch->count == 0) return false;
    return buffer->batch->count >= buffer->events_max
        || now_ms() - buffer->first_at >= (int64_t)buffer->delay_ms;
}

sojourn_result sojourn_buffer_add(
    sojourn_buffer *buffer, const sojourn_event *event, void *token, sojourn_error *error) {
    if (buffer == NULL) return fail(error, SOJOURN_INVALID_ARGUMENT, "there is no buffer");
    sojourn_result result = check_open(buffer->client, error);
    if (result == SOJOURN_OK && buffer->batch->count >= buffer->events_max)
        result = send_batch(buffer, error);
    if (result != SOJOURN_OK) return result;
    result = sojourn_batch_add(buffer->batch, event, error);
    if (result == SOJOURN_BATCH_TOO_LARGE && buffer->batch->count > 0) {
        result = send_batch(buffer, error);
        if (result == SOJOURN_OK) result = sojourn_batch_add(buffer->batch, event, error);
    }
    if (result != SOJOURN_OK) return result;
    if (buffer->batch->count == 1) buffer->first_at = now_ms();
    buffer->tokens[buffer->batch->count - 1] = token;
    /* The event is in: what becomes of it from here on is the listener's to hear. */
    if (is_due(buffer)) send_batch(buffer, NULL);
    while (has_any(buffer->client, buffer) && deliver(buffer, 0)) {}
    return succeed(error);
}

sojourn_result sojourn_buffer_poll(sojourn_buffer *buffer, int64_t wait_ms, sojourn_error *error) {
    if (buffer == NULL) return fail(error, SOJOURN_INVALID_ARGUMENT, "there is no buffer");
    int64_t until = wait_ms < 0 ? INT64_MAX : now_ms() + wait_ms;
    for (;;) {
        if (is_due(buffer)) {
            sojourn_result result = send_batch(buffer, error);
            if (result != SOJOURN_OK) return result;
        }
        int64_t now = now_ms(), next = until;
        if (buffer->batch->count > 0 && buffer->first_at + buffer->delay_ms < next)
            next = buffer->first_at + buffer->delay_ms;
        bool has_told = deliver(buffer, next == INT64_MAX ? -1 : next > now ? next - now : 0);
        if (has_told) {
            while (deliver(buffer, 0)) {}
            return succeed(error);
        }
        if (now_ms() >= until || (buffer->batch->count == 0 && !has_any(buffer->client, buffer)))
            return succeed(error);
        /* Nothing is under way: sleep until the batch is due. */
        if (!has_any(buffer->client, buffer)) wait_for_socket(buffer->client, next);
    }
}

sojourn_result sojourn_buffer_flush(sojourn_buffer *buffer, sojourn_error *error) {
    if (buffer == NULL) return fail(error, SOJOURN_INVALID_ARGUMENT, "there is no buffer");
    sojourn_result result = send_batch(buffer, error);
    while (deliver(buffer, -1)) {}
    return result;
}

void sojourn_buffer_close(sojourn_buffer *buffer) {
    if (buffer == NULL) return;
    sojourn_error error;
    sojourn_result result = sojourn_buffer_flush(buffer, &error);
    if (result != SOJOURN_OK && buffer->batch->count > 0)
        tell_failure(buffer, buffer->tokens, buffer->batch->count, &error);
    free_buffer(buffer);
}
