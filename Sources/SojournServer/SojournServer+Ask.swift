import ZeroMQ

/// Who answers questions of this process itself, the admin port's above all.
package protocol AskedService: AnyObject, Sendable {
    /// - Parameters:
    ///   - frame: a whole frame.
    ///   - patience: how long the answer may take.
    /// - Returns: the frame of the reply; nil when there is none.
    func ask(_ frame: [UInt8], patience: Duration) async -> [UInt8]?
}

extension SojournServer: AskedService {
    /// Asks the service as a client does, without a socket.
    ///
    /// - Parameters:
    ///   - frame: a whole frame.
    ///   - patience: how long the answer may take.
    /// - Returns: the frame of the reply; nil when there is none in time, when too many ask already,
    ///   and when the service has ended.
    package func ask(_ frame: [UInt8], patience: Duration) async -> [UInt8]? {
        await state.ask(frame, patience: patience)
    }
}

extension RouterServer: AskedService {
    /// Asks the router as a client does, without a socket; the same as of a service.
    package func ask(_ frame: [UInt8], patience: Duration) async -> [UInt8]? {
        await state.ask(frame, patience: patience)
    }
}

extension ServerState {
    fileprivate func ask(_ frame: [UInt8], patience: Duration) async -> [UInt8]? {
        await withCheckedContinuation { asker in
            let own = OwnRequest(frame, asker: asker)
            guard ownRequests.put(own) else { return own.answer(nil) }
            wakeUp.signal()
            Task { [weak own] in
                _ = try? await Task.sleep(for: patience)
                own?.answer(nil)
            }
        }
    }
}
