import Foundation
import SojournModel
import SojournWire

/// Runs the golden messages of `proto-spec/vectors` against this codec.
///
/// A valid message must read as the content in its file, and what is written from that content
/// must read as the same again. An invalid one must be refused with the code and the offset in its
/// file, and dropped or answered as it says.
struct VectorCheck {
    struct Failure: Equatable, CustomStringConvertible {
        /// Below the folder of vectors.
        var file: String
        var reason: String

        var description: String { "\(file): \(reason)" }
    }

    struct Report: Equatable {
        /// Files that hold what they promise.
        var passed = 0
        var valid = Count()
        var invalid = Count()
        /// Of the valid ones, those that this codec writes with the very bytes of the file; of the
        /// others it makes another choice, and reads what it has written as the same.
        var identical = 0
        var failures: [Failure] = []

        var isGood: Bool { failures.isEmpty && passed > 0 }
    }

    /// How many there are, and how many of them passed.
    struct Count: Equatable, CustomStringConvertible {
        var all = 0
        var passed = 0

        var description: String { "\(passed)/\(all)" }
    }

    /// Runs every `.json` file in a folder and the folders in it, in the order of their names.
    static func run(directory: URL) throws -> Report {
        guard
            let paths = FileManager.default.enumerator(atPath: directory.path)?
                .compactMap({ $0 as? String }).filter({ $0.hasSuffix(".json") }).sorted()
        else { throw CocoaError(.fileReadNoSuchFile) }
        var report = Report()
        for path in paths {
            var kind = \Report.valid
            do {
                let data = try Data(contentsOf: directory.appendingPathComponent(path))
                let vector = try JSONDecoder().decode(VectorValue.self, from: data)
                if vector["valid"] == false { kind = \.invalid }
                report[keyPath: kind].all += 1
                if try check(vector) { report.identical += 1 }
                report[keyPath: kind].passed += 1
                report.passed += 1
            } catch let mismatch as Mismatch {
                report.failures.append(Failure(file: path, reason: mismatch.reason))
            } catch {
                report.failures.append(Failure(file: path, reason: "\(error)"))
            }
        }
        return report
    }

    struct Mismatch: Error {
        var reason: String
    }

    /// - Returns: true when a valid message was written with the bytes of the file.
    private static func check(_ vector: VectorValue) throws -> Bool {
        let frame = try bytes(vector)
        guard let direction = VectorMessage.Direction(rawValue: vector["direction"]?.text ?? "")
        else { throw Mismatch(reason: "the file has no direction") }
        if vector["valid"] == false {
            try checkRefusal(vector, frame, direction)
            return false
        }
        let (header, body) = try VectorMessage.read(frame, direction)
        if let difference = VectorValue.difference(header, vector["header"] ?? .null) {
            throw Mismatch(reason: "header\(difference)")
        }
        let expected = try content(vector).without { key, _ in key == "encoding" }
        if let difference = VectorValue.difference(body, expected) {
            throw Mismatch(reason: "body\(difference)")
        }
        guard let written = try VectorMessage.rewrite(frame, direction) else {
            return false
        }
        if written == frame { return true }
        let (headerAgain, bodyAgain) = try VectorMessage.read(written, direction)
        if let difference = VectorValue.difference(headerAgain, header) {
            throw Mismatch(reason: "written again, header\(difference)")
        }
        // A codec chooses the base time, and leaves out a context that says nothing.
        let isChosen = { (key: String, value: VectorValue) in
            key == "base_time" || direction == .request && key == "context" && value == [:]
        }
        let difference = VectorValue.difference(
            bodyAgain.without(isChosen), body.without(isChosen))
        if let difference { throw Mismatch(reason: "written again, body\(difference)") }
        return false
    }

    private static func checkRefusal(
        _ vector: VectorValue, _ frame: [UInt8], _ direction: VectorMessage.Direction
    ) throws {
        do {
            _ = try VectorMessage.read(frame, direction)
        } catch {
            // A client never answers a reply, whatever is wrong with it.
            let reply = error.code.isDropped || direction != .request ? "drop" : "error"
            let found: VectorValue = [
                "error": "\(error.code.name)",
                "offset": error.offset.map { VectorValue($0) } ?? .null, "reply": "\(reply)",
            ]
            let expected: VectorValue = [
                "error": vector["error"] ?? .null, "offset": vector["offset"] ?? .null,
                "reply": vector["reply"] ?? "\(reply)",
            ]
            if let difference = VectorValue.difference(found, expected) {
                throw Mismatch(reason: "\(difference) (\(error.message))")
            }
            return
        }
        throw Mismatch(reason: "it was taken")
    }

    private static func bytes(_ vector: VectorValue) throws -> [UInt8] {
        if let packed = vector["frame_zlib_base64"]?.text { return try unpack(packed) }
        guard let digits = vector["frame"]?.text, let bytes = VectorMessage.bytes(digits) else {
            throw Mismatch(reason: "the file has no frame in hexadecimal digits")
        }
        return bytes
    }

    private static func content(_ vector: VectorValue) throws -> VectorValue {
        guard let packed = vector["body_zlib_base64"]?.text else { return vector["body"] ?? .null }
        return try JSONDecoder().decode(VectorValue.self, from: Data(try unpack(packed)))
    }

    private static func unpack(_ packed: String) throws -> [UInt8] {
        guard let data = Data(base64Encoded: packed) else {
            throw Mismatch(reason: "the file is not in base 64")
        }
        return try Inflate.unpack(Array(data))
    }
}
