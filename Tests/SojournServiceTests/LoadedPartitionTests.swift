import SojournCluster
import SojournJournal
import SojournModel
import SojournService
import Testing

@Suite struct LoadedPartitionTests {
    /// A log that has dropped its beginning, and snapshots of which nothing is there but the manifests.
    private struct HollowSource: PartitionSource {
        /// What there is when they are read the first time, and the second.
        var newest: [UInt64]
        private var reads = 0

        init(_ newest: UInt64...) { self.newest = newest }

        mutating func manifest(slot: Int) -> SnapshotManifest? {
            defer { reads += 1 }
            let image: [UInt8] = [1, 2, 3]
            // Safe: bytes have no padding.
            return SnapshotManifest(
                partition: 0,
                sequence: newest[reads / SnapshotPlan.slotCount] - (slot == 0 ? 0 : 4),
                position: JournalPosition(1), epoch: 1, incarnation: 1, of: unsafe image.span.bytes)
        }

        func firstSequence() -> UInt64 { 9 }
        func pieces(of manifest: SnapshotManifest, slot: Int) -> [UInt8] { [] }
        func begin(at sequence: UInt64) {}

        func next() throws(LoadError) -> (sequence: UInt64, bytes: [UInt8]) {
            throw .passing("it is silent")
        }
    }

    private func fault(_ source: HollowSource) -> LoadError? {
        var source = source
        do throws(LoadError) {
            _ = try LoadedPartition.read(&source, through: 20) {
                ServiceCore(
                    ServiceConfiguration(secret: DeploymentSecret(Bits128(high: 1, low: 2))),
                    startedAt: 0, isJournaled: true)
            }
            return nil
        } catch { return error }
    }

    @Test func `a partition without a whole snapshot cannot be read`() {
        guard case .unreadable(let reason) = fault(HollowSource(12, 12)) else {
            Issue.record("it can be read")
            return
        }
        #expect(reason.contains("the snapshot at message 12 is not whole"))
        #expect(reason.contains("the log begins at message 9"))
    }

    @Test func `snapshots that were replaced while they were read are read again`() {
        guard case .passing = fault(HollowSource(12, 16)) else {
            Issue.record("it is given up")
            return
        }
    }
}
