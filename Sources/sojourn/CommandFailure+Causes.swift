import SojournClient
import SojournInput
import SojournServer

extension CommandFailure {
    /// Reading the input, or writing the output, did not work.
    init(_ error: InputError) {
        let status: ExitStatus =
            switch error {
            case .system("open", _, _): .noInput
            case .system("create", _, _): .cannotCreate
            case .system: .inputOutput
            case .empty, .unrecognised, .badHeader, .missingColumns: .badInput
            }
        self.init(status, "\(error)")
    }

    /// The service did not do what it was asked.
    init(_ error: SojournError) {
        let status: ExitStatus =
            switch error.code {
            case .unreachable, .closed: .unavailable
            case .timedOut, .unknownOutcome: .temporary
            case .invalidArgument: .usage
            case .wrongDeployment: .badConfiguration
            case .transport: .system
            case .refused where error.refusal?.code.isRetriable == true: .temporary
            case .refused where error.refusal?.code == .unknownProperty: .badConfiguration
            case .refused where error.refusal?.code == .notPermitted: .noPermission
            default: .software
            }
        self.init(status, error.message)
    }

    init(_ error: ConfigurationError) { self.init(.badConfiguration, "\(error)") }

    init(_ error: ServerError) {
        let status: ExitStatus =
            switch error {
            case .badEndpoint, .badWorker, .insecureListen: .usage
            case .addressInUse, .addressNotAvailable: .unavailable
            case .permissionDenied: .noPermission
            case .dataTaken: .temporary
            case .badData: .badInput
            case .notOwner: .temporary
            case .disk: .inputOutput
            case .system: .system
            }
        self.init(status, "\(error)")
    }

    /// The failure behind any error that the parts of this command throw; nil for others, such as
    /// those of the argument parser.
    init?(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as InputError: self.init(error)
        case let error as SojournError: self.init(error)
        case let error as ConfigurationError: self.init(error)
        case let error as ServerError: self.init(error)
        default: return nil
        }
    }
}
