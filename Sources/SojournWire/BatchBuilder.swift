package import SojournModel

/// Why an event was not added to a batch.
package enum EventRefusal: Error, Equatable, Sendable {
    /// The visitor key has no bytes, or too many.
    case keyLength(Int, most: Int)
    /// A name or an attribute has too many bytes.
    case textLength(Int, most: Int)
    /// A name or an attribute is not UTF-8.
    case textNotUTF8
    /// Before the Unix epoch, or not before `Limits.eventTimeEnd`.
    case timeOutOfRange(Int64)
    /// The batch has no room: send it, and add the event to the next one.
    case full
    /// The event does not fit into a batch of its own.
    case tooLarge
}

/// A text that a `BatchBuilder` holds until its events are removed; zero for none.
package struct TextReference: Hashable, Sendable, BitwiseCopyable {
    let plusOne: UInt32
    package static let none = TextReference(plusOne: 0)
}

/// A context that a `BatchBuilder` holds until its events are removed; zero for none.
package struct ContextReference: Hashable, Sendable, BitwiseCopyable {
    let plusOne: UInt32
    package static let none = ContextReference(plusOne: 0)
}

/// A context whose texts a `BatchBuilder` holds already.
package struct ContextRow: Sendable {
    /// Eight texts plus one, and the flags; little-endian, so that they can be read as bytes.
    fileprivate var cells = InlineArray<9, UInt32>(repeating: 0)

    package init(isKnownBot: Bool = false) {
        let flags = isKnownBot ? ContextTable.knownBotFlag : 0
        cells[ContextTable.attributeCount] = UInt32(flags).littleEndian
    }

    package subscript(attribute: ContextAttribute) -> TextReference {
        get { TextReference(plusOne: UInt32(littleEndian: cells[attribute.rawValue])) }
        set { cells[attribute.rawValue] = newValue.plusOne.littleEndian }
    }
}

/// Gathers events and writes them as a request to ASSIGN.
///
/// Visitors, texts and contexts that are equal are sent once. An event that is refused leaves the
/// batch as it was. Made once and used for batch after batch: nothing is allocated per event once
/// the storage has grown to the size of a batch.
package struct BatchBuilder: ~Copyable {
    package let limits: BatchLimits
    /// Sorts the texts and lets each share a prefix with the one before, when that makes the
    /// message smaller.
    package let sortsTexts: Bool

    private var times = GrowableBuffer<Int64>()
    private var kinds = GrowableBuffer<UInt8>()
    private var visitors = GrowableBuffer<UInt32>()
    private var names = GrowableBuffer<UInt32>()
    private var contextIndexes = GrowableBuffer<UInt32>()
    private var values = GrowableBuffer<Int64>()
    private var eventIDs = GrowableBuffer<UInt64>()

    private var keys = ByteTable()
    private var texts = ByteTable()
    private var contexts = ByteTable()
    private var tally = Tally()
    /// The texts in the order in which they are sent, and where each went; for `encode` alone.
    private var order: [UInt32] = []
    private var ranks = GrowableBuffer<UInt32>()
    private var remapped = GrowableBuffer<UInt32>()

    /// - Parameter limits: what the server told; more than the protocol allows is not used.
    package init(limits: BatchLimits = .full, sortsTexts: Bool = true) {
        self.limits = limits.withinProtocol
        self.sortsTexts = sortsTexts
    }

    /// Events that were added.
    package var count: Int { times.count }

    package var isEmpty: Bool { count == 0 }

    /// No further event fits, whatever it is.
    package var isFull: Bool {
        count >= limits.events || byteCountBound + Tally.smallestEventBytes > limits.messageBytes
    }

    /// Bytes of the frame that `encode` writes, at most.
    package var byteCountBound: Int {
        tally.bound(
            events: count, keys: keys.size, texts: texts.size, contexts: contexts.count)
    }

    /// Forgets all events and keeps the storage.
    package mutating func removeAll() {
        times.removeAll()
        kinds.removeAll()
        visitors.removeAll()
        names.removeAll()
        contextIndexes.removeAll()
        values.removeAll()
        eventIDs.removeAll()
        keys.removeAll()
        texts.removeAll()
        contexts.removeAll()
        tally = Tally()
    }
}

// MARK: - Adding

extension BatchBuilder {
    /// Adds an event.
    ///
    /// - Parameters:
    ///   - time: milliseconds since the Unix epoch.
    ///   - visitor: 1 to `limits.visitorKeyBytes` bytes.
    ///   - value: micro-units.
    ///   - eventID: the sender's id of the event; 0 for none.
    package mutating func add(
        time: Int64, kind: EventKind, visitor: RawSpan, name: TextReference = .none,
        context: ContextReference = .none, value: Int64 = 0, eventID: UInt64 = 0
    ) throws(EventRefusal) {
        guard (1...limits.visitorKeyBytes).contains(visitor.byteCount) else {
            throw .keyLength(visitor.byteCount, most: limits.visitorKeyBytes)
        }
        guard (0..<Limits.eventTimeEnd).contains(time) else { throw .timeOutOfRange(time) }
        guard count < limits.events else { throw .full }
        precondition(name.plusOne <= texts.count)
        precondition(context.plusOne <= contexts.count)
        let (keysBefore, tallyBefore) = (keys.count, tally)
        let key = keys.intern(visitor)
        tally.add(
            time: time, value: value, hasName: name != .none, hasContext: context != .none,
            hasEventID: eventID != 0)
        let bytes = tally.bound(
            events: count + 1, keys: keys.size, texts: texts.size, contexts: contexts.count)
        guard bytes <= limits.messageBytes else {
            keys.truncate(to: keysBefore)
            tally = tallyBefore
            throw isEmpty ? .tooLarge : .full
        }
        times.append(time)
        kinds.append(kind.rawValue)
        visitors.append(UInt32(key))
        names.append(name.plusOne)
        contextIndexes.append(context.plusOne)
        values.append(value)
        eventIDs.append(eventID)
    }

    /// Adds an event with texts that the batch may not have yet.
    package mutating func add(
        time: Int64, kind: EventKind, visitor: RawSpan, name: RawSpan,
        context: borrowing EventContext? = nil, value: Int64 = 0, eventID: UInt64 = 0
    ) throws(EventRefusal) {
        let (textsBefore, contextsBefore) = (texts.count, contexts.count)
        do {
            let name = try text(name)
            let context = try context.map { (context) throws(EventRefusal) in
                try self.context(context)
            }
            try add(
                time: time, kind: kind, visitor: visitor, name: name, context: context ?? .none,
                value: value, eventID: eventID)
        } catch {
            texts.truncate(to: textsBefore)
            contexts.truncate(to: contextsBefore)
            throw error
        }
    }

    /// Adds an event.
    package mutating func add(
        time: Int64, kind: EventKind, visitor: String, name: String = "",
        context: borrowing EventContext? = nil, value: Int64 = 0, eventID: UInt64 = 0
    ) throws(EventRefusal) {
        // The bytes of a string have no invalid patterns.
        try add(
            time: time, kind: kind, visitor: unsafe visitor.utf8Span.span.bytes,
            name: unsafe name.utf8Span.span.bytes, context: context, value: value, eventID: eventID)
    }

    /// Takes in a text that events are going to refer to. Empty is none.
    package mutating func text(_ bytes: RawSpan) throws(EventRefusal) -> TextReference {
        if bytes.byteCount == 0 { return .none }
        guard bytes.byteCount <= limits.textBytes else {
            throw .textLength(bytes.byteCount, most: limits.textBytes)
        }
        let before = texts.count
        let index = texts.intern(bytes)
        if texts.count > before {
            do throws(EventRefusal) {
                guard bytes.isUTF8 else { throw .textNotUTF8 }
                guard texts.count <= limits.texts, byteCountBound <= limits.messageBytes else {
                    throw isEmpty && before == 0 ? .tooLarge : .full
                }
            } catch {
                texts.truncate(to: before)
                throw error
            }
        }
        return TextReference(plusOne: UInt32(index + 1))
    }

    /// Takes in a context that events are going to refer to. One without anything is none.
    package mutating func context(_ row: ContextRow) throws(EventRefusal) -> ContextReference {
        var all: UInt32 = 0
        for cell in row.cells.indices { all |= row.cells[cell] }
        if all == 0 { return .none }
        let before = contexts.count
        // Integers are bytes without holes.
        let index = contexts.intern(unsafe row.cells.span.bytes)
        guard contexts.count <= limits.contexts, byteCountBound <= limits.messageBytes else {
            contexts.truncate(to: before)
            throw isEmpty && before == 0 ? .tooLarge : .full
        }
        return ContextReference(plusOne: UInt32(index + 1))
    }

    /// Takes in a context with texts that the batch may not have yet.
    package mutating func context(_ context: EventContext) throws(EventRefusal) -> ContextReference
    {
        let before = texts.count
        do {
            var row = ContextRow(isKnownBot: context.isKnownBot)
            for attribute in ContextAttribute.allCases {
                // The bytes of a string have no invalid patterns.
                row[attribute] = try text(unsafe context[attribute].utf8Span.span.bytes)
            }
            return try self.context(row)
        } catch {
            texts.truncate(to: before)
            throw error
        }
    }
}

// MARK: - Size

extension ByteTable {
    /// What a table takes on the wire.
    struct Size {
        var count: Int
        /// Of the entries, and of their ends when they are needed.
        var bytes: Int
    }

    var size: Size {
        Size(
            count: count,
            bytes: byteCount + (uniformSize == nil ? count * ByteWriter.endWidth(byteCount) : 0))
    }
}

/// What is known of the numbers of a batch: enough to tell its size.
private struct Tally {
    var timeMin = Int64.max
    var timeMax = Int64.min
    var valueMin: Int64 = 0
    var valueMax: Int64 = 0
    /// The largest power of ten, up to the ninth, that divides all values.
    var valueExponent = Limits.valueScaleMax
    var hasNames = false
    var hasContexts = false
    var hasEventIDs = false

    /// Time, kind and visitor of an event whose visitor is known already.
    static var smallestEventBytes: Int { 4 + 1 + 1 }

    mutating func add(
        time: Int64, value: Int64, hasName: Bool, hasContext: Bool, hasEventID: Bool
    ) {
        timeMin = min(timeMin, time)
        timeMax = max(timeMax, time)
        valueMin = min(valueMin, value)
        valueMax = max(valueMax, value)
        while valueExponent > 0, value % AssignRequest.powerOfTen(valueExponent) != 0 {
            valueExponent -= 1
        }
        hasNames = hasNames || hasName
        hasContexts = hasContexts || hasContext
        hasEventIDs = hasEventIDs || hasEventID
    }

    var timeWidth: Int {
        timeMin > timeMax || timeMax - timeMin <= Int64(UInt32.max) ? 4 : 8
    }

    /// Width and exponent of the value column; 0 bytes when all values are zero.
    var valueForm: (width: Int, exponent: Int) {
        if valueMin == 0 && valueMax == 0 { return (0, 0) }
        let scale = AssignRequest.powerOfTen(valueExponent)
        let (lowest, highest) = (valueMin / scale, valueMax / scale)
        if Int8(exactly: lowest) != nil, Int8(exactly: highest) != nil {
            return (1, valueExponent)
        }
        if Int16(exactly: lowest) != nil, Int16(exactly: highest) != nil {
            return (2, valueExponent)
        }
        if Int32(exactly: lowest) != nil, Int32(exactly: highest) != nil {
            return (4, valueExponent)
        }
        return (8, 0)
    }

    /// Bytes of the frame, with every column's padding at its worst.
    func bound(events: Int, keys: ByteTable.Size, texts: ByteTable.Size, contexts: Int) -> Int {
        let columns = 11
        var bytes = MessageHeader.byteCount + AssignRequest.fixedBytes
        bytes += columns * (ColumnDescriptor.byteCount + 7)
        var perEvent = timeWidth + 1 + ByteWriter.indexWidth(keys.count) + valueForm.width
        perEvent += hasNames ? ByteWriter.indexWidth(texts.count) : 0
        perEvent += hasContexts ? ByteWriter.indexWidth(contexts) : 0
        perEvent += hasEventIDs ? 8 : 0
        bytes += events * perEvent + keys.bytes + texts.bytes
        bytes += contexts * ContextTable.cellsPerRow * ByteWriter.indexWidth(texts.count)
        return bytes
    }
}

// MARK: - Writing

extension BatchBuilder {
    /// Writes the whole frame of the events that were added, which stay.
    ///
    /// - Precondition: there are some.
    package mutating func encode(header: MessageHeader, into writer: inout ByteWriter) {
        precondition(count > 0)
        let hasPrefixes = sortsTexts && sortTexts()
        let (valueWidth, valueExponent) = tally.valueForm
        let hasTexts = texts.count > 0
        let hasContexts = contexts.count > 0
        var columns = 4
        columns += (tally.hasNames ? 1 : 0) + (hasTexts ? 1 : 0) + (hasPrefixes ? 1 : 0)
        columns += (tally.hasContexts ? 1 : 0) + (hasContexts ? 1 : 0)
        columns += (valueWidth > 0 ? 1 : 0) + (tally.hasEventIDs ? 1 : 0)

        writer.beginFrame()
        writer.append(UInt32(count))
        writer.append(UInt32(columns))
        writer.append(tally.timeMin)
        assert(writer.count == MessageHeader.byteCount + AssignRequest.fixedBytes)

        var cursor = writer.beginDirectory(columns: columns)
        appendTimes(to: &writer, &cursor)
        // Bytes have no invalid patterns.
        writer.appendColumn(.kind, bytes: unsafe kinds.span.bytes, &cursor)
        writer.appendColumn(
            .visitor, visitors.span, width: ByteWriter.indexWidth(keys.count - 1), &cursor)
        keys.write(.visitorKeys, to: &writer, &cursor)
        let textWidth = ByteWriter.indexWidth(texts.count)
        if tally.hasNames {
            if hasPrefixes {
                remapNames()
                writer.appendColumn(.name, remapped.span, width: textWidth, &cursor)
            } else {
                writer.appendColumn(.name, names.span, width: textWidth, &cursor)
            }
        }
        if hasPrefixes {
            appendFrontCoded(to: &writer, &cursor)
        } else if hasTexts {
            texts.write(.texts, to: &writer, &cursor)
        }
        if tally.hasContexts {
            writer.appendColumn(
                .context, contextIndexes.span, width: ByteWriter.indexWidth(contexts.count),
                &cursor)
        }
        if hasContexts {
            appendContexts(
                width: textWidth, areRemapped: hasPrefixes, to: &writer, &cursor)
        }
        if valueWidth > 0 { appendValues(valueWidth, valueExponent, to: &writer, &cursor) }
        if tally.hasEventIDs {
            writer.appendColumn(.eventID, count: count, as: UInt64.self, &cursor) { eventIDs[$0] }
        }
        header.write(to: &writer)
    }

    private func appendTimes(to writer: inout ByteWriter, _ cursor: inout DirectoryCursor) {
        let base = tally.timeMin
        if tally.timeWidth == 4 {
            writer.appendColumn(.time, count: count, as: UInt32.self, &cursor) {
                UInt32(truncatingIfNeeded: times[$0] &- base)
            }
        } else {
            writer.appendColumn(.time, count: count, as: Int64.self, &cursor) {
                times[$0] &- base
            }
        }
    }

    private func appendValues(
        _ width: Int, _ exponent: Int, to writer: inout ByteWriter,
        _ cursor: inout DirectoryCursor
    ) {
        let scale = AssignRequest.powerOfTen(exponent)
        switch width {
        case 1:
            writer.appendColumn(
                .value, parameter: exponent, count: count, as: Int8.self, &cursor
            ) { Int8(truncatingIfNeeded: values[$0] / scale) }
        case 2:
            writer.appendColumn(
                .value, parameter: exponent, count: count, as: Int16.self, &cursor
            ) { Int16(truncatingIfNeeded: values[$0] / scale) }
        case 4:
            writer.appendColumn(
                .value, parameter: exponent, count: count, as: Int32.self, &cursor
            ) { Int32(truncatingIfNeeded: values[$0] / scale) }
        default:
            writer.appendColumn(.value, count: count, as: Int64.self, &cursor) { values[$0] }
        }
    }

    /// Puts the texts into the order of their bytes.
    ///
    /// - Returns: true when they are smaller with shared prefixes.
    private mutating func sortTexts() -> Bool {
        guard texts.count > 1 else { return false }
        order.removeAll(keepingCapacity: true)
        order.append(contentsOf: 0..<UInt32(texts.count))
        order.sort { texts.precedes(Int($0), Int($1)) }
        ranks.resize(to: texts.count, repeating: 0)
        var own = 0
        for (rank, index) in order.enumerated() {
            ranks[Int(index)] = UInt32(rank)
            own += texts[Int(index)].byteCount - prefix(rank)
        }
        // The prefixes are a column of their own, with a descriptor and padding.
        let column = texts.count + ColumnDescriptor.byteCount + 7
        return own + texts.count * ByteWriter.endWidth(own) + column < texts.size.bytes
    }

    /// What the text that is sent as `rank`-th shares with the one before, as far as a byte counts.
    private func prefix(_ rank: Int) -> Int {
        if rank == 0 { return 0 }
        let before = texts[Int(order[rank - 1])]
        return min(Int(UInt8.max), texts[Int(order[rank])].sharedPrefix(with: before))
    }

    private mutating func remapNames() {
        remapped.resize(to: count, repeating: 0)
        for row in 0..<count { remapped[row] = newReference(names[row]) }
    }

    private func newReference(_ plusOne: UInt32) -> UInt32 {
        plusOne == 0 ? 0 : ranks[Int(plusOne) - 1] + 1
    }

    private func appendFrontCoded(to writer: inout ByteWriter, _ cursor: inout DirectoryCursor) {
        let count = texts.count
        var own = 0
        for rank in 0..<count { own += texts[Int(order[rank])].byteCount - prefix(rank) }
        let width = ByteWriter.endWidth(own)
        let ends = writer.beginColumn(
            .texts, width: width, count: count, length: count * width + own, &cursor)
        let start = ends + count * width
        var end = 0
        for rank in 0..<count {
            let text = texts[Int(order[rank])]
            let rest = text.extracting(prefix(rank)...)
            writer.copy(rest, to: start + end)
            end += rest.byteCount
            if width == 2 {
                writer.set(UInt16(end), at: ends + rank * 2)
            } else {
                writer.set(UInt32(end), at: ends + rank * 4)
            }
        }
        writer.appendColumn(.textPrefixes, count: count, as: UInt8.self, &cursor) {
            UInt8(prefix($0))
        }
    }

    private func appendContexts(
        width: Int, areRemapped: Bool, to writer: inout ByteWriter,
        _ cursor: inout DirectoryCursor
    ) {
        let stride = ContextTable.cellsPerRow
        let start = writer.beginColumn(
            .contexts, width: width, parameter: stride, count: contexts.count * stride,
            length: contexts.count * stride * width, &cursor)
        for row in 0..<contexts.count {
            for cell in 0..<stride {
                var value = contexts[row].integer(at: cell * 4, as: UInt32.self)
                if areRemapped, cell < ContextTable.attributeCount { value = newReference(value) }
                let at = start + (row * stride + cell) * width
                switch width {
                case 1: writer.set(UInt8(value), at: at)
                case 2: writer.set(UInt16(value), at: at)
                default: writer.set(value, at: at)
                }
            }
        }
    }
}
