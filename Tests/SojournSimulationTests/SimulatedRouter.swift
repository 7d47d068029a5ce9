import SojournRouter
import SojournTestKit
import SojournWire

/// A router while it lives, in a cluster of either kind: what `RouterLoop` does for the core, but for what goes
/// through the network, which is the simulation's.
class SimulatedRouter {
    /// What reaches others.
    enum Effect {
        case pass([UInt8], correlation: UInt64, to: Int)
        case reply([UInt8], batch: Int?)
        case reconnect(Int)
        case log(RouterEvent)
    }

    var core: RouterCore
    /// By the number of the request: the frame, and its batch, unless it is a question.
    private var requests: [(frame: [UInt8], batch: Int?)] = []

    init(_ configuration: RouterConfiguration, serverTime: Int64) {
        core = RouterCore(configuration, startedAt: serverTime)
    }

    func take(_ frame: [UInt8], _ batch: Int?, at moment: RouterMoment) {
        let id = requests.count
        requests.append((frame, batch))
        frame.lend { core.take($0, as: id, at: moment) }
    }

    /// Carries out what the core has asked for, up to the next thing that reaches others.
    ///
    /// - Parameter inHand: the frame of a worker that the core was given last.
    func nextEffect(inHand: [UInt8]) -> Effect? {
        while let action = core.nextAction() {
            switch action {
            case .send(let frame, let correlation, let worker):
                return .pass(frame.read { [UInt8]($0) }, correlation: correlation, to: worker)
            case .forward(let id, let address, let worker):
                return .pass(
                    requests[id].frame.readdressed(address), correlation: address.correlation,
                    to: worker)
            case .answer(let id, let frame):
                let bytes = frame.read { [UInt8]($0) }
                core.giveBack(frame)
                return .reply(bytes, batch: requests[id].batch)
            case .passOn(let id, let address):
                return .reply(inHand.readdressed(address), batch: requests[id].batch)
            case .assemble(let id, let assembly): core.assembled(id, assembly.frame())
            case .recycle(let frame): core.giveBack(frame)
            case .reconnect(let worker): return .reconnect(worker)
            case .log(let event): return .log(event)
            case .drop: break
            }
        }
        return nil
    }
}
