import SojournCluster
import SojournModel
import SojournService
import SojournWire

extension ClusterWorker: AskedService {
    /// Answers STATUS with the sums of all partitions here, and what is known of the cluster; all else with
    /// `noArchive`, for what is here is a part of the visitors.
    package func ask(_ frame: [UInt8], patience: Duration) async -> [UInt8]? {
        // Safe: bytes have no padding.
        guard let header = MessageHeader.readable(unsafe frame.span.bytes) else { return nil }
        var writer = ByteWriter()
        let reply = header.reply(deploymentTag: service.deployment.tag)
        let now = ServerClock.wallMilliseconds()
        guard header.operation == .status else {
            ErrorReply(
                code: .noArchive, retryAfterMilliseconds: 0,
                message: "this worker has the sessions of its own partitions alone; ask a router"
            ).encode(
                header: header.reply(.error, deploymentTag: service.deployment.tag),
                into: &writer)
            return writer.array
        }
        let runs = runs
        var sums = GaugeSums()
        for run in runs {
            guard let server = run.server,
                let answer = await server.ask(frame, patience: patience),
                let status = Self.status(in: answer)
            else { continue }
            for gauge in status.gauges { sums.add(gauge) }
        }
        StatusReply(gauges: sums.gauges + gauges(runs), serverTime: now).encode(
            header: reply, into: &writer)
        return writer.array
    }

    private static func status(in answer: [UInt8]) -> StatusReply? {
        do throws(WireError) {
            // Safe: bytes have no padding.
            let frame = unsafe answer.span.bytes
            let header = try Frame.open(frame, role: .client)
            guard header.operation == .status else { return nil }
            return try StatusReply.decode(body: Frame.body(of: frame))
        } catch { return nil }
    }

    private func gauges(_ runs: [PartitionRun]) -> [Gauge] {
        let figures = figures
        let serving = runs.filter { $0.seat.report.holding != nil }
        var gauges = [
            Gauge("cluster_partitions", figures.partitions),
            Gauge("cluster_partitions_owned", serving.count),
            Gauge("cluster_workers", figures.workers),
            Gauge("cluster_draining", figures.isDraining ? 1 : 0),
            Gauge("cluster_nats_connected", figures.isConnected ? 1 : 0),
            Gauge("cluster_nats_reconnections_total", figures.reconnections),
            Gauge("cluster_take_overs_total", figures.takes),
            Gauge("cluster_hand_overs_total", figures.handOvers),
        ]
        for run in serving {
            guard let holding = run.seat.report.holding else { continue }
            let prefix = "partition_\(holding.partition)"
            gauges += [
                Gauge("\(prefix)_epoch", holding.epoch),
                Gauge("\(prefix)_sequence", holding.sequence),
                Gauge("\(prefix)_waiting_bytes", holding.waitingBytes),
            ]
        }
        return gauges
    }
}

/// Gauges of several partitions as one: sums, but for times, of which the largest counts, and for the room of logs, of
/// which the smallest does.
private struct GaugeSums {
    private(set) var gauges: [Gauge] = []
    private var rows: [String: Int] = [:]

    mutating func add(_ gauge: Gauge) {
        // Those of one log mean nothing when they are added up.
        if gauge.name == "cluster_epoch" || gauge.name.hasSuffix("_sequence") { return }
        guard let row = rows[gauge.name] else {
            rows[gauge.name] = gauges.count
            gauges.append(gauge)
            return
        }
        if gauge.name.hasSuffix("_milliseconds") || gauge.name.hasSuffix("_microseconds") {
            gauges[row].value = max(gauges[row].value, gauge.value)
        } else if gauge.name == "cluster_log_room_messages" {
            gauges[row].value = min(gauges[row].value, gauge.value)
        } else {
            gauges[row].value &+= gauge.value
        }
    }
}
