package import SojournModel

/// Events as the columns of a batch, without a message around them.
package struct EventColumns {
    private var times: [Int64] = []
    private var kinds: [UInt8] = []
    private var visitors: [UInt32] = []
    private var visitorKeys = ByteList()
    private var names: [UInt32] = []
    private var texts = ByteList()
    private var contexts: [UInt32] = []
    private var contextCells: [UInt32] = []
    private var contextRows: [TestContext: UInt32] = [:]
    private var values: [Int64] = []
    private var ids: [UInt64] = []

    /// Entries behind one another, each once.
    private struct ByteList {
        var ends: [UInt32] = []
        var bytes: [UInt8] = []
        private var indexes: [String: UInt32] = [:]

        mutating func index(of text: String) -> UInt32 {
            if let index = indexes[text] { return index }
            let index = UInt32(ends.count)
            indexes[text] = index
            bytes.append(contentsOf: text.utf8)
            ends.append(UInt32(bytes.count))
            return index
        }

        /// Index plus one; zero for the empty text.
        mutating func reference(to text: String) -> UInt32 {
            text.isEmpty ? 0 : index(of: text) + 1
        }
    }

    package init(_ events: some Sequence<TestEvent>) {
        for event in events {
            times.append(event.time)
            kinds.append(event.kind.rawValue)
            visitors.append(visitorKeys.index(of: event.visitor))
            names.append(texts.reference(to: event.name))
            contexts.append(reference(to: event.context))
            values.append(event.value)
            ids.append(event.id)
        }
    }

    private mutating func reference(to context: TestContext) -> UInt32 {
        if context.isEmpty { return 0 }
        if let row = contextRows[context] { return row }
        for attribute in context.attributes { contextCells.append(texts.reference(to: attribute)) }
        contextCells.append(context.isKnownBot ? 1 : 0)
        let row = UInt32(contextRows.count + 1)
        contextRows[context] = row
        return row
    }

    /// Lends the events as a batch.
    ///
    /// - Parameter hashes: what stands in it instead of the visitors' keys, in order of their first
    ///   event.
    package func withBatch<Result>(
        hashes: [VisitorHash]? = nil, _ body: (borrowing EventBatch) throws -> Result
    ) rethrows -> Result {
        let hashes = hashes ?? []
        // Whether a batch has ids at all decides how it is applied, so a column of zeros stays away.
        let hasIDs = ids.contains { $0 != 0 }
        let noIDs: [UInt64] = []
        // Arrays of integers have no padding, so their bytes may be read.
        return try unsafe body(
            EventBatch(
                count: times.count, baseTime: 0, times: times.span.bytes, timeWidth: 8,
                kinds: kinds.span.bytes, visitors: IndexColumn(visitors.span.bytes, width: 4),
                visitorKeys: hashes.isEmpty
                    ? ByteDictionary(
                        count: visitorKeys.ends.count,
                        ends: IndexColumn(visitorKeys.ends.span.bytes, width: 4),
                        bytes: visitorKeys.bytes.span.bytes)
                    : ByteDictionary(count: hashes.count, size: 16, bytes: hashes.span.bytes),
                names: IndexColumn(names.span.bytes, width: 4),
                texts: ByteDictionary(
                    count: texts.ends.count, ends: IndexColumn(texts.ends.span.bytes, width: 4),
                    bytes: texts.bytes.span.bytes),
                contextIndexes: IndexColumn(contexts.span.bytes, width: 4),
                contexts: ContextTable(
                    count: contextRows.count, stride: ContextTable.cellsPerRow,
                    cells: IndexColumn(contextCells.span.bytes, width: 4)),
                values: values.span.bytes, valueWidth: 8, valueScale: 1,
                eventIDs: hasIDs ? ids.span.bytes : noIDs.span.bytes))
    }
}
