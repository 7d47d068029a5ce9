internal import CJournal
import Glibc
package import SojournModel
import Synchronization

/// A process that writes a snapshot of memory as it was at one instant, while this one goes on.
///
/// The system gives a forked child a copy of memory that costs nothing until one of the two writes
/// to it: the service stops for the fork, not for the writing. To fork a process with threads and a
/// live ZeroMQ context is safe only because the child runs nothing but one C function, which calls
/// nothing but the system and ends the process: see `CJournal`.
///
/// A child dies with the thread that started it (it may live on without its parent otherwise), so
/// that thread must be one that lives as long as the service. Who lets go of a child ends it.
package struct SnapshotChild: ~Copyable, Sendable {
    /// The position that the snapshot is of.
    package let position: JournalPosition
    /// The system's number of the process.
    package let process: Int32
    let storage: FileStorage
    let temporary: String
    private var state = State.writing

    private enum State {
        case writing
        /// The file is on disk, under its temporary name.
        case written
        /// The file has its name, or another owner.
        case given
        case failed(JournalError)
    }

    /// Starts a child.
    ///
    /// The draft's memory may change as soon as this returns. It must not change meanwhile: the
    /// thread that changes it is the one that calls.
    ///
    /// - Throws: `snapshotRunning` while another child of the same storage is there.
    package static func start(
        _ draft: borrowing SnapshotDraft, deployment: DeploymentID, in storage: FileStorage
    ) throws(JournalError) -> SnapshotChild {
        guard storage.snapshotRunning.exchange(true, ordering: .acquiring) == false else {
            throw .snapshotRunning
        }
        let temporary = FileName.snapshotName(draft.position) + FileName.temporaryEnding
        do throws(StorageError) {
            let file = try storage.create(temporary, byteCount: 0)
            // What the child needs is there before the fork, and copied by it.
            let (process, code) = unsafe draft.withImage(deployment: deployment) { image in
                let process = unsafe sojourn_snapshot_fork(image, file.descriptor)
                return (process, errno)
            }
            guard process > 0 else {
                throw StorageError(code, during: "fork, to write", path: file.path)
            }
            return SnapshotChild(
                position: draft.position, process: process, storage: storage, temporary: temporary)
        } catch {
            try? storage.remove(temporary)
            storage.snapshotRunning.store(false, ordering: .releasing)
            throw .storage(error)
        }
    }

    private init(
        position: JournalPosition, process: Int32, storage: FileStorage, temporary: String
    ) {
        self.position = position
        self.process = process
        self.storage = storage
        self.temporary = temporary
    }

    deinit {
        if case .writing = state {
            kill(process, SIGKILL)
            _ = Self.reap(process, waiting: true)
        }
        if case .given = state {
        } else {
            // The next opening removes it if this can't.
            try? storage.remove(temporary)
        }
        storage.snapshotRunning.store(false, ordering: .releasing)
    }

    /// Looks whether the snapshot is written, without waiting.
    ///
    /// - Returns: true when it is, so that `FileJournal.finish` can be called.
    /// - Throws: what the child failed with, again each time.
    package mutating func poll() throws(JournalError) -> Bool { try look(waiting: false) }

    /// Waits until the snapshot is written.
    package mutating func wait() throws(JournalError) { _ = try look(waiting: true) }

    private mutating func look(waiting: Bool) throws(JournalError) -> Bool {
        switch state {
        case .written, .given: return true
        case .failed(let error): throw error
        case .writing:
            guard let end = Self.reap(process, waiting: waiting) else { return false }
            switch end {
            case .exited(0):
                state = .written
                return true
            case .exited(let code):
                return try fail(.storage(error(code)))
            case .lost(let code): return try fail(.storage(error(code)))
            case .killed(let signal): return try fail(.snapshotKilled(signal: signal))
            }
        }
    }

    private func error(_ code: Int32) -> StorageError {
        StorageError(code, during: "write in a child", path: storage.path(of: temporary))
    }

    private mutating func fail(_ error: JournalError) throws(JournalError) -> Bool {
        state = .failed(error)
        throw error
    }

    /// Lets the file live on.
    mutating func give() { state = .given }

    private enum End {
        /// With an error number of the system, or 0.
        case exited(Int32)
        case killed(signal: Int32)
        /// Somebody else has waited for it, so that nobody knows how it ended.
        case lost(Int32)
    }

    /// - Returns: nil while it runs.
    private static func reap(_ process: Int32, waiting: Bool) -> End? {
        var status: Int32 = 0
        while true {
            // The status is filled in before it is read.
            let found = unsafe waitpid(process, &status, waiting ? 0 : WNOHANG)
            if found == 0 { return nil }
            if found == process { break }
            if errno != EINTR { return .lost(errno) }
        }
        // As `WIFEXITED` and its kin have it; Swift does not see those.
        let signal = status & 0x7F
        return signal == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: signal)
    }
}

extension FileJournal where Disk == FileStorage {
    /// Puts a written snapshot into place, as `saveSnapshot` does; waits for it if it is not
    /// written yet.
    ///
    /// - Precondition: the child was started in the storage of this journal, at a position that the
    ///   journal has by now.
    package mutating func finish(_ child: consuming SnapshotChild) throws(JournalError) {
        precondition(child.storage === storage, "a snapshot goes where its journal is")
        try child.wait()
        let (temporary, position) = (child.temporary, child.position)
        child.give()
        try installSnapshot(temporary, at: position)
    }
}
