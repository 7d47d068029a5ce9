import ArgumentParser
import Foundation

/// `sojourn vectors`: the golden messages of the protocol against this codec.
struct VectorsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vectors",
        abstract: "Check this program's codec against the golden messages of the protocol.")

    @Option(
        name: .customLong("check"),
        help: ArgumentHelp("The folder of vectors, such as proto-spec/vectors.", valueName: "dir"))
    var directory: String

    func run() throws {
        let report: VectorCheck.Report
        do {
            report = try VectorCheck.run(directory: URL(fileURLWithPath: directory))
        } catch {
            throw CommandFailure(
                .noInput, "cannot read \(directory): \(error.localizedDescription)")
        }
        if report.passed == 0, report.failures.isEmpty {
            throw CommandFailure(.noInput, "there are no vectors in \(directory)")
        }
        for failure in report.failures { print("\(failure)".printable) }
        print(
            "\(report.passed) vectors passed (\(report.identical) written with the same bytes), "
                + "\(report.failures.count) failed")
        // As every client's own program ends: see proto-spec/README.md.
        print(
            "RESULT valid-encoded \(report.valid) valid-decoded \(report.valid) "
                + "invalid-refused \(report.invalid)")
        guard report.isGood else {
            throw CommandFailure(
                .failure, "\(report.failures.count) vectors failed in \(directory)")
        }
    }
}
