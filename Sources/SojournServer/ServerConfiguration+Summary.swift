import SojournEngine
import SojournJournal
import SojournModel
import SojournPostgres
import SojournService
import ZeroMQ

extension ServerConfiguration {
    /// Everything that matters, in one line.
    func summary(_ endpoints: [String], feed: [String]) -> String {
        let policies = service.properties.prefix(5).map(Self.text).joined(separator: ", ")
        let more = service.properties.count - 5
        let secret =
            secretSource.map { "secret from \($0)" }
            ?? "secret made up at start (session ids change with a restart)"
        return "\(service.serverName) \(service.serverVersion) listens at "
            + "\(endpoints.joined(separator: " ")); \(curveText); "
            + "deployment \(service.deployment.bits.hexadecimal), \(secret); "
            + (service.partitions.isAll ? "" : "partitions \(service.partitions); ")
            + "properties: \(policies)\(more > 0 ? " and \(more) more" : ""); "
            + "\(journalText); \(archiveText); "
            + (feed.isEmpty ? "" : "feed at \(feed.joined(separator: " ")); ")
            + "at most \(service.engineLimits.liveVisitorsMax) live visitors, "
            + "\(queue.messagesMax) queued requests, "
            + "\(service.messageBytesMax) bytes a request; libzmq \(ZeroMQ.version)"
    }

    private var curveText: String {
        guard let curve else { return "no CURVE: plain text with anybody who can reach it" }
        return "CURVE with public key \(curve.publicKey), \(curve.clients.count) authorized keys"
    }

    var archiveText: String {
        guard let archive else { return "finished sessions are not kept" }
        let keep = archive.keepMilliseconds.map(ConfigurationText.text(duration:)) ?? "for ever"
        let store =
            switch archive.store {
            case .file(let path): path
            case .postgres(let address): address.summary
            }
        return "finished sessions in \(store), kept \(keep)"
    }

    private var journalText: String {
        if seat != nil {
            return "journal in the cluster: answered is acknowledged by a majority of it"
        }
        guard let journal else {
            return "no journal: what is not finished is lost at the end (--data DIR keeps it)"
        }
        let promise =
            switch journal.durability {
            case .none: "answers do not wait for it"
            case .os: "answered is safe from the end of this process, not from a power cut"
            case .disk: "answered is on disk"
            }
        return "journal in \(journal.directory), durability \(journal.durability): \(promise)"
    }

    private static func text(_ property: ServiceProperty) -> String {
        let policy = property.policy
        var text = "\(property.id.rawValue) \"\(property.name)\" (timeout "
        text += ConfigurationText.text(duration: policy.timeoutMilliseconds)
        text += ", lateness \(ConfigurationText.text(duration: policy.latenessMilliseconds))"
        text += ", maxDuration "
        text += policy.maxDurationMilliseconds.map(ConfigurationText.text(duration:)) ?? "off"
        if policy.midnight != nil { text += ", midnight" }
        if policy.splitsOnCampaign { text += ", campaign" }
        return text + ")"
    }
}
