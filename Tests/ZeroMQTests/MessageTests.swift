import Synchronization
import Testing
import ZeroMQ

struct MessageTests {
    @Test func `a new message is empty`() {
        let message = Message()
        let (byteCount, isEmpty, hasMore) = (message.byteCount, message.isEmpty, message.hasMore)
        #expect(byteCount == 0)
        #expect(isEmpty)
        #expect(!hasMore)
        let bytes = message.bytes.byteCount
        #expect(bytes == 0)
    }

    // Around 33 bytes libzmq goes from a payload inside the message to one behind it.
    @Test(arguments: [0, 1, 32, 33, 34, 24_576])
    func `bytes come out as they were put in`(count: Int) {
        let source = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }

        let copied = Message(copying: source.span)
        let copiedBytes = copied.array
        #expect(copiedBytes == source)

        let appended = Message(byteCount: count) { output in
            for byte in source { output.append(byte) }
        }
        let appendedBytes = appended.array
        #expect(appendedBytes == source)

        var overwritten = Message(byteCount: count)
        let zeros = overwritten.array
        #expect(zeros == [UInt8](repeating: 0, count: count))
        var bytes = overwritten.mutableBytes
        for index in 0..<count {
            bytes.storeBytes(of: source[index], toByteOffset: index, as: UInt8.self)
        }
        let overwrittenBytes = overwritten.array
        #expect(overwrittenBytes == source)
    }

    @Test func `a writer's error comes out of the initialiser`() {
        struct Refused: Error {}
        #expect(throws: Refused.self) {
            _ = try Message(byteCount: 100) { _ throws(Refused) in throw Refused() }
        }
    }

    @Test func `a message that is not filled traps`() async {
        await #expect(processExitsWith: .failure) {
            _ = Message(byteCount: 2) { $0.append(1) }
        }
    }

    @Test func `a move leaves the source empty`() {
        var source = Message("content")
        var target = Message("to be dropped")
        target.move(from: &source)
        let (moved, rest) = (target.text, source.byteCount)
        #expect(moved == "content")
        #expect(rest == 0)
    }

    @Test(arguments: [5, 5_000])
    func `a copy leaves the source as it was`(count: Int) {
        let text = String(repeating: "x", count: count)
        var source = Message(text)
        var target = Message()
        target.copy(from: &source)
        let (copied, kept) = (target.text, source.text)
        #expect(copied == text)
        #expect(kept == text)
    }

    @Test func `writing a payload that is shared traps`() async {
        await #expect(processExitsWith: .failure) {
            var source = Message(byteCount: 5_000)
            var target = Message()
            target.copy(from: &source)
            _ = target.mutableBytes.byteCount
        }
    }

    @Test func `removing all leaves an empty message`() {
        var message = Message(byteCount: 5_000)
        message.removeAll()
        let byteCount = message.byteCount
        #expect(byteCount == 0)
    }
}

/// Buffers that count how often libzmq, on whatever thread, frees them.
struct MessageAdoptionTests {
    final class Releases: Sendable {
        let count = Atomic(0)

        var value: Int { count.load(ordering: .acquiring) }

        /// A buffer that adds one when it is released.
        func buffer(_ byteCount: Int) -> OwnedBytes {
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 8)
            unsafe memory.initializeMemory(as: UInt8.self, repeating: 9)
            // Safe: the memory is handed over whole, and the hint is a reference that the release
            // function, called once, takes back.
            return unsafe OwnedBytes(
                adopting: memory, hint: Unmanaged.passRetained(self).toOpaque()
            ) { memory, hint in
                unsafe memory?.deallocate()
                let releases = unsafe Unmanaged<Releases>.fromOpaque(hint!).takeRetainedValue()
                releases.count.add(1, ordering: .acquiringAndReleasing)
            }
        }
    }

    @Test func `a buffer that nobody adopts is freed with its owner`() {
        let releases = Releases()
        do { _ = releases.buffer(100) }
        #expect(releases.value == 1)
    }

    @Test func `an adopted buffer that is never sent is freed once`() {
        let releases = Releases()
        do {
            let message = Message(adopting: releases.buffer(100))
            let byteCount = message.byteCount
            #expect(byteCount == 100)
            #expect(releases.value == 0)
        }
        #expect(releases.value == 1)
    }

    @Test func `a buffer that messages share is freed with the last`() {
        let releases = Releases()
        do {
            var second = Message()
            do {
                var first = Message(adopting: releases.buffer(100))
                second.copy(from: &first)
            }
            #expect(releases.value == 0)
            let byteCount = second.byteCount
            #expect(byteCount == 100)
        }
        #expect(releases.value == 1)
    }

    @Test func `an adopted buffer that is sent is freed once`() async throws {
        let releases = Releases()
        let received = try await onThread {
            let context = try Context()
            let pull = try Socket(.pull, in: context)
            try pull.set(patience)
            try pull.bind("tcp://127.0.0.1:*")
            let push = try Socket(.push, in: context)
            try push.connect(pull.lastEndpoint)
            var message = Message(adopting: releases.buffer(65_536))
            _ = try push.send(&message)
            _ = try pull.receive(into: &message)
            return message.array
        }
        #expect(received == [UInt8](repeating: 9, count: 65_536))
        // The context ended inside, and with it everything that libzmq held.
        #expect(releases.value == 1)
    }

    @Test func `a buffer of its own can be filled and adopted`() {
        var buffer = OwnedBytes(byteCount: 3)
        var bytes = buffer.mutableBytes
        bytes.storeBytes(of: 7, toByteOffset: 1, as: UInt8.self)
        let message = Message(adopting: buffer)
        let content = message.array
        #expect(content == [0, 7, 0])
    }
}
