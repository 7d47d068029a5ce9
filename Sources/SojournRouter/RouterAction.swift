package import SojournModel

/// Names a request of a client from its receipt to its answer: the shell's number for the place where
/// it keeps peer and message. Small numbers, used again.
package typealias RequestID = Int

/// What the shell is to carry out, in this order.
package enum RouterAction {
    /// Send a message to a worker, or say `couldNotSend`. The buffer is not the shell's to keep.
    case send(FrameBuffer, correlation: UInt64, to: Int)
    /// Send a request's own frame to a worker under another address (`Frame.readdress`), or say
    /// `couldNotSend`. It may be asked for again until the request is answered.
    case forward(RequestID, ForwardAddress, to: Int)
    /// Answer a request, which is then forgotten.
    case answer(RequestID, FrameBuffer)
    /// Answer a request with the worker's message that has just been handed in, under another
    /// address. It is then forgotten.
    case passOn(RequestID, ForwardAddress)
    /// Put an answer together, which takes its time, and say `assembled`.
    case assemble(RequestID, ReportAssembly)
    /// A buffer that nothing refers to any more: `giveBack` it.
    case recycle(FrameBuffer)
    /// Forget a request without an answer.
    case drop(RequestID)
    /// Close the connection to a worker and open a new one: what was on its way is lost.
    case reconnect(worker: Int)
    /// Something for the log.
    case log(RouterEvent)
}

/// What is changed in the header of a message that is passed on.
package struct ForwardAddress: Equatable, Sendable {
    package var correlation: UInt64
    package var deadlineMilliseconds: UInt32
    package var flags: UInt16
}

/// What an operator wants to hear of.
package enum RouterEvent: Equatable, Sendable, CustomStringConvertible {
    case workerUp(String, PartitionRange)
    case workerDown(String, reason: String)
    /// It answers, and cannot be used.
    case workerRefused(String, reason: String)
    /// Every partition has a worker.
    case complete(workers: Int, partitions: Int)

    package var description: String {
        switch self {
        case .workerUp(let name, let range): "worker \(name) is up: partitions \(range)"
        case .workerDown(let name, let reason): "worker \(name) is down: \(reason)"
        case .workerRefused(let name, let reason): "worker \(name) cannot be used: \(reason)"
        case .complete(let workers, let partitions):
            "all \(partitions) partitions have a worker (\(workers) of them)"
        }
    }
}
