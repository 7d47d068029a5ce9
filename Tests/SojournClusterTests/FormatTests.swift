import SojournCluster
import SojournJournal
import SojournModel
import SojournTestKit
import Testing

@Suite struct FormatTests {
    private static func claim() -> (PartitionClaim, LogMessage) {
        let claim = PartitionClaim(
            partition: 5, epoch: 8, owner: OwnerIdentity(name: "worker", incarnation: 99),
            endpoint: "tcp://10.0.0.1:5600")
        let header = LogHeader(
            .claim, deployment: Contender.deployment, partition: 5, epoch: 8, incarnation: 99)
        return (claim, claim.message(header))
    }

    @Test func `a claim is read as it was written`() throws {
        let (claim, message) = Self.claim()
        guard case .message(let header, let read?) = message.bytes.sight else {
            Issue.record("it cannot be read")
            return
        }
        #expect(read == claim)
        #expect(header == message.header)
    }

    @Test func `a message with any bit flipped is refused, and so is every beginning of one`() {
        let (_, message) = Self.claim()
        for bit in 0..<message.bytes.count * 8 {
            var bytes = message.bytes
            bytes[bit / 8] ^= 1 << (bit % 8)
            if case .message = bytes.sight { Issue.record("bit \(bit) was not missed") }
        }
        for count in 0..<message.bytes.count {
            if case .message = Array(message.bytes[..<count]).sight {
                Issue.record("the first \(count) bytes pass for a message")
            }
        }
    }

    @Test func `heartbeats, descriptions and manifests are read as they were written`() {
        var beat = Heartbeat(worker: OwnerIdentity(name: "a", incarnation: 3))
        beat.isDraining = true
        beat.holdings = [
            Heartbeat.Holding(partition: 4, epoch: 2, sequence: 77, waitingBytes: 1_024)
        ]
        // Safe, here and below: bytes have no padding.
        #expect(Heartbeat(unsafe beat.bytes.span.bytes) == beat)
        let description = ClusterDescription(
            partitions: 16, deployment: Contender.deployment, replicas: 3)
        #expect(ClusterDescription(unsafe description.bytes.span.bytes) == description)
        let state = [UInt8](repeating: 7, count: 1_200_000)
        let manifest = SnapshotManifest(
            partition: 2, sequence: 40, position: JournalPosition(90), epoch: 3, incarnation: 8,
            of: unsafe state.span.bytes)
        #expect(manifest.pieces == 3)
        #expect(SnapshotManifest(unsafe manifest.bytes.span.bytes) == manifest)
        let isIts = manifest.matches(unsafe state.span.bytes)
        #expect(isIts)
        for bytes in [beat.bytes, description.bytes, manifest.bytes] {
            for count in 0..<bytes.count {
                let cut = Array(bytes[..<count])
                #expect(Heartbeat(unsafe cut.span.bytes) == nil)
                #expect(ClusterDescription(unsafe cut.span.bytes) == nil)
                #expect(SnapshotManifest(unsafe cut.span.bytes) == nil)
            }
        }
    }

    @Test(arguments: ["", "shop.eu", "shop eu", "shop*", String(repeating: "x", count: 65)])
    func `a name that NATS cannot take is refused`(name: String) {
        #expect(ClusterNames(name) == nil)
    }
}
