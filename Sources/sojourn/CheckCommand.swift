import ArgumentParser
import SojournJournal
import SojournModel
import SojournServer

/// `sojourn check`: whether a data directory is whole, and how to go on when it is not.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Verify a data directory, or repair it.",
        discussion: """
            Reads every file and changes nothing. With --repair, what is whole is kept, and the \
            rest is put aside under names that begin with damaged-; nothing is deleted. No service \
            may use the directory meanwhile.

            Exit codes: 0 whole (a torn tail, which nobody was told of, is cut off at the next \
            start), \(ExitStatus.badInput.rawValue) damaged, \
            \(ExitStatus.temporary.rawValue) in use, \(ExitStatus.noInput.rawValue) not there, \
            \(ExitStatus.inputOutput.rawValue) refused by the disk.
            """)

    @Option(help: ArgumentHelp("The data directory.", valueName: "dir"))
    var data: String

    @Flag(help: "Keep what is whole, and put the rest aside.")
    var repair = false

    func run() throws {
        do throws(JournalError) {
            if let process = try DataDirectory.holder(of: data) {
                throw JournalError.inUse(directory: data, process: process == 0 ? nil : process)
            }
            try check()
        } catch { throw CommandFailure(error) }
    }

    private func check() throws(JournalError) {
        let storage: FileStorage
        do throws(StorageError) { storage = try FileStorage(directory: data) } catch {
            throw .storage(error)
        }
        let check = try JournalCheck(storage)
        for file in check.files { print(Self.line(file).printable) }
        print("")
        switch check.verdict {
        case .whole: print("whole: records up to \(check.last)")
        case .tornTail(let tail):
            print(
                """
                whole but for its end: records up to \(check.last); what stands behind them, and nobody \
                was told of, is cut off at the next start, at byte \(tail.offset)
                """)
        case .damaged(let damages):
            for damage in damages { print("damaged: \(damage)".printable) }
            guard repair else {
                throw damages.first.map { .damaged($0) } ?? .nothingWhole(directory: data)
            }
            try repair(storage)
        }
    }

    private func repair(_ storage: FileStorage) throws(JournalError) {
        let deployment = try DataDirectory.deployment(of: data)
        // Locked, so that no service begins with it meanwhile.
        let directory = try DataDirectory(data, deployment: deployment)
        let repair = try JournalRepair(storage, deployment: deployment)
        for name in repair.putAside { print("put aside as \(name)".printable) }
        if let lost = repair.lost {
            print("lost: records \(lost.lowerBound) to \(lost.upperBound)")
        }
        print("repaired: records up to \(repair.last)")
        withExtendedLifetime(directory.path) {}
    }

    private static func line(_ file: JournalCheck.File) -> String {
        let content =
            switch file.kind {
            case .segment:
                file.count == 0
                    ? "no records yet"
                    : "records \(file.first.map { "\($0)" } ?? "?") to "
                        + "\(file.last.map { "\($0)" } ?? "?")"
            case .snapshot: "snapshot at record \(file.first.map { "\($0)" } ?? "?")"
            case .directory: "says whose the directory is"
            case .spare: "room for records to come"
            case .temporary: "was never finished; removed at the next start"
            case .damaged: "put aside by a repair"
            case .other("secret"): "the secret that ids derive from"
            case .other: "not the journal's"
            }
        let state =
            file.damage.map { "DAMAGED: \($0.fault) at byte \($0.offset)" }
            ?? file.tornAt.map { "torn at byte \($0)" } ?? "whole"
        return "\(file.name)  \(file.byteCount) bytes  \(content)  \(state)"
    }
}

extension CommandFailure {
    /// A data directory that cannot be used as it is.
    init(_ error: JournalError) {
        let status: ExitStatus =
            switch error {
            case .inUse, .otherDeployment: .temporary
            case .storage(let refusal) where refusal.code == 2: .noInput
            case .storage, .snapshotRunning, .snapshotKilled: .inputOutput
            case .notADirectory: .noInput
            case .damaged, .newerVersion, .badDirectoryFile, .nothingWhole: .badInput
            }
        self.init(status, "\(error)")
    }
}
