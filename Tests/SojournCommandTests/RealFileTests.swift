import Foundation
import Testing

/// The real inputs beside the project: the sessions must be those of sorting and cutting.
@Suite(
    .enabled(if: Place.hasReal, "the real inputs are not at ../shared/data/real"),
    .serialized, .timeLimit(.minutes(5)))
struct RealFileTests {
    @Test(arguments: [
        ("semicomplete_apache.log", 3_224, 1_862), ("semicomplete_apache.csv", 3_224, 1_862),
        ("webtrack_panel.csv", 579, 5), ("ecom_synthetic.csv", 3_605, 600),
    ]) func `sessions are those of the reference`(
        file: String, sessions: Int, visitors: Int
    ) async throws {
        let run = try await CommandRun.sojourn(
            "assign", Place.real.appendingPathComponent(file).path, "--embedded", "--summary",
            "json")
        #expect(run.status == 0)
        let table = CSVTable(run.output)
        let reference = SessionPartition(
            times: table["time_ms"].map { Int($0) ?? -1 }, visitors: table["visitor"],
            timeout: 1_800_000)
        #expect(reference.count == sessions)
        #expect(SessionPartition(ids: table["session"]) == reference)
        #expect(Set(table["visitor"]).count == visitors)
        let line = try #require(run.errorLines.last)
        let summary = try #require(
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(summary["sessions"] as? Int == sessions)
        #expect(summary["visitors"] as? Int == visitors)
    }
}
