import Foundation
import Synchronization
import ZeroMQ

/// Long enough for any machine; a test that waits for it has failed.
let patience = SocketOption.receiveTimeout(milliseconds: 20_000)

/// Runs `body` on a thread of its own, where it may block.
func onThread<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread {
            continuation.resume(with: Result { try body() })
        }
    }
}

/// A value that threads pass to each other. (Two `async let`s may not capture one local `Mutex`.)
final class Shared<Value: Sendable>: Sendable {
    private let storage: Mutex<Value>

    init(_ value: Value) {
        storage = Mutex(value)
    }

    var value: Value {
        get { storage.withLock { $0 } }
        set { storage.withLock { $0 = newValue } }
    }
}

/// Waits until another thread has got so far, and a little longer, so that it blocks by now.
func waitForBlock(after reached: Shared<Bool>) async throws {
    while !reached.value {
        try await Task.sleep(for: .milliseconds(1))
    }
    try await Task.sleep(for: .milliseconds(30))
}

enum Transport: CaseIterable {
    case tcp, ipc, inproc

    /// Where nobody else listens, in this process or another.
    var freshEndpoint: String {
        switch self {
        case .tcp: "tcp://127.0.0.1:*"
        case .ipc: "ipc://@sojourn-\(UUID().uuidString)"  // libzmq leaves files behind
        case .inproc: "inproc://\(UUID().uuidString)"
        }
    }
}

extension Socket {
    func sendText(_ text: String, more: Bool = false, wait: Bool = true) throws -> Bool {
        var message = Message(copying: text.utf8.span)
        return try send(&message, more: more, wait: wait)
    }

    /// The frames of the next message; nil if none came in time.
    func receiveFrames(wait: Bool = true) throws -> [[UInt8]]? {
        var frames: [[UInt8]] = []
        var message = Message()
        repeat {
            guard try receive(into: &message, wait: wait) else {
                return nil
            }
            frames.append(message.array)
        } while message.hasMore
        return frames
    }

    func receiveTexts(wait: Bool = true) throws -> [String]? {
        try receiveFrames(wait: wait)?.map { String(decoding: $0, as: UTF8.self) }
    }
}

extension Message {
    init(_ text: String) {
        self.init(copying: text.utf8.span)
    }

    var array: [UInt8] {
        // Safe: the bytes are copied while the message is borrowed.
        unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }

    var text: String {
        String(decoding: array, as: UTF8.self)
    }
}

/// The code with which `body` failed; nil if it did not.
func failure(of body: () throws(ZeroMQError) -> Void) -> ZeroMQError.Code? {
    do {
        try body()
        return nil
    } catch {
        return error.code
    }
}
