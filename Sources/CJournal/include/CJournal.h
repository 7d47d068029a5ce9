// What the journal needs of C: the writer of snapshots, and system calls that Swift does not see.
#ifndef SOJOURN_CJOURNAL_H
#define SOJOURN_CJOURNAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Takes room on the disk for the first `count` bytes of a file, which read as zeros. Returns 0 or an
/// error number: EOPNOTSUPP where the file system can't.
int sojourn_preallocate(int file, off_t count);

/// Has a file written past the system's cache, or through it. Returns 0 or an error number: EINVAL where
/// the file system can't.
int sojourn_set_direct(int file, int is_direct);

// MARK: - Snapshots
//
// A snapshot file (journal, "Snapshot") is written from memory, in this process or in a forked one.
// It is C because of the second case. A child that was forked from a process with threads may call
// nothing that is not async-signal-safe: a lock that another thread held at the fork, the allocator's
// or the Swift runtime's, stays locked for ever. What is written here allocates nothing, locks nothing
// and calls only the system.

/// Bytes somewhere in memory.
typedef struct {
    const void *bytes;
    size_t count;
} sojourn_snapshot_piece;

/// A section: its content is that of the next `piece_count` pieces, behind one another.
typedef struct {
    uint32_t id;
    uint32_t element_bytes;
    size_t piece_count;
} sojourn_snapshot_section;

/// All that a snapshot is written from, and the room that writing needs.
typedef struct {
    uint8_t deployment[16];
    uint64_t position;
    uint16_t partition;
    uint32_t section_count;
    const sojourn_snapshot_section *sections;
    const sojourn_snapshot_piece *pieces;
    /// `sojourn_snapshot_front_bytes(section_count)` zeros: header and table are made here.
    uint8_t *front;
    /// Small pieces are gathered here; 4 KiB or more.
    uint8_t *gathering;
    size_t gathering_bytes;
} sojourn_snapshot;

/// Takes the bytes that belong at `offset` of the file. Returns 0 or an error number, which ends it.
typedef int (*sojourn_snapshot_sink)(void *context, const void *bytes, size_t count, uint64_t offset);

/// Bytes of header and table.
size_t sojourn_snapshot_front_bytes(uint32_t section_count);

/// Hands the whole file to `sink`: contents in order, and last, so that a file that was not finished
/// has no header, header and table. Returns 0 or the error number of the sink.
int sojourn_snapshot_write(
    const sojourn_snapshot *snapshot, sojourn_snapshot_sink sink, void *context);

/// Starts a process that writes the file as memory is at this instant, syncs it, and exits with 0 or
/// an error number. It has no other file open, dies with the thread that called, and takes no notice
/// of what stops its parent. Returns its number, or -1 with `errno`.
pid_t sojourn_snapshot_fork(const sojourn_snapshot *snapshot, int file);

#endif
