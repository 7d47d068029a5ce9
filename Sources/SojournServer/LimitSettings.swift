import SojournEngine
import SojournModel
import SojournService

/// The `limits` of a configuration file; nil where it says nothing.
package struct LimitSettings: Equatable, Sendable {
    /// By the key in the file.
    var values: [String: Int] = [:]

    package init() {}

    /// What may stand where.
    static let ranges: [String: ClosedRange<Int>] = [
        "liveVisitors": 1...1_000_000_000,
        "liveSessions": 1...2_000_000_000,
        "sessionsPerVisitor": 1...Int(UInt16.max),
        "rememberedVisitors": 0...1_000_000_000,
        "texts": 1...100_000_000,
        "contexts": 1...100_000_000,
        "messageBytes": (64 << 10)...Limits.messageBytesMax,
        "credit": 1...Limits.creditMax,
        "producers": 1...1_000_000,
        "producerReplyBytes": (1 << 20)...(64 << 30),
        "queueMessages": 1...1_000_000,
        "queueBytes": (1 << 20)...(64 << 30),
        "clientQueueMessages": 1...1_000_000,
        "clientQueueBytes": (1 << 20)...(64 << 30),
        "connections": 1...1_000_000,
        "handshakeMilliseconds": 100...60_000,
        "archiveQueueBytes": (1 << 20)...(64 << 30),
        "feedReaderMessages": 1...1_000_000,
        "feedQueueBytes": (1 << 20)...(64 << 30),
        "reports": 1...64,
        "reportQueue": 1...10_000,
        "reportMilliseconds": 100...600_000,
        "reportRows": 1...Limits.reportRowsMax,
        "segmentBytes": (64 << 10)...(16 << 30),
        "snapshotBytes": (64 << 10)...(1 << 40),
    ]

    func apply(to service: inout ServiceConfiguration, _ queue: inout QueueLimits) {
        func set(_ key: String, _ target: inout Int) {
            if let value = values[key] { target = value }
        }
        set("liveVisitors", &service.engineLimits.liveVisitorsMax)
        set("liveSessions", &service.engineLimits.liveSessionsMax)
        if let value = values["sessionsPerVisitor"] {
            service.engineLimits.sessionsPerVisitorMax = UInt16(value)
        }
        set("rememberedVisitors", &service.engineLimits.rememberedVisitorsMax)
        set("texts", &service.engineLimits.textsMax)
        set("contexts", &service.engineLimits.contextsMax)
        set("messageBytes", &service.messageBytesMax)
        set("credit", &service.credit)
        set("producers", &service.producersMax)
        set("producerReplyBytes", &service.producerReplyBytesMax)
        set("archiveQueueBytes", &service.finishedBytesMax)
        set("queueMessages", &queue.messagesMax)
        set("queueBytes", &queue.bytesMax)
        set("clientQueueMessages", &queue.clientMessagesMax)
        set("clientQueueBytes", &queue.clientBytesMax)
    }

    func apply(to configuration: inout ServerConfiguration) {
        if let value = values["connections"] { configuration.connectionsMax = value }
        if let value = values["handshakeMilliseconds"] {
            configuration.handshakeMilliseconds = value
        }
    }

    func apply(to archive: inout ArchiveSettings) {
        if let value = values["reports"] { archive.reportsMax = value }
        if let value = values["reportQueue"] { archive.reportQueueMax = value }
        if let value = values["reportMilliseconds"] { archive.reportMilliseconds = UInt64(value) }
        if let value = values["reportRows"] { archive.reportRowsDefault = value }
    }

    func apply(to feed: inout FeedSettings) {
        if let value = values["feedReaderMessages"] { feed.readerMessagesMax = value }
        if let value = values["feedQueueBytes"] { feed.queueBytesMax = value }
    }

    func apply(to journal: inout JournalSettings) {
        if let value = values["segmentBytes"] { journal.segmentBytes = value }
        if let value = values["snapshotBytes"] { journal.snapshotBytes = value }
    }
}
