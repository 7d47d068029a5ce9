import Foundation
import SojournModel
import SojournTestKit
import Testing

@testable import SojournWire

/// sojourn-1, "Partitions" and "Routers": whose an event is, and a batch in parts.
@Suite struct PartitionTests {
    private struct Example: Decodable {
        var key: String
        var partitions: [Int: Int]

        private struct Name: CodingKey {
            var stringValue: String
            var intValue: Int? { Int(stringValue) }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { stringValue = "\(intValue)" }
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Name.self)
            key = try values.decode(String.self, forKey: Name(stringValue: "key"))
            partitions = [:]
            for name in values.allKeys {
                guard let count = name.intValue else { continue }
                partitions[count] = try values.decode(Int.self, forKey: name)
            }
        }

        var bytes: [UInt8] {
            stride(from: 0, to: key.count, by: 2).compactMap { at in
                let start = key.index(key.startIndex, offsetBy: at)
                return UInt8(key[start..<key.index(start, offsetBy: 2)], radix: 16)
            }
        }
    }

    private static func examples() throws -> [Example] {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appendingPathComponent("proto-spec/partitions.json")
        return try JSONDecoder().decode([Example].self, from: Data(contentsOf: file))
    }

    @Test func `a visitor falls to the partition that the specification says`() throws {
        let examples = try Self.examples()
        #expect(examples.count > 20)
        for example in examples {
            #expect(example.partitions.count == 6)
            for (count, partition) in example.partitions {
                let found = example.bytes.withBytes {
                    PartitionHash.partition(of: $0, count: count)
                }
                #expect(found == partition, "\(example.key) of \(count)")
            }
        }
    }

    @Test(arguments: [16, 5])
    func `all keys of a dictionary at once fall where each falls alone`(size: Int) {
        var random = SplitMix64(seed: 7)
        let bytes = (0..<size * 333).map { _ in UInt8.random(in: 0...255, using: &random) }
        var partitions = GrowableBuffer<UInt32>()
        bytes.withBytes { span in
            let keys = ByteDictionary(count: 333, size: size, bytes: span)
            PartitionHash.partitions(of: keys, count: 64, into: &partitions)
            for row in 0..<333 {
                let alone = PartitionHash.partition(of: keys[row], count: 64)
                #expect(Int(partitions[row]) == alone)
            }
        }
    }

    @Test func `visitors spread evenly, numbered ones too`() {
        var counts = [Int](repeating: 0, count: 64)
        for number in 0..<64_000 {
            let key = Array("visitor-\(number)".utf8)
            counts[key.withBytes { PartitionHash.partition(of: $0, count: 64) }] += 1
        }
        #expect(counts.allSatisfy { (700...1_300).contains($0) }, "\(counts)")
    }

    @Test(arguments: [
        ("0-31/64", "0-31/64"), ("5/64", "5-5/64"), ("0-0/1", "0-0/1"),
        ("0-4095/4096", "0-4095/4096"),
    ])
    func `a range is read and written`(text: String, written: String) throws {
        #expect(try "\(#require(PartitionRange(text)))" == written)
    }

    @Test(arguments: [
        "", "0-31", "3-2/64", "0-64/64", "0-1/4097", "0/0", "-1-3/8", "a-b/c", "0-1-2/8",
    ])
    func `what is no range is refused`(text: String) { #expect(PartitionRange(text) == nil) }
}

extension [UInt8] {
    fileprivate func withBytes<Result>(_ body: (RawSpan) -> Result) -> Result {
        // Bytes have no invalid patterns.
        body(unsafe span.bytes)
    }
}
