import SojournJournal
import SojournService
import Testing

@Suite struct ReplyGateTests {
    private func drained(_ gate: inout ReplyGate<Int>) -> [Int] {
        var left: [Int] = []
        while let reply = gate.next() { left.append(reply) }
        return left
    }

    @Test func `without a journal everything passes`() {
        var gate = ReplyGate<Int>(isOpen: true)
        #expect(gate.admit(1, restsOn: JournalPosition(1_000), isQuestion: false) == 1)
        #expect(gate.count == 0)
    }

    @Test func `a reply waits for its record, and leaves in its turn`() {
        var gate = ReplyGate<Int>(isOpen: false)
        #expect(gate.admit(1, restsOn: JournalPosition(1), isQuestion: false) == nil)
        #expect(gate.admit(2, restsOn: JournalPosition(2), isQuestion: false) == nil)
        #expect(gate.admit(3, restsOn: JournalPosition(2), isQuestion: true) == nil)
        #expect(drained(&gate) == [])
        gate.release(upTo: JournalPosition(1))
        #expect(drained(&gate) == [1])
        #expect(gate.count == 2)
        gate.release(upTo: JournalPosition(2))
        #expect(drained(&gate) == [2, 3])
        #expect(gate.admit(4, restsOn: JournalPosition(2), isQuestion: false) == 4)
    }

    @Test func `what rests on nothing passes those that wait`() {
        var gate = ReplyGate<Int>(isOpen: false)
        #expect(gate.admit(1, restsOn: JournalPosition(1), isQuestion: false) == nil)
        #expect(gate.admit(2, restsOn: .start, isQuestion: true) == 2)
    }

    @Test func `questions can be let go before their turn`() {
        var gate = ReplyGate<Int>(isOpen: false)
        for number in 1...4 {
            let reply = gate.admit(
                number, restsOn: JournalPosition(UInt64(number)), isQuestion: number % 2 == 0)
            #expect(reply == nil)
        }
        gate.release(upTo: JournalPosition(1))
        #expect(gate.next() == 1)
        #expect(gate.takeQuestions() == [2, 4])
        gate.release(upTo: JournalPosition(9))
        #expect(drained(&gate) == [3])
    }

    @Test func `a word that comes late takes nothing back`() {
        var gate = ReplyGate<Int>(isOpen: false)
        gate.release(upTo: JournalPosition(5))
        gate.release(upTo: JournalPosition(3))
        #expect(gate.admit(1, restsOn: JournalPosition(5), isQuestion: false) == 1)
    }

    @Test func `many replies keep their order`() {
        var gate = ReplyGate<Int>(isOpen: false)
        var left: [Int] = []
        for number in 0..<10_000 {
            _ = gate.admit(
                number, restsOn: JournalPosition(UInt64(number + 1)), isQuestion: false)
            if number % 3 == 0 {
                gate.release(upTo: JournalPosition(UInt64(number / 2)))
                left += drained(&gate)
            }
        }
        gate.release(upTo: JournalPosition(10_000))
        left += drained(&gate)
        #expect(left == Array(0..<10_000))
    }
}
