/// What the command says to the shell when it ends: the codes of `sysexits.h`, as far as they apply.
enum ExitStatus: Int32, Sendable, CaseIterable {
    case success = 0
    /// A check was made and did not pass.
    case failure = 1
    /// The command line makes no sense.
    case usage = 64
    /// The input is not what it should be.
    case badInput = 65
    /// The input cannot be read.
    case noInput = 66
    /// The service cannot be reached, or its address is taken.
    case unavailable = 69
    /// A fault of this program, or of the service.
    case software = 70
    /// The system refused.
    case system = 71
    /// The output cannot be created.
    case cannotCreate = 73
    /// Reading or writing failed midway.
    case inputOutput = 74
    /// It may go well another time.
    case temporary = 75
    /// The system does not allow it.
    case noPermission = 77
    /// The configuration makes no sense.
    case badConfiguration = 78
}

/// Why the command ends: the root of the command prints the sentence and exits with the status.
struct CommandFailure: Error {
    let status: ExitStatus
    /// One sentence for a person.
    let message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }
}
