import SojournFigures
import SojournModel
import SojournService
import SojournWire

/// The parts of a report, out of which its answer is made: by any thread, for it takes its time.
package struct ReportAssembly: Sendable {
    let question: ReportQuestion
    /// Of the answer.
    let header: MessageHeader
    /// Whole replies, with who gave them.
    var replies: [(worker: String, frame: [UInt8])] = []

    /// Makes the answer: a whole frame, an ERROR where there is none.
    package func frame() -> [UInt8] {
        var writer = ByteWriter()
        do throws(Refusal) {
            ReportReply.encode(try answer(), header: header, into: &writer)
        } catch {
            var header = header
            header.operation = .error
            error.error.encode(header: header, into: &writer)
        }
        return writer.array
    }

    private func answer() throws(Refusal) -> ReportAnswer {
        var merge = ReportMerge(question)
        for (worker, frame) in replies {
            let part: ReportPart
            do throws(WireError) {
                // Safe: bytes have no padding.
                try Frame.checkBody(of: unsafe frame.span.bytes)
                part = try ReportPartReply.decode(body: Frame.body(of: unsafe frame.span.bytes))
            } catch {
                throw Refusal(.internal, "the reply of worker \(worker) cannot be read: \(error)")
            }
            if let misfit = merge.add(part) {
                throw Refusal(.internal, "worker \(worker): \(misfit)")
            }
        }
        do throws(ReportTooLong) { return try merge.answer() } catch {
            throw Refusal(.reportTooLong, error.message)
        }
    }
}
