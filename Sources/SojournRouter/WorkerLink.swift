import SojournModel
import SojournWire

/// What a router knows of one worker, and what it has with it.
struct WorkerLink {
    enum State: Equatable {
        /// It is to be greeted.
        case down
        /// A HELLO is on its way.
        case greeting
        case up
    }

    /// Another one when its partition has moved.
    var name: String
    var state = State.down
    /// Of its last good HELLO.
    var hello: HelloReply?
    /// Why it is not up, for people.
    var reason = "it has not answered yet"
    /// Parts for which there was no credit, in order. May name parts that are settled.
    var waiting = Queue<RoutedPart>()
    var waitingCount = 0
    /// By correlation. Walked only in the order of these.
    var inFlight: [UInt64: RoutedPart] = [:]
    var byteCount = 0
    /// Steady microseconds of the last message from it.
    var heardAt: UInt64 = 0
    /// Of the last HELLO to it.
    var greetedAt: UInt64 = 0
    /// The number of the HELLO that is on its way; 0 for none.
    var greeting: UInt64 = 0
    /// Since when it owes an answer to something; nil when it owes none.
    var owesSince: UInt64?

    var partsTotal: UInt64 = 0
    var resentTotal: UInt64 = 0
    var repliesTotal: UInt64 = 0
    var downsTotal: UInt64 = 0
    /// Of the answers so far, younger ones counting more; microseconds.
    var latency: Double = 0

    init(name: String) { self.name = name }

    var isUp: Bool { state == .up }

    var credit: Int { max(1, hello?.credit ?? 1) }

    var partCount: Int { waitingCount + inFlight.count }

    func hasRoom(for bytes: Int, _ limits: RouterLimits) -> Bool {
        partCount == 0
            || (partCount < limits.workerPartsMax && byteCount + bytes <= limits.workerBytesMax)
    }

    mutating func note(latency microseconds: UInt64) {
        let sample = Double(microseconds)
        latency = latency == 0 ? sample : latency + (sample - latency) / 64
    }
}
