import Dispatch
import SojournRouter
import Synchronization
import ZeroMQ

/// Where reports over several workers are put together, beside the router's thread, so that batches never wait for them.
final class AssemblyBench: Sendable {
    private let frames = Mutex<[(RequestID, [UInt8])]>([])
    /// One after the other: the router takes on a few at a time.
    private let queue = DispatchQueue(label: "sojourn-assembly")
    private let wakeUp: WakeUp

    init(wakeUp: WakeUp) { self.wakeUp = wakeUp }

    func take(_ id: RequestID, _ assembly: ReportAssembly) {
        queue.async { [self] in
            let frame = assembly.frame()
            frames.withLock { $0.append((id, frame)) }
            wakeUp.signal()
        }
    }

    /// Those that were finished since the last call.
    func takeFrames() -> [(RequestID, [UInt8])] {
        frames.withLock { frames in
            defer { frames.removeAll() }
            return frames
        }
    }
}
