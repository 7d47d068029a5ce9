package import SojournModel
package import SojournWire

package func assignFrame(
    _ events: [TestEvent], producer: UInt64 = 0, sequence: UInt64 = 0, correlation: UInt64 = 7,
    deadline: UInt32 = 0, property: PropertyID = PropertyID(1), deployment: UInt64 = 0,
    isPart: Bool = false
) -> [UInt8] {
    var builder = BatchBuilder()
    for event in events {
        do {
            try builder.add(
                time: event.time, kind: event.kind, visitor: event.visitor, name: event.name,
                context: event.context.wire, value: event.value, eventID: event.id)
        } catch { preconditionFailure("a test made an event that no batch takes: \(error)") }
    }
    var writer = ByteWriter()
    builder.encode(
        header: MessageHeader(
            operation: .assign, isPart: isPart, correlation: correlation,
            producer: ProducerID(producer),
            sequence: sequence, deadlineMilliseconds: deadline, property: property,
            deploymentTag: deployment), into: &writer)
    return writer.array
}

package func helloFrame(_ hello: HelloRequest = HelloRequest(name: "test")) -> [UInt8] {
    var writer = ByteWriter()
    hello.encode(header: MessageHeader(operation: .hello, correlation: 1), into: &writer)
    return writer.array
}

package func statusFrame(correlation: UInt64 = 1, deployment: UInt64 = 0) -> [UInt8] {
    var writer = ByteWriter()
    StatusRequest.encode(
        header: MessageHeader(
            operation: .status, correlation: correlation, deploymentTag: deployment), into: &writer)
    return writer.array
}

package func lookupFrame(visitor: String, property: PropertyID = PropertyID(1)) -> [UInt8] {
    var writer = ByteWriter()
    LookupRequest.visitor(key: unsafe visitor.utf8Span.span.bytes).encode(
        header: MessageHeader(operation: .lookup, property: property), into: &writer)
    return writer.array
}

package func lookupFrame(session: SessionID) -> [UInt8] {
    var writer = ByteWriter()
    LookupRequest.session(session).encode(
        header: MessageHeader(operation: .lookup, property: PropertyID(1)), into: &writer)
    return writer.array
}

/// A frame with some bytes changed and the checksums made right again.
package func changed(_ frame: [UInt8], _ change: (inout [UInt8]) -> Void) -> [UInt8] {
    var frame = frame
    change(&frame)
    frame.put(CRC32C.checksum(of: unsafe frame.span.bytes.extracting(64...)), at: 52)
    frame.put(UInt32(frame.count - 64), at: 48)
    frame.put(CRC32C.checksum(of: unsafe frame.span.bytes.extracting(0..<60)), at: 60)
    return frame
}

extension [UInt8] {
    package mutating func put<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        for byte in 0..<MemoryLayout<T>.size {
            self[offset + byte] = UInt8(truncatingIfNeeded: value >> T(byte * 8))
        }
    }
}

package func forgetFrame(visitor: String, property: PropertyID = PropertyID(1)) -> [UInt8] {
    var writer = ByteWriter()
    ForgetRequest.encode(
        unsafe visitor.utf8Span.span.bytes,
        header: MessageHeader(operation: .forget, property: property), into: &writer)
    return writer.array
}

/// A request whose header is right, and whose body is nothing.
package func emptyFrame(
    _ operation: SojournWire.Operation, property: PropertyID = PropertyID(1)
) -> [UInt8] {
    var writer = ByteWriter()
    StatusRequest.encode(
        header: MessageHeader(operation: operation, property: property), into: &writer)
    return writer.array
}

/// A question for what was finished, in the order in which a partition stands.
package func fetchFrame(
    of partition: UInt16 = 0, after place: FeedPlace = .start, entriesMax: UInt32 = 0,
    property: PropertyID = PropertyID(0), correlation: UInt64 = 0, deadline: UInt32 = 0
) -> [UInt8] {
    var writer = ByteWriter()
    FetchRequest(of: partition, after: place, entriesMax: entriesMax).encode(
        header: MessageHeader(
            operation: .fetch, correlation: correlation, deadlineMilliseconds: deadline,
            property: property), into: &writer)
    return writer.array
}

/// A request of an operation, for visitor "a" where it is about one; REPORT and FETCH are of right header alone,
/// and nothing is asked by an ERROR.
package func requestFrame(
    _ operation: SojournWire.Operation, at time: Int64, property: PropertyID
) -> [UInt8] {
    switch operation {
    case .assign: assignFrame([TestEvent("a", time)], property: property)
    case .lookup: lookupFrame(visitor: "a", property: property)
    case .hello: helloFrame()
    case .status: statusFrame()
    case .forget: forgetFrame(visitor: "a", property: property)
    case .report, .fetch: emptyFrame(operation, property: property)
    case .error: []
    }
}
