import Foundation
import SojournModel
import SojournTestKit
import SojournWire
import Testing

/// A worker that is stopped and does not know it (SIGSTOP), behind a router.
@Suite(.serialized, .timeLimit(.minutes(3))) struct StoppedWorkerTests {
    @Test func `a stopped worker delays only what touches it, and each part is applied once`()
        throws
    {
        let cluster = try RouterCluster()
        let client = try TestClient(cluster.router())
        #expect(try client.waits { $0["workers_up"] == 2 })
        let now = currentMilliseconds()
        let (first, second) = ("anna", "a")

        /// Their visitors are each of both workers' or of one's.
        func frame(
            _ visitors: [String], producer: UInt64, sequence: UInt64, deadline: UInt32 = 0
        ) -> [UInt8] {
            assignFrame(
                visitors.map { TestEvent($0, now) }, producer: producer, sequence: sequence,
                correlation: producer << 32 | sequence, deadline: deadline)
        }
        #expect(
            try Assigned(client.ask(frame([first, second], producer: 1, sequence: 1))).outcomes == [
                .new, .new,
            ])

        cluster.workers[1].signal(SIGSTOP)
        let touching = try TestClient(cluster.router())
        let batches = 2...6 as ClosedRange<UInt64>
        for sequence in batches {
            try touching.send(
                frame([first, second], producer: 2, sequence: sequence, deadline: 1_000))
        }
        // Others go on while these wait.
        for sequence in 1...50 as ClosedRange<UInt64> {
            let reply = try client.ask(frame([first], producer: 3, sequence: sequence))
            #expect(try Assigned(reply).outcomes == [.extended])
        }
        // What was sent is unknown, and the worker is still stopped.
        for _ in batches {
            let error = try #require(try readError(touching.receive()))
            #expect(error.isRetriable && error.code == .incomplete)
        }
        // When it is known to be away, batches that need it are refused at once.
        #expect(try client.waits { $0["workers_up"] == 1 })
        #expect(try client.refusal(frame([second], producer: 4, sequence: 1)) == .unavailable)
        #expect(
            try Assigned(client.ask(frame([first], producer: 3, sequence: 51))).outcomes == [
                .extended
            ])

        cluster.workers[1].signal(SIGCONT)
        #expect(try client.waits { $0["workers_up"] == 2 })
        for sequence in batches {
            let reply = try touching.ask(frame([first, second], producer: 2, sequence: sequence))
            #expect(try Assigned(reply).outcomes == [.extended, .extended])
        }
        // One of the first batch, five of those that waited; the others were of one worker alone.
        #expect(try client.sessions(of: second).map(\.events) == [6])
        #expect(try client.sessions(of: first).map(\.events) == [6 + 51])
        for process in cluster.workers + cluster.routers {
            #expect(process.terminate() == .exited(0))
        }
    }
}
