package import SojournModel

/// The body of a request to HELLO (sojourn-1, "HELLO").
///
///      0 | lowest version   | 1 |
///      1 | highest version  | 1 |
///      2 | name length      | 2 |
///      4 | features         | 4 |
///      8 | deployment       | 16 |
///     24 | name             |   |
package struct HelloRequest: Equatable, Sendable {
    static var fixedBytes: Int { 24 }

    /// The versions that the client speaks.
    package var versions: ClosedRange<UInt8>
    /// Bits that this version does not know are to be ignored.
    package var features: UInt32
    /// Expected of the server; `DeploymentID.any` for any.
    package var deployment: DeploymentID
    /// For the log: "sojourn-swift/0.1.0".
    package var name: String

    package init(
        versions: ClosedRange<UInt8> = MessageHeader.versions, features: UInt32 = 0,
        deployment: DeploymentID = .any, name: String
    ) {
        self.versions = versions
        self.features = features
        self.deployment = deployment
        self.name = name
    }

    /// Writes the whole frame.
    ///
    /// - Precondition: the name has at most `Limits.clientNameBytesMax` bytes.
    package func encode(header: MessageHeader, into writer: inout ByteWriter) {
        precondition(name.utf8.count <= Limits.clientNameBytesMax)
        writer.beginFrame()
        writer.append(versions.lowerBound)
        writer.append(versions.upperBound)
        writer.append(UInt16(name.utf8.count))
        writer.append(features)
        writer.append(deployment.bits)
        assert(writer.count == MessageHeader.byteCount + Self.fixedBytes)
        writer.append(utf8: name)
        header.write(to: &writer)
    }

    /// Checks and reads a body.
    ///
    /// - Parameter deployment: of the server; another one that the client expects is refused with
    ///   `wrongDeployment`. `any` takes all.
    package static func decode(
        body: RawSpan, deployment: DeploymentID = .any
    ) throws(WireError) -> HelloRequest {
        let nameLength =
            body.byteCount < fixedBytes ? 0 : Int(body.integer(at: 2, as: UInt16.self))
        let end = try body.fixedPart(fixedBytes, announcing: nameLength)
        let lowest = body.integer(at: 0, as: UInt8.self)
        let highest = body.integer(at: 1, as: UInt8.self)
        let spoken = MessageHeader.versions
        if lowest <= highest, lowest > spoken.upperBound || highest < spoken.lowerBound {
            throw WireError(
                .unsupportedVersion, inBodyAt: 0,
                found: Int(lowest > spoken.upperBound ? lowest : highest))
        }
        let expected = DeploymentID(body.bits128(at: 8))
        guard expected == .any || deployment == .any || expected == deployment else {
            throw WireError(.wrongDeployment, inBodyAt: 8)
        }
        try body.end(at: end)
        guard lowest <= highest else { throw WireError(.badName, inBodyAt: 0) }
        guard nameLength <= Limits.clientNameBytesMax else {
            throw WireError(
                .badName, inBodyAt: 2, found: nameLength, bound: Limits.clientNameBytesMax)
        }
        let name = body.extracting(fixedBytes..<end)
        guard name.isUTF8 else { throw WireError(.badName, inBodyAt: fixedBytes, found: -1) }
        return HelloRequest(
            versions: lowest...highest, features: body.integer(at: 4), deployment: expected,
            name: name.text)
    }
}

extension RawSpan {
    /// Checks that a body holds its fixed part and the bytes that this announces (code 30).
    ///
    /// - Returns: where both end.
    func fixedPart(_ fixed: Int, announcing more: Int) throws(WireError) -> Int {
        guard byteCount >= fixed + more else {
            throw WireError(
                .truncatedBody, inBodyAt: byteCount, found: byteCount, bound: fixed + more)
        }
        return fixed + more
    }

    /// Checks that a body ends where its content does (code 39).
    func end(at end: Int) throws(WireError) {
        guard byteCount == end else {
            throw WireError(.trailingBytes, inBodyAt: end, found: byteCount, bound: end)
        }
    }

    /// Checks that reserved bytes of a body are zero (code 31).
    func reserved(_ bytes: Range<Int>) throws(WireError) {
        for offset in bytes where integer(at: offset, as: UInt8.self) != 0 {
            throw WireError(.bodyReservedNotZero, inBodyAt: bytes.lowerBound)
        }
    }

    /// The bytes as a string; other bytes than UTF-8 are refused (code 48).
    func text(_ bytes: Range<Int>) throws(WireError) -> String {
        let span = extracting(bytes)
        guard span.isUTF8 else { throw WireError(.badUTF8, inBodyAt: bytes.lowerBound) }
        return span.text
    }
}
