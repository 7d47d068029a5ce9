import SojournJournal
import SojournModel
import SojournWire

extension ServiceCore {
    /// Makes a record for a question to rest on, unless there is one that is young enough: when the log takes it, this
    /// server owned its partition then (cluster, "Questions"). A deposed one cannot answer what is no longer so.
    ///
    ///     0 | partition        | 2 |
    ///     2 | reserved         | 6 |
    ///     8 | server time      | 8 |  ms since the Unix epoch, signed
    mutating func confirm(at moment: Moment) {
        guard let bound = configuration.confirmMilliseconds else { return }
        // A clock that was set back does not make the record younger.
        let isYoung =
            recordedAt <= moment.serverTime
            && moment.serverTime.subtractingReportingOverflow(recordedAt).partialValue < bound
            && recordedAt > .min
        if isYoung { return }
        let partition = configuration.partitions.first
        journal.append(.confirmation) { writer in
            writer.append(partition)
            writer.appendZeros(6)
            writer.append(moment.serverTime)
        }
        recordedAt = moment.serverTime
    }
}
