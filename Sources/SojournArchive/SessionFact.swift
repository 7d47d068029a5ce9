package import SojournModel

/// What reports need of one session, 104 bytes (archive, "Hours"). Texts are numbers of the archive.
package struct SessionFact: BitwiseCopyable, Sendable {
    package static var byteCount: Int { 104 }
    /// Milliseconds since the epoch.
    package var start: Int64
    package var durationMilliseconds: Int64
    /// Micro-units.
    package var value: Int64
    package var visitor: VisitorHash
    package var ordinal: UInt32
    package var views: UInt32
    package var actions: UInt32
    package var conversions: UInt32
    /// By `ReportDimension`, less one; 0 for none.
    package var texts: InlineArray<10, UInt32>
    private var flags: UInt32
    /// The last 32 bits of the session's number in an archive that numbers them; else 0.
    package let number: UInt32

    package init(_ head: PackedHead, texts: InlineArray<10, UInt32>, number: UInt32 = 0) {
        start = head.firstEvent
        durationMilliseconds = head.lastEvent - head.firstEvent
        value = head.value
        visitor = head.visitor
        ordinal = head.ordinal
        views = head.views
        actions = head.actions
        conversions = head.conversions
        self.texts = texts
        flags = (head.state.isAutomated ? 1 : 0) | (head.state.isEngaged ? 2 : 0)
        self.number = number
    }

    package var isAutomated: Bool { flags & 1 != 0 }
    package var isEngaged: Bool { flags & 2 != 0 }

    package func text(_ dimension: ReportDimension) -> UInt32 {
        texts[Int(dimension.rawValue) - 1]
    }

    /// The fact at byte `offset` of a block.
    package static func read(_ bytes: RawSpan, at offset: Int) -> SessionFact {
        precondition(offset >= 0 && offset + byteCount <= bytes.byteCount)
        // In bounds by the line above; plain integers, of which every pattern is one.
        return unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: SessionFact.self)
    }

    package func append(to bytes: inout [UInt8]) {
        // 104 bytes without padding.
        unsafe withUnsafeBytes(of: self) { unsafe bytes.append(contentsOf: $0) }
    }
}
