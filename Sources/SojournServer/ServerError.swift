import SojournArchive
import SojournJournal
import SojournService
import ZeroMQ

/// Why a server could not start. Each says in one sentence what is wrong and what to do.
package enum ServerError: Error, Equatable, Sendable {
    /// An endpoint that makes no sense.
    case badEndpoint(String, reason: String)
    /// The endpoint of a worker that makes no sense.
    case badWorker(String, reason: String)
    /// Somebody listens there already.
    case addressInUse(String)
    /// The system does not let this user listen there.
    case permissionDenied(String)
    /// The address belongs to no interface of this machine.
    case addressNotAvailable(String)
    /// An address that others can reach, though traffic is not encrypted.
    case insecureListen(String)
    /// The data directory is in use, or somebody else's.
    case dataTaken(String)
    /// The data directory is damaged, or of a newer version.
    case badData(String)
    /// A partition of a cluster was not claimed, or lost before it was served.
    case notOwner(String)
    /// The disk refused something.
    case disk(String)
    /// The system refused something else.
    case system(String)

    init(_ error: ZeroMQError, listeningAt endpoint: String) {
        self =
            switch error.code {
            case .addressInUse: .addressInUse(endpoint)
            case .permissionDenied: .permissionDenied(endpoint)
            case .addressNotAvailable, .noSuchDevice: .addressNotAvailable(endpoint)
            case .notFound: .badEndpoint(endpoint, reason: "its folder does not exist")
            case .nameTooLong: .badEndpoint(endpoint, reason: "its path is too long")
            case .invalidArgument, .protocolNotSupported, .incompatibleProtocol:
                .badEndpoint(endpoint, reason: "\(error.code)")
            default: .system("\(error)")
            }
    }

    init(_ error: ZeroMQError) { self = .system("\(error)") }

    init(_ error: RecoveryError) {
        self =
            switch error {
            case .journal(.storage), .journal(.notADirectory): .disk("\(error)")
            case .journal(.inUse), .journal(.otherDeployment), .journal(.otherPartitions):
                .dataTaken("\(error)")
            default: .badData("\(error)")
            }
    }
}

extension ServerError {
    init(_ error: ArchiveError) {
        self =
            switch error.code {
            case .otherDeployment: .dataTaken("\(error)")
            case .damaged, .otherVersion: .badData("\(error)")
            case .passing, .tooLong, .deposed: .disk("\(error)")
            }
    }
}

extension ServerError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .badEndpoint(let endpoint, let reason):
            "cannot listen at \(endpoint): \(reason)"
        case .badWorker(let endpoint, let reason):
            "cannot reach a worker at \(endpoint): \(reason)"
        case .addressInUse(let endpoint):
            "cannot listen at \(endpoint): another process listens there already; "
                + "stop it, or choose another address with --listen"
        case .permissionDenied(let endpoint):
            "cannot listen at \(endpoint): this user may not; "
                + "choose a port above 1023, or a folder that it may write to"
        case .addressNotAvailable(let endpoint):
            "cannot listen at \(endpoint): this machine has no such address"
        case .insecureListen(let endpoint):
            "will not listen at \(endpoint): others can reach it, and traffic is not encrypted; "
                + "encrypt it with --curve-key-file and --clients-file, listen at 127.0.0.1 or ipc://, "
                + "or allow it with --insecure-listen"
        case .notOwner(let reason): "the partition is not served: \(reason)"
        case .dataTaken(let reason), .badData(let reason), .disk(let reason), .system(let reason):
            "cannot start: \(reason)"
        }
    }
}
