import Logging
import SojournArchive
import SojournJournal
import SojournModel
import SojournService
import SojournWire
import ZeroMQ

/// REPORT and FETCH: looked at here, answered on threads of their own.
extension ServiceLoop {
    /// Archives what is finished, gathers for reports, and sends on what was answered.
    ///
    /// - Returns: true when there is more to gather.
    mutating func tendArchive(at now: UInt64) -> Bool {
        guard archive != nil else { return false }
        let written = written
        if let group = archive?.tend(&core, written: written, at: now) { questions?.take(group) }
        if questions?.isGathering == true {
            let moment = Moment(serverTime: ServerClock.wallMilliseconds())
            if var keeper = archive.take() {
                questions?.gather(from: &core, &keeper, at: moment, now)
                archive = consume keeper
            }
        }
        for (asker, outcome) in questions?.takeAnswers() ?? [] {
            let answer = write(outcome, asker.header, asker.exchange)
            pass(asker.exchange, answer, restsOn: JournalPosition(asker.restsOn))
        }
        openQuestions = questions?.count ?? 0
        return questions?.isGathering == true
    }

    /// Takes up a question from a peer, or refuses it.
    mutating func ask(_ exchange: Exchange, at moment: Moment) {
        defer { openQuestions = questions?.count ?? 0 }
        do throws(Refusal) {
            let header = try Self.admit(exchange.payload, from: exchange.caller, at: moment, &core)
            let asker = QuestionBoard.Asker(
                exchange: exchange, header: header, restsOn: core.restsOn.rawValue)
            guard let archive = archive?.archive else { throw Refusal.noArchive }
            guard questions?.hasRoom == true else {
                throw Refusal(
                    .overloaded, retryAfterMilliseconds: 1_000,
                    "the server has as many questions at work as it allows; ask again later")
            }
            if header.operation == .fetch {
                let partitions = core.configuration.partitions
                let request = try Self.fetchRequest(exchange.payload, of: partitions)
                questions?.fetch(request, from: archive, of: partitions, asker)
            } else {
                let question = try Self.reportQuestion(exchange.payload)
                guard let property = core.property(header.property) else {
                    preconditionFailure("a property was admitted that there is not")
                }
                questions?.ask(question, of: property, asker)
            }
        } catch {
            let answer = Self.refuse(error, exchange.payload, &core, &reply)
            pass(exchange, answer, restsOn: .start)
        }
    }

    private static func admit(
        _ request: borrowing Message, from caller: Caller, at moment: Moment,
        _ core: inout ServiceCore
    ) throws(Refusal) -> MessageHeader {
        try core.admit(request.bytes, from: caller, at: moment)
    }

    private static func refuse(
        _ refusal: Refusal, _ request: borrowing Message, _ core: inout ServiceCore,
        _ reply: inout ByteWriter
    ) -> Answer {
        core.refuse(refusal, request.bytes, into: &reply)
    }

    private static func fetchRequest(
        _ frame: borrowing Message, of partitions: PartitionRange
    ) throws(Refusal) -> FetchRequest {
        let request: FetchRequest
        do throws(WireError) {
            request = try FetchRequest.decode(body: Frame.body(of: frame.bytes))
        } catch { throw Refusal(error) }
        guard partitions.contains(Int(request.partition)) else {
            throw Refusal(noOrderOf: request.partition, partitions)
        }
        return request
    }

    private static func reportQuestion(
        _ request: borrowing Message
    ) throws(Refusal) -> ReportQuestion {
        do throws(WireError) {
            return try ReportRequest.decode(body: Frame.body(of: request.bytes))
        } catch { throw Refusal(error) }
    }

    private mutating func write(
        _ outcome: ReportDesk.Outcome, _ header: MessageHeader, _ exchange: Exchange
    ) -> Answer {
        let header2 = header.reply(deploymentTag: core.configuration.deployment.tag)
        switch outcome {
        case .part(let frame):
            reply.removeAll()
            // The bytes of bytes have no invalid patterns.
            reply.append(contentsOf: unsafe frame.span.bytes)
        case .report(let answer): ReportReply.encode(answer, header: header2, into: &reply)
        case .fetched(let fetched): fetched.encode(header: header2, into: &reply)
        case .failure(let error):
            if error.code != .tooLong { state.log.error("\(error)") }
            return Self.refuse(Refusal(error), exchange.payload, &core, &reply)
        }
        return .reply
    }
}
