import NATS
import SojournCluster

/// What NATS servers have of one partition. Every function waits for them.
struct StreamSource: PartitionSource, ~Copyable {
    private let seat: PartitionSeat
    private var reader: JetStreamReader?

    /// How long the next message of a stream may take to come.
    private static let patienceMilliseconds: Int64 = 3_000

    init(_ seat: PartitionSeat) { self.seat = seat }

    private var stream: String { seat.link.names.logStream(seat.partition) }

    func manifest(slot: Int) throws(LoadError) -> SnapshotManifest? {
        do throws(NATSError) { return try seat.link.manifest(of: seat.partition, slot: slot) } catch
        { throw .passing("\(error)") }
    }

    func firstSequence() throws(LoadError) -> UInt64 {
        do throws(NATSError) {
            if let state = try seat.link.jetStream.state(of: stream) { return state.first }
        } catch { throw .passing("\(error)") }
        throw .passing("stream \(stream) is not there")
    }

    func pieces(of manifest: SnapshotManifest, slot: Int) throws(LoadError) -> [UInt8] {
        let (names, streams) = (seat.link.names, seat.link.jetStream)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(manifest.snapshotBytes, 1 << 30))
        do throws(NATSError) {
            for piece in 0..<manifest.pieces {
                let found = try streams.lastMessage(
                    of: names.snapshotStream,
                    subject: names.pieceSubject(seat.partition, slot: slot, piece: piece))
                guard let found else { break }
                bytes += found
            }
        } catch { throw .passing("\(error)") }
        return bytes
    }

    mutating func begin(at sequence: UInt64) throws(LoadError) {
        do throws(NATSError) {
            reader = try seat.link.jetStream.read(
                stream, subject: seat.link.names.logSubject(seat.partition), from: sequence)
        } catch { throw .passing("\(error)") }
    }

    func next() throws(LoadError) -> (sequence: UInt64, bytes: [UInt8]) {
        do throws(NATSError) {
            if let message = try reader?.next(milliseconds: Self.patienceMilliseconds) {
                return message
            }
        } catch { throw .passing("\(error)") }
        throw .passing("stream \(stream) is silent")
    }
}
