import Foundation
import Synchronization
import Testing
import ZeroMQ

struct PollerTests {
    @Test func `a poller tells which of its items are ready`() throws {
        let context = try Context()
        let left = try Socket(.pair, in: context)
        let right = try Socket(.pair, in: context)
        try left.bind("inproc://ready")
        try right.connect("inproc://ready")
        let wakeUp = try WakeUp()

        // Room for one, so that it grows.
        var poller = Poller(minimumCapacity: 1)
        let (leftIndex, rightIndex) = (poller.add(left), poller.add(right, for: .writable))
        let wakeUpIndex = poller.add(wakeUp)
        let count = poller.count
        #expect(count == 3)

        #expect(try poller.wait(timeoutMilliseconds: 1_000) == 1)
        var found = poller.all
        #expect(found == [[], .writable, []])

        poller.setInterest([], at: rightIndex)
        #expect(try poller.wait(timeoutMilliseconds: 0) == 0)

        #expect(try right.sendText("x"))
        wakeUp.signal()
        #expect(try poller.wait(timeoutMilliseconds: 1_000) == 2)
        found = poller.all
        #expect(found == [.readable, [], .readable])
        let (isReadable, isWritable) = (
            poller.isReadable(at: leftIndex), poller.isWritable(at: leftIndex)
        )
        #expect(isReadable && !isWritable)

        wakeUp.drain()
        #expect(try left.receiveTexts() == ["x"])
        #expect(try poller.wait(timeoutMilliseconds: -5) == 0, "a deadline that has passed")
        let isStillReadable = poller.isReadable(at: wakeUpIndex)
        #expect(!isStillReadable)
    }

    @Test func `any number of signals are one`() throws {
        let wakeUp = try WakeUp()
        #expect(!wakeUp.drain())
        for _ in 0..<100_000 { wakeUp.signal() }
        #expect(wakeUp.drain())
        #expect(!wakeUp.drain())
        wakeUp.signal()
        #expect(wakeUp.drain())
    }

    @Test func `no signal is lost between threads`() async throws {
        let count = 20_000
        let queue = Mutex<[Int]>([])
        let wakeUp = try WakeUp()
        async let sum = onThread {
            var (sum, taken) = (0, 0)
            var poller = Poller()
            poller.add(wakeUp)
            while taken < count {
                guard try poller.wait(timeoutMilliseconds: 20_000) == 1 else { return -1 }
                wakeUp.drain()
                let work = queue.withLock { queue in
                    defer { queue = [] }
                    return queue
                }
                taken += work.count
                sum += work.reduce(0, +)
            }
            return sum
        }
        for number in 0..<count {
            queue.withLock { $0.append(number) }
            wakeUp.signal()
        }
        #expect(try await sum == count * (count - 1) / 2)
    }

    @Test func `a shutdown unblocks a thread that polls`() async throws {
        let context = try Context()
        let opened = Shared(false)
        async let code = onThread {
            let socket = try Socket(.pull, in: context)
            var poller = Poller()
            poller.add(socket)
            opened.value = true
            return failure { () throws(ZeroMQError) in
                _ = try poller.wait(timeoutMilliseconds: nil)
            }
        }
        try await waitForBlock(after: opened)
        context.shutdown()
        #expect(try await code == .terminated)
    }

    @Test func `a signal ends a poll without events, and does not end a receive`() async throws {
        // A handler, so that the signal does not end the process.
        signal(SIGUSR2) { _ in }
        let context = try Context()
        let poller = Shared<pthread_t?>(nil)
        let ready = Shared<Int?>(nil)
        async let received = onThread {
            // Threads that are started from Swift's own inherit that all signals are blocked.
            var signals = sigset_t()
            // Safe: the set outlives the calls.
            unsafe sigemptyset(&signals)
            unsafe sigaddset(&signals, SIGUSR2)
            unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)

            let pull = try Socket(.pull, in: context)
            try pull.set(patience)
            try pull.bind("inproc://signal")
            var items = Poller()
            items.add(pull)
            poller.value = pthread_self()
            ready.value = try items.wait(timeoutMilliseconds: 20_000)
            return try pull.receiveTexts()
        }
        try await onThread {
            var signalsWhileReceiving = 0
            while signalsWhileReceiving < 3 {
                Thread.sleep(forTimeInterval: 0.02)
                if let thread = poller.value { pthread_kill(thread, SIGUSR2) }
                if ready.value != nil { signalsWhileReceiving += 1 }
            }
            let push = try Socket(.push, in: context)
            try push.connect("inproc://signal")
            // Given up only when it has sent.
            try push.set(.linger(milliseconds: 10_000))
            _ = try push.sendText("x")
        }
        #expect(try await received == ["x"])
        #expect(ready.value == 0)
    }

    @Test func `a polled socket stays open as long as its poller`() throws {
        let context = try Context()
        var poller = Poller()
        do {
            let socket = try Socket(.pull, in: context)
            try socket.bind("inproc://kept")
            poller.add(socket)
        }
        let push = try Socket(.push, in: context)
        try push.connect("inproc://kept")
        #expect(try push.sendText("x"))
        #expect(try poller.wait(timeoutMilliseconds: 1_000) == 1)
    }
}

extension Poller {
    var all: [Readiness] {
        (0..<count).map { readiness(at: $0) }
    }
}
