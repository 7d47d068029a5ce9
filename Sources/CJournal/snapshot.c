#define _GNU_SOURCE
#include "CJournal.h"

#include <CIntrinsics.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    HEADER_BYTES = 64,
    ENTRY_BYTES = 32,
    CONTENT_ALIGNMENT = 64,
    /// Pieces from this size on are written from where they are.
    DIRECT_BYTES = 16 << 10,
    /// A child syncs each time that it has written so much, so that the disk does not get all of a
    /// snapshot at once, with the journal waiting behind it.
    SYNC_BYTES = 32 << 20,
};

// MARK: - Checksums

// The checksum of two rows of bytes behind one another is that of the first, moved over the bytes of the
// second, xor that of the second. To move it is to multiply it, as a polynomial over the field of two
// elements modulo that of CRC-32C, by x to the power of the bits moved over. The highest bit is x^0.

static uint32_t multiply(uint32_t a, uint32_t b) {
    uint32_t product = 0;
    for (uint32_t bit = 1u << 31; bit; bit >>= 1) {
        if (a & bit) product ^= b;
        b = b & 1 ? (b >> 1) ^ 0x82F63B78u : b >> 1;
    }
    return product;
}

static uint32_t joined_checksum(uint32_t first, uint32_t second, size_t second_bytes) {
    uint32_t power = 1u << 31;     // x^0
    uint32_t square = 1u << 23;    // x^8: one byte
    for (; second_bytes; second_bytes >>= 1) {
        if (second_bytes & 1) power = multiply(power, square);
        square = multiply(square, square);
    }
    return multiply(power, first) ^ second;
}

// MARK: - The file

typedef struct {
    const sojourn_snapshot *snapshot;
    sojourn_snapshot_sink sink;
    void *context;
    /// Bytes that were handed out, and bytes that are gathered behind them.
    uint64_t written;
    size_t gathered;
    /// Where in the gathered bytes those begin that `checksum` does not cover yet.
    size_t unsummed;
    /// Of the section's content so far.
    uint32_t checksum;
} writer;

static uint64_t end_of(const writer *to) { return to->written + to->gathered; }

static void sum_gathered(writer *to) {
    size_t count = to->gathered - to->unsummed;
    if (count) {
        uint32_t sum = sojourn_crc32c(to->snapshot->gathering + to->unsummed, count);
        to->checksum = joined_checksum(to->checksum, sum, count);
    }
    to->unsummed = to->gathered;
}

static int hand_out(writer *to, const void *bytes, size_t count) {
    int code = count ? to->sink(to->context, bytes, count, to->written) : 0;
    to->written += count;
    return code;
}

static int flush(writer *to) {
    sum_gathered(to);
    int code = hand_out(to, to->snapshot->gathering, to->gathered);
    to->gathered = to->unsummed = 0;
    return code;
}

static int append(writer *to, const uint8_t *bytes, size_t count) {
    if (count >= DIRECT_BYTES) {
        int code = flush(to);
        if (code) return code;
        to->checksum = joined_checksum(to->checksum, sojourn_crc32c(bytes, count), count);
        return hand_out(to, bytes, count);
    }
    while (count) {
        size_t room = to->snapshot->gathering_bytes - to->gathered;
        size_t taken = count < room ? count : room;
        memcpy(to->snapshot->gathering + to->gathered, bytes, taken);
        to->gathered += taken;
        bytes += taken;
        count -= taken;
        if (taken == room) {
            int code = flush(to);
            if (code) return code;
        }
    }
    return 0;
}

static void put(uint8_t *at, uint64_t value, int count) {
    for (int i = 0; i < count; i++) at[i] = (uint8_t)(value >> (8 * i));
}

static int append_section(
    writer *to, const sojourn_snapshot_section *section, const sojourn_snapshot_piece *pieces,
    uint8_t *entry) {
    static const uint8_t zeros[CONTENT_ALIGNMENT];
    int code = append(to, zeros, -end_of(to) & (CONTENT_ALIGNMENT - 1));
    if (code) return code;
    sum_gathered(to);
    to->checksum = 0;
    uint64_t start = end_of(to);
    for (size_t i = 0; i < section->piece_count; i++) {
        code = append(to, pieces[i].bytes, pieces[i].count);
        if (code) return code;
    }
    sum_gathered(to);
    put(entry, section->id, 4);
    put(entry + 4, section->element_bytes, 4);
    put(entry + 8, (end_of(to) - start) / section->element_bytes, 8);
    put(entry + 16, start, 8);
    put(entry + 24, to->checksum, 4);
    put(entry + 28, 0, 4);
    return 0;
}

static void make_header(const sojourn_snapshot *snapshot) {
    uint8_t *header = snapshot->front;
    size_t table_bytes = sojourn_snapshot_front_bytes(snapshot->section_count) - HEADER_BYTES;
    memset(header, 0, HEADER_BYTES);
    memcpy(header, "SJSN", 4);
    put(header + 4, 2, 2);
    put(header + 6, snapshot->partition, 2);
    memcpy(header + 8, snapshot->deployment, 16);
    put(header + 24, snapshot->position, 8);
    put(header + 32, snapshot->section_count, 4);
    put(header + 36, sojourn_crc32c(header + HEADER_BYTES, table_bytes), 4);
    put(header + 60, sojourn_crc32c(header, 60), 4);
}

size_t sojourn_snapshot_front_bytes(uint32_t section_count) {
    return HEADER_BYTES + (size_t)section_count * ENTRY_BYTES;
}

int sojourn_snapshot_write(
    const sojourn_snapshot *snapshot, sojourn_snapshot_sink sink, void *context) {
    size_t front_bytes = sojourn_snapshot_front_bytes(snapshot->section_count);
    writer to = {
        .snapshot = snapshot, .sink = sink, .context = context, .written = front_bytes};
    const sojourn_snapshot_piece *pieces = snapshot->pieces;
    uint8_t *entry = snapshot->front + HEADER_BYTES;
    for (uint32_t i = 0; i < snapshot->section_count; i++) {
        int code = append_section(&to, &snapshot->sections[i], pieces, entry);
        if (code) return code;
        pieces += snapshot->sections[i].piece_count;
        entry += ENTRY_BYTES;
    }
    int code = flush(&to);
    if (code) return code;
    make_header(snapshot);
    return sink(context, snapshot->front, front_bytes, 0);
}

// MARK: - The child

typedef struct {
    int file;
    size_t unsynced;
} output;

static int sync_output(output *to) {
    to->unsynced = 0;
    while (fsync(to->file) != 0) {
        if (errno != EINTR) return errno;
    }
    return 0;
}

static int write_output(void *context, const void *bytes, size_t count, uint64_t offset) {
    output *to = context;
    while (count) {
        // In parts, for a sync is due between them.
        size_t part = SYNC_BYTES - to->unsynced;
        if (part > count) part = count;
        ssize_t written = pwrite(to->file, bytes, part, (off_t)offset);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        if (written == 0) return EIO;
        bytes = (const uint8_t *)bytes + written;
        count -= (size_t)written;
        offset += (uint64_t)written;
        to->unsynced += (size_t)written;
        if (to->unsynced >= SYNC_BYTES) {
            int code = sync_output(to);
            if (code) return code;
        }
    }
    return 0;
}

static void close_between(unsigned first, unsigned last) {
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0) return;
    // Linux before 5.9 does not know it.
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && last >= limit.rlim_cur) last = (unsigned)limit.rlim_cur;
    for (unsigned file = first; file <= last; file++) close((int)file);
}

/// All that the child does. Its parent has threads and a live ZeroMQ context, so nothing here may touch
/// what they use: it calls the functions above and the system, and never returns.
__attribute__((noreturn)) static void run_child(
    const sojourn_snapshot *snapshot, int file, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have died before that.
    if (getppid() != parent) _exit(ECHILD);
    // Above all the lock of the data directory, which would outlive the parent here.
    if (file > 0) close_between(0, (unsigned)file - 1);
    close_between((unsigned)file + 1, ~0u);
    // The parent's handlers must not run here. What a terminal or a service manager sends to the whole
    // group is the parent's to judge: it ends this process when it wants to. EFBIG for SIGXFSZ.
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) sigaction(number, &action, NULL);
    action.sa_handler = SIG_IGN;
    const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ};
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) sigaction(ignored[i], &action, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);

    output to = {.file = file};
    int code = sojourn_snapshot_write(snapshot, write_output, &to);
    if (code == 0) code = sync_output(&to);
    _exit(code);
}

pid_t sojourn_snapshot_fork(const sojourn_snapshot *snapshot, int file) {
    // No handler of the parent's runs in the child before it has put them off.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) run_child(snapshot, file, parent);
    int code = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = code;
    return child;
}
