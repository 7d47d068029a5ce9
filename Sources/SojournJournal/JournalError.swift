package import SojournModel

/// What is wrong with the bytes of a file.
package enum FileFault: Equatable, Sendable {
    case cutShort
    case magic
    case headerChecksum
    case headerFields
    /// The header has another position than the file's name.
    case headerPosition(JournalPosition)
    /// A record is not what belongs there.
    case record(RecordFault)
    /// Records before a segment's first, or behind the journal's last, that nobody has.
    case missingRecords(before: JournalPosition)
    case tableChecksum
    case tableEntry(Int)
    case sectionChecksum(UInt32)
    /// The disk does not give it back.
    case unreadable
    /// Bytes that should be zero are not, or the file is longer than its content.
    case excess
}

/// The place from which on a file cannot be trusted.
package struct Damage: Equatable, Sendable {
    /// The path.
    package var file: String
    /// Byte in the file.
    package var offset: Int
    /// The first record that cannot be read; a snapshot's position.
    package var position: JournalPosition
    package var fault: FileFault

    package init(file: String, offset: Int, position: JournalPosition, fault: FileFault) {
        self.file = file
        self.offset = offset
        self.position = position
        self.fault = fault
    }
}

/// Why a journal or a data directory could not do what was asked. Each says in a sentence what is
/// wrong and what to do.
package enum JournalError: Error, Equatable, Sendable {
    /// The system refused something. Nothing that was answered is lost; the same can be tried
    /// again.
    case storage(StorageError)
    /// A file was changed by something else than the journal, or lost.
    case damaged(Damage)
    /// A newer version of the format, or a kind of record that this one does not know.
    case newerVersion(file: String, found: String)
    case otherDeployment(file: String, found: DeploymentID, expected: DeploymentID)
    /// A directory was made for other partitions.
    case otherPartitions(file: String, found: PartitionRange, expected: PartitionRange)
    /// Another process has the data directory. Its number where it is known.
    case inUse(directory: String, process: Int32?)
    /// The directory's path leads to something else, or through it.
    case notADirectory(String)
    /// A file of the directory does not say what it should.
    case badDirectoryFile(file: String)
    /// A snapshot is being written already.
    case snapshotRunning
    /// The process that wrote a snapshot was ended by a signal.
    case snapshotKilled(signal: Int32)
    /// Nothing is left that a service could begin with.
    case nothingWhole(directory: String)
}

extension JournalError {
    /// Time may mend it: the same can be tried again.
    package var isPassing: Bool {
        if case .storage = self { true } else { false }
    }

    /// What a header says against the use of a file.
    init(
        _ fault: FileHeader.Fault, file: String, position: JournalPosition, expected: DeploymentID?
    ) {
        self =
            switch fault {
            case .damaged(let fault):
                .damaged(Damage(file: file, offset: 0, position: position, fault: fault))
            case .newerVersion(let version):
                .newerVersion(file: file, found: "format \(version)")
            case .otherDeployment(let found):
                .otherDeployment(file: file, found: found, expected: expected ?? found)
            }
    }

    /// Does something with storage.
    static func wrapping<Result: ~Copyable>(
        _ body: () throws(StorageError) -> Result
    ) throws(JournalError) -> Result {
        do throws(StorageError) { return try body() } catch { throw .storage(error) }
    }
}

extension JournalError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .storage(let error): "\(error)"
        case .damaged(let damage):
            "\(damage); look with `sojourn check --data DIR`, then restore a backup, "
                + "or keep what is whole with `sojourn check --data DIR --repair`"
        case .newerVersion(let file, let found):
            "\(file) was written by a newer version of sojourn (\(found)): use that version or a "
                + "later one; this one reads format \(FileHeader.formatVersion)"
        case .otherDeployment(let file, let found, let expected):
            "\(file) belongs to deployment \(found.bits.hexadecimal), and this is "
                + "\(expected.bits.hexadecimal): choose that one's directory with --data, or start "
                + "with that one's secret and deployment id"
        case .otherPartitions(let file, let found, let expected):
            "\(file) says that the directory has the state of partitions \(found), and this service "
                + "is to have \(expected); what a directory was made for stays: start with "
                + "--partitions \(found), or choose another directory with --data"
        case .inUse(let directory, let process):
            "\(directory) is in use by "
                + (process.map { "process \($0)" } ?? "another process")
                + ": stop it first, or choose another directory with --data"
        case .notADirectory(let path):
            "\(path) is not a directory: choose another one with --data"
        case .badDirectoryFile(let file):
            "\(file) does not say which deployment the directory belongs to, and which partitions: restore it from a "
                + "backup, or choose another directory with --data"
        case .snapshotRunning: "a snapshot is being written already: wait for its end"
        case .snapshotKilled(let signal):
            "the process that wrote a snapshot was ended by signal \(signal)"
                + (signal == 9 ? ": perhaps memory ran out; see the system's log" : "")
        case .nothingWhole(let directory):
            "\(directory) has no whole snapshot, and no journal from its first record on: "
                + "restore a backup, or begin anew in another directory"
        }
    }
}

extension Damage: CustomStringConvertible {
    package var description: String {
        "\(file) is damaged at byte \(offset), record \(position): \(fault)"
    }
}

extension FileFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .cutShort: "the file is shorter than its header"
        case .magic: "it does not begin like a file of its kind"
        case .headerChecksum: "the header's checksum is wrong"
        case .headerFields: "the header has fields that cannot be"
        case .headerPosition(let position):
            "its name does not fit its header, which says \(position)"
        case .record(let fault): "\(fault)"
        case .missingRecords(let position): "the records before \(position) are missing"
        case .tableChecksum: "the checksum of the table of sections is wrong"
        case .tableEntry(let index): "entry \(index) of the table of sections cannot be"
        case .sectionChecksum(let id): "the checksum of section \(id) is wrong"
        case .unreadable: "the disk does not give it back"
        case .excess: "there are bytes where none should be"
        }
    }
}

extension RecordFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .cutShort: "the file ends within a record's header"
        case .length(let length): "a record of \(length) bytes does not fit into the file"
        case .checksum: "the record's checksum is wrong"
        case .position(let position): "record \(position) stands there"
        case .unknownKind(let kind): "a record of unknown kind \(kind)"
        case .missing: "the records end there, though later ones exist"
        }
    }
}
