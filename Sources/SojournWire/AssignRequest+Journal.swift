package import SojournModel

extension AssignRequest {
    /// Writes a body in which the visitor keys are replaced by their hashes, 16 bytes each: how a batch
    /// is journaled (journal, "Batch"). It is a good body again, and the only copy that is ever kept.
    ///
    /// - Parameters:
    ///   - body: was decoded without a fault.
    ///   - visitors: a hash for each visitor key, in their order.
    ///   - writer: is appended to, from a multiple of 8 on.
    package static func write(
        _ body: RawSpan, visitors: Span<VisitorHash>, to writer: inout ByteWriter
    ) {
        let columns = Int(body.integer(at: 4, as: UInt16.self))
        let directory = ColumnDirectory(body, fixedBytes: fixedBytes, count: columns)
        let start = writer.count
        precondition(start % 8 == 0, "columns are aligned")
        writer.append(contentsOf: body.extracting(0..<directory.position(columns)))
        for index in 0..<columns {
            let descriptor = directory[index]
            let entry = start + directory.position(index)
            writer.align()
            let offset = writer.count - start
            if descriptor.column == Column.visitorKeys.rawValue {
                precondition(descriptor.count == visitors.count)
                // A hash is two words without padding.
                writer.append(contentsOf: unsafe visitors.bytes)
                writer.set(UInt8(0), at: entry + 1)
                writer.set(UInt16(MemoryLayout<VisitorHash>.size), at: entry + 2)
            } else {
                writer.append(contentsOf: directory.bytes(of: descriptor))
            }
            writer.set(UInt32(offset), at: entry + 8)
            writer.set(UInt32(writer.count - start - offset), at: entry + 12)
        }
    }
}
