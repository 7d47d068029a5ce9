import ZeroMQ

extension SojournServer {
    /// Asks the service as a client does, without a socket.
    ///
    /// - Parameters:
    ///   - request: a whole frame.
    ///   - patience: how long the answer may take.
    /// - Returns: the frame of the reply; nil when there is none in time, when too many ask already,
    ///   and when the service has ended.
    package func ask(_ request: [UInt8], patience: Duration) async -> [UInt8]? {
        await withCheckedContinuation { asker in
            let question = Question(request, asker: asker)
            guard state.questions.put(question) else { return question.answer(nil) }
            state.wakeUp.signal()
            Task { [weak question] in
                _ = try? await Task.sleep(for: patience)
                question?.answer(nil)
            }
        }
    }
}
